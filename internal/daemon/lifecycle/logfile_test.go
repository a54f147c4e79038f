package lifecycle

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestLogIsRotatedBySize(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hfd.log")
	l, err := openLog(path, 1000, 2, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for j := range 20 {
				if _, err := fmt.Fprintf(l, "%d-%02d %s\n", i, j, strings.Repeat("x", 40)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v; want the log and two old ones", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 || len(b) > 1000 || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v, %v", f.Name(), len(b), info.Mode(), err)
		}
		for line := range strings.Lines(string(b)) {
			if len(line) != len("0-00 ")+40+1 {
				t.Errorf("%s has the line %q", f.Name(), line)
			}
		}
	}
	// It goes on where it was.
	if l, err = openLog(path, 1000, 2, nil); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	_, _ = l.Write([]byte("more\n"))
	if after, _ := os.ReadFile(path); string(after) != string(before)+"more\n" {
		t.Errorf("log %q after %q", after, before)
	}
	_ = l.Close()
}

func TestLogGoesOnWhenItCannotBeRotated(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hfd.log")
	var told int
	l, err := openLog(path, 10, 1, func(error) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := l.Write([]byte("12345678\n")); err != nil {
			t.Fatal(err)
		}
	}
	b, _ := os.ReadFile(path)
	if string(b) != strings.Repeat("12345678\n", 3) || told == 0 {
		t.Errorf("log %q, told %d times", b, told)
	}
}

func TestLogFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hfd.log")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), path); err != nil {
		t.Fatal(err)
	}
	if _, err := openLog(path, 10, 1, nil); err == nil {
		t.Error("a link was followed")
	}
}
