package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hf-dev/hf/internal/atomicfile"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, want := range []string{"one\n", "two\n"} {
		if err := atomicfile.Write(path, 0o640, []byte(want)); err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(path)
		if err != nil || st.Mode() != 0o640 {
			t.Errorf("%v, %v", st, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}

	// What cannot be replaced stays, and nothing is left beside it.
	in := filepath.Join(dir, "d", "in")
	if err := os.MkdirAll(in, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(filepath.Dir(in), 0o600, nil); err == nil {
		t.Error("a directory was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("there are %v, %v", entries, err)
	}
}
