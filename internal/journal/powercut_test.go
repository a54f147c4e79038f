package journal_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/disktest"
	"github.com/hf-dev/hf/internal/journal"
)

// appendVar names the journal that the child of TestPowerCut writes.
const appendVar = "HF_TEST_APPEND_TO"

// record is what the nth record of the child holds.
func record(n int) string { return fmt.Sprintf("%d %s", n, strings.Repeat("x", n%500)) }

// TestAppendChild appends while it gets lines, says so, and syncs nothing by
// itself.
func TestAppendChild(t *testing.T) {
	path := os.Getenv(appendVar)
	if path == "" {
		t.Skip("run by TestPowerCut")
	}
	w, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(os.Stdin)
	for n := 0; in.Scan(); n++ {
		if _, err := w.Append(t.Context(), journal.Out, 0, []byte(record(n))); err != nil {
			t.Fatal(err)
		}
		fmt.Println("appended")
	}
}

// Whenever the power is cut, a journal is a clean beginning of what was
// appended, and what was appended a while ago is there though nobody asked for
// it to be put on the disk.
func TestPowerCut(t *testing.T) {
	disk := disktest.NewDisk(t, 16<<20)
	path := filepath.Join(disk.Dir, "journal")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestAppendChild$")
	child.Env = append(os.Environ(), appendVar+"="+path)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = child.Process.Kill(), child.Wait() })
	said := bufio.NewScanner(out)
	appended := 0
	for round := range 3 {
		for range 200 {
			if _, err := io.WriteString(in, "\n"); err != nil {
				t.Fatal(err)
			}
			if !said.Scan() {
				t.Fatalf("the child ended after %d records", appended)
			}
			appended++
		}
		// The kernel puts on the disk what nobody synced, too, after half a minute.
		for deadline := time.Now().Add(15 * time.Second); ; {
			n := survived(t, filepath.Join(disk.Cut(child.Process.Pid), "journal"))
			if n == appended {
				break
			}
			if n > appended {
				t.Fatalf("%d records of %d survived", n, appended)
			}
			if time.Now().After(deadline) {
				t.Fatalf("round %d: %d records of %d are on the disk", round, n, appended)
			}
		}
	}
}

// survived counts the records of a journal, which must be the first ones, whole.
func survived(t *testing.T, path string) (n int) {
	t.Helper()
	r, err := journal.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for ; ; n++ {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
		if want := record(n); !bytes.Equal(rec.Data, []byte(want)) {
			t.Fatalf("record %d is %q, want %q", n, rec.Data, want)
		}
	}
}
