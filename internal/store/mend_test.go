package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// stock is a database with a task and, one after the other, three events; after
// each of these it was copied.
type stock struct {
	path   string
	opts   Options
	copies []string
}

func newStock(t *testing.T) *stock {
	t.Helper()
	dir := t.TempDir()
	k := &stock{path: filepath.Join(dir, "hf.db"), opts: Options{Sessions: filepath.Join(dir, "sessions")}}
	s, err := Open(t.Context(), k.path, k.opts)
	if err != nil {
		t.Fatal(err)
	}
	seed(t, s, "a")
	for _, name := range []string{"one", "two", "three"} {
		update(t, s, func(tx *Tx) error {
			_, err := tx.Event(api.EventWarning, "w", "a", nil)
			if err == nil {
				err = tx.PutSetting("reached", name)
			}
			return err
		})
		k.copies = append(k.copies, s.BackupName(filepath.Join(dir, "backups"), "manual"))
		if err := s.Backup(t.Context(), k.copies[len(k.copies)-1]); err != nil {
			t.Fatal(err)
		}
	}
	update(t, s, func(tx *Tx) error {
		_, err := tx.Event(api.EventWarning, "w", "a", nil)
		if err == nil {
			err = tx.PutSetting("reached", "the end")
		}
		return err
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(k.opts.Sessions, "s1", "journal"), []byte("x"))
	return k
}

// copied is a stock of its own with the same content.
func (k *stock) copied(t *testing.T) *stock {
	t.Helper()
	from, to := filepath.Dir(k.path), t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	moved := func(path string) string { return to + strings.TrimPrefix(path, from) }
	out := &stock{path: moved(k.path), opts: Options{Sessions: moved(k.opts.Sessions)}}
	for _, c := range k.copies {
		out.copies = append(out.copies, moved(c))
	}
	return out
}

// mended opens the database as a daemon does and says how far it is.
func (k *stock) mended(t *testing.T) (r *api.Recovery, reached string, seq int64) {
	t.Helper()
	s, r, err := OpenOrMend(t.Context(), k.path, k.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	view(t, s, func(tx *Tx) (err error) {
		reached, _, err = tx.Setting("reached")
		return err
	})
	update(t, s, func(tx *Tx) (err error) {
		seq, err = tx.Event(api.EventWarning, "w", "", nil)
		return err
	})
	return r, reached, seq
}

func TestMendTakesTheBestCopy(t *testing.T) {
	spoilPage := func(t *testing.T, path string) {
		alter(t, path, func(b []byte) []byte { copy(b[4096:], bytes.Repeat([]byte{0xff}, 4096)); return b })
	}
	original := newStock(t)
	for name, c := range map[string]struct {
		spoil func(t *testing.T, k *stock)
		want  string
	}{
		"nothing is wrong": {func(*testing.T, *stock) {}, "the end"},
		"the newest":       {func(t *testing.T, k *stock) { remove(t, k.path) }, "three"},
		"not a damaged one": {func(t *testing.T, k *stock) {
			remove(t, k.path)
			spoilPage(t, k.copies[2])
		}, "two"},
		"not one of a newer hf": {func(t *testing.T, k *stock) {
			remove(t, k.path)
			alter(t, k.copies[2], func(b []byte) []byte { copy(b[60:], []byte{0, 0, 39, 15}); return b })
		}, "two"},
		"by what is in it, not by its time": {func(t *testing.T, k *stock) {
			remove(t, k.path)
			if err := os.Rename(k.copies[0], filepath.Join(filepath.Dir(k.path), "backups", "hf-29990101T000000Z.db")); err != nil {
				t.Fatal(err)
			}
		}, "three"},
		"none": {func(t *testing.T, k *stock) {
			remove(t, k.path)
			for _, c := range k.copies {
				write(t, c, []byte("no database"))
			}
		}, ""},
		"itself, where it is only old": {func(t *testing.T, k *stock) {
			write(t, k.path+markSuffix, []byte("00000000000000000099\n"))
			for _, c := range k.copies {
				remove(t, c)
			}
		}, "the end"},
		"a page": {func(t *testing.T, k *stock) { spoilPage(t, k.path) }, "three"},
	} {
		t.Run(name, func(t *testing.T) {
			k := original.copied(t)
			c.spoil(t, k)
			r, reached, seq := k.mended(t)
			if reached != c.want {
				t.Errorf("rebuilt up to %q, want %q", reached, c.want)
			}
			if name == "nothing is wrong" {
				if r != nil || seq != 5 {
					t.Errorf("a recovery %+v, event %d", r, seq)
				}
				return
			}
			if r == nil || !r.Pending || r.What == "" || (r.Base == "") != (c.want == "") {
				t.Fatalf("recovery %+v", r)
			}
			if seq < time.Now().Add(-time.Hour).UnixMilli() {
				t.Errorf("the next event is %d: whoever follows would miss it", seq)
			}
			if left := leftovers(t, k.path); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// leftovers are files of the database that do not belong to it.
func leftovers(t *testing.T, path string) (out []string) {
	t.Helper()
	found, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func wantPrivate(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// All that belonged to the damaged database is kept, also the end of a log that
// SQLite would drop.
func TestDamagedFilesAreKept(t *testing.T) {
	k := newStock(t)
	w := startWriter(t, k.path)
	w.await(t, 20)
	w.kill()
	log, err := os.ReadFile(k.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	cut := slices.Clone(log)
	copy(cut[32+24+100:], "damage of the very first frame")
	write(t, k.path+"-wal", cut)
	before, err := os.ReadFile(k.path)
	if err != nil {
		t.Fatal(err)
	}

	r, _, _ := k.mended(t)
	if r == nil || !strings.Contains(r.What, "was acknowledged") {
		t.Fatalf("recovery %+v: the loss of the log's end is not noticed", r)
	}
	kept, err := os.ReadFile(filepath.Join(r.Dir, "hf.db"))
	if err != nil || !bytes.Equal(kept, before) {
		t.Errorf("the database is not kept as it was (%v)", err)
	}
	wantPrivate(t, filepath.Dir(k.path))
	var found bool
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(r.Dir, e.Name()))
		found = found || err == nil && bytes.Equal(b, cut)
	}
	if !found {
		t.Errorf("the log is not kept as it was: %v", entries)
	}
}

// A daemon that dies anywhere in between leaves what the next one can finish.
func TestMendIsResumed(t *testing.T) {
	k := newStock(t)
	remove(t, k.path)
	first, _, _ := k.mended(t)
	for name, interrupt := range map[string]func(t *testing.T){
		"before the new one had its name": func(t *testing.T) {
			if err := os.Rename(k.path, k.path+".new"); err != nil {
				t.Fatal(err)
			}
			remove(t, k.path+markSuffix)
		},
		"before what else is on disk was added": func(*testing.T) {},
	} {
		t.Run(name, func(t *testing.T) {
			interrupt(t)
			r, reached, _ := k.mended(t)
			if r == nil || !r.Pending || r.Dir != first.Dir || !r.At.Equal(first.At) || reached != "three" {
				t.Errorf("recovery %+v after %+v, up to %q", r, first, reached)
			}
		})
	}
}

// Old backups go, a few at a time, and not because a clock was wrong.
func TestBackupsAreRotated(t *testing.T) {
	const keep = 7 * 24 * time.Hour
	dir := t.TempDir()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	manual := filepath.Join(dir, "hf-manual-20200101T000000.000000.db")
	write(t, manual, nil)
	hours := func(n int) int {
		t.Helper()
		for range n {
			now = now.Add(time.Hour)
			write(t, filepath.Join(dir, "hf-"+now.Format(stamp)+".db"), nil)
			if err := rotate(dir, now, keep); err != nil {
				t.Fatal(err)
			}
		}
		return len(listBackups(dir)) - 1
	}
	if got := hours(12); got != 12 {
		t.Errorf("%d backups after 12 hours", got)
	}
	now = now.Add(7 * 24 * time.Hour) // all are old now, or the clock is wrong
	if got := hours(1); got != 11 {
		t.Errorf("%d backups after a jump of a week: all but two should still be there, and the new one", got)
	}
	now = now.Add(-20 * 24 * time.Hour)
	if got := hours(3); got != 14 {
		t.Errorf("%d backups after a jump back", got)
	}
	now = now.Add(100 * 24 * time.Hour)
	if got := hours(30); got != 30 {
		t.Errorf("%d backups after 30 more hours: the old ones are yet to go", got)
	}
	if _, err := os.Stat(manual); err != nil {
		t.Errorf("a backup that somebody asked for is gone: %v", err)
	}

	s := openTest(t, Options{Now: func() time.Time { return now.Add(time.Hour) }})
	for range 2 { // the second one at the same moment is the first
		path, err := s.Automatic(t.Context(), dir, keep)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "a")
	for _, look := range []func() ([]string, error){
		func() ([]string, error) { return s.Integrity(t.Context()) },
		func() ([]string, error) { return s.ForeignKeys(t.Context()) },
	} {
		if faults, err := look(); err != nil || len(faults) > 0 {
			t.Errorf("of a sound database: %q, %v", faults, err)
		}
	}
	if _, err := s.writer.ExecContext(t.Context(), "PRAGMA foreign_keys = 0"); err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error {
		_, err := tx.exec(`UPDATE tasks SET repo = 'nowhere'`)
		return err
	})
	if faults, err := s.ForeignKeys(t.Context()); err != nil || len(faults) != 1 || !strings.Contains(faults[0], "repos") {
		t.Errorf("a task without a repo: %q, %v", faults, err)
	}
}

// Damage that is found while the database is in use is what the next start
// looks for, however large the file is.
func TestDamageFoundInUse(t *testing.T) {
	k := newStock(t)
	alter(t, k.path, func(b []byte) []byte { // a page in the middle, which nothing needs at the start
		for at := 4096 * 2; at < len(b); at += 4096 {
			copy(b[at+200:], bytes.Repeat([]byte{0xff}, 3000))
		}
		return b
	})
	_, err := Open(t.Context(), k.path, k.opts)
	wantCode(t, err, api.CodeCorrupt)
	write(t, k.path+suspectSuffix, nil)
	if !suspected(k.path) {
		t.Error("not suspected")
	}
	r, reached, _ := k.mended(t)
	if r == nil || reached != "three" || suspected(k.path) {
		t.Errorf("recovery %+v up to %q, still suspected %v", r, reached, suspected(k.path))
	}
}
