package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hf-dev/hf/migrations"
	"github.com/hf-dev/hf/pkg/api"
)

// A damaged or lost database is never taken for the first start, and nothing
// is changed in the files of one.
func TestDamageIsNoticedAndLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, path string)
		want   string
	}{
		"deleted, with sessions": {func(t *testing.T, path string) { remove(t, path) }, "sessions"},
		"emptied, with sessions": {func(t *testing.T, path string) { write(t, path, nil) }, "sessions"},
		"deleted, with a log": {func(t *testing.T, path string) {
			remove(t, path)
			removeSessions(t, path)
			write(t, path+"-wal", []byte("frames"))
		}, "write-ahead log"},
		"emptied, with a log": {func(t *testing.T, path string) {
			write(t, path, nil)
			removeSessions(t, path)
			write(t, path+"-wal", []byte("frames"))
		}, "write-ahead log"},
		"header":        {func(t *testing.T, path string) { alter(t, path, func(b []byte) []byte { b[3] ^= 1; return b }) }, "is no SQLite database"},
		"another file":  {func(t *testing.T, path string) { write(t, path, []byte("hello\n")) }, "is no SQLite database"},
		"cut in header": {func(t *testing.T, path string) { alter(t, path, func(b []byte) []byte { return b[:50] }) }, "cut off"},
		"cut":           {func(t *testing.T, path string) { alter(t, path, func(b []byte) []byte { return b[:len(b)/2] }) }, "cut off"},
		"page size": {func(t *testing.T, path string) {
			alter(t, path, func(b []byte) []byte { b[16], b[17] = 3, 3; return b })
		}, "no sense"},
		"page": {func(t *testing.T, path string) {
			alter(t, path, func(b []byte) []byte { copy(b[4096:], bytes.Repeat([]byte{0xff}, 4096)); return b })
		}, "damaged"},
		"schema": {func(t *testing.T, path string) {
			alter(t, path, func(b []byte) []byte { copy(b[100:4096], bytes.Repeat([]byte{0xff}, 3996)); return b })
		}, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, opts := filepath.Join(dir, "hf.db"), Options{Sessions: filepath.Join(dir, "sessions")}
			s, err := Open(t.Context(), path, opts)
			if err != nil {
				t.Fatal(err)
			}
			seed(t, s, "a", "b")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(opts.Sessions, "s1", "journal"), []byte("x"))
			c.damage(t, path)
			before := snapshot(t, path)

			_, err = Open(t.Context(), path, opts)
			e := wantCode(t, err, api.CodeCorrupt)
			if !strings.Contains(e.Message, c.want) || !strings.Contains(e.Message, path) {
				t.Errorf("message %q should name %s and say %q", e.Message, path, c.want)
			}
			if !strings.Contains(e.Hint, "backup") {
				t.Errorf("hint %q", e.Hint)
			}
			if after := snapshot(t, path); !slices.EqualFunc(before, after, bytes.Equal) {
				t.Error("the files were changed")
			}
		})
	}
}

// What only looks like damage is opened: the first start, also after one that
// was cut short, and a database whose log is yet to be folded in.
func TestSoundFilesAreOpened(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, path string){
		"nothing":    func(*testing.T, string) {},
		"empty file": func(t *testing.T, path string) { write(t, path, nil) },
		"empty sessions dir": func(t *testing.T, path string) {
			write(t, filepath.Join(filepath.Dir(path), "sessions", "x"), nil)
			remove(t, filepath.Join(filepath.Dir(path), "sessions", "x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, opts := filepath.Join(dir, "hf.db"), Options{Sessions: filepath.Join(dir, "sessions")}
			before(t, path)
			s, err := Open(t.Context(), path, opts)
			if err != nil {
				t.Fatal(err)
			}
			seed(t, s, "a")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path := filepath.Join(t.TempDir(), "state", "hf.db")
	s := openAt(t, path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(filepath.Dir(path), 0o700) }()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.PutSetting("k", "v") }), api.CodeReadOnly)
}

func TestANewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hf.db")
	two := withMigration("CREATE TABLE extra (x TEXT) STRICT;")
	s, err := open(t.Context(), path, Options{}, two)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, path)
	for _, try := range []func() error{
		func() error { _, err := Open(t.Context(), path, Options{}); return err },
		func() error { return SelfCheck(t.Context(), path) },
	} {
		e := wantCode(t, try(), api.CodeSchemaNewer)
		known := schemaVersion(t)
		if !strings.Contains(e.Message, fmt.Sprintf("version %d", known+1)) || !strings.Contains(e.Message, fmt.Sprintf("up to %d", known)) {
			t.Errorf("message %q", e.Message)
		}
	}
	if after := snapshot(t, path); !slices.EqualFunc(before, after, bytes.Equal) {
		t.Error("the files were changed")
	}
}

func TestAnUpgradeMakesABackupFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hf.db")
	s := openAt(t, path)
	seed(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if found := backups(t, path); len(found) != 0 {
		t.Fatalf("a backup without an upgrade: %v", found)
	}
	broken := withMigration("CREATE TABLE extra (x TEXT) STRICT; INSERT INTO nowhere VALUES (1);")
	if _, err := open(t.Context(), path, Options{}, broken); err == nil || !strings.Contains(err.Error(), next) {
		t.Fatalf("a migration that fails: %v", err)
	}
	s, err := open(t.Context(), path, Options{}, withMigration("DELETE FROM tasks; CREATE TABLE extra (x TEXT) STRICT;"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	view(t, s, func(tx *Tx) error { _, err := tx.Task("a"); wantCode(t, err, api.CodeNotFound); return nil })

	found := backups(t, path)
	if len(found) != 2 {
		t.Fatalf("backups %v, want one for each attempt", found)
	}
	for _, name := range found {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		old, err := Open(t.Context(), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		view(t, old, func(tx *Tx) error { _, err := tx.Task("a"); return err })
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSelfCheckAndBackupBesideAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hf.db")
	s := openAt(t, path)
	defer s.Close()
	seed(t, s, "a")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	if err := SelfCheck(t.Context(), path); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	to := filepath.Join(t.TempDir(), "new", "copy.db")
	if err := s.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup to the same file: %v", err)
	}
	seed(t, s, "b")
	copied := openAt(t, to)
	defer copied.Close()
	view(t, copied, func(tx *Tx) error {
		_, err := tx.Task("b")
		wantCode(t, err, api.CodeNotFound)
		_, err = tx.Task("a")
		return err
	})
	if err := SelfCheck(t.Context(), filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("no database yet: %v", err)
	}
	broken := filepath.Join(t.TempDir(), "broken.db")
	write(t, broken, []byte("hello"))
	wantCode(t, SelfCheck(t.Context(), broken), api.CodeCorrupt)
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// next is the migration that tests add after the real ones.
const next = "next.sql"

// withMigration is the real schema and one version more.
func withMigration(text string) fs.FS {
	all := fstest.MapFS{"9999_" + next: {Data: []byte(text)}}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			panic(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	return all
}

// schemaVersion is what the real schema leads to.
func schemaVersion(t *testing.T) int {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func backups(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "backups", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// snapshot returns the contents of the database's files.
func snapshot(t *testing.T, path string) [][]byte {
	t.Helper()
	var out [][]byte
	for _, name := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func alter(t *testing.T, path string, fn func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, fn(b))
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func removeSessions(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(filepath.Dir(path), "sessions")); err != nil {
		t.Fatal(err)
	}
}
