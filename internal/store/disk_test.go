package store

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/disktest"
	"github.com/hf-dev/hf/pkg/api"
)

// writer is a child that commits until it is killed, and what it has said of
// that so far.
type writer struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	acked map[int64]bool
	more  chan struct{} // something was acknowledged
}

func startWriter(t *testing.T, path string) *writer {
	t.Helper()
	w := &writer{cmd: child(t, "TestCommitChild", path), done: make(chan struct{}), acked: map[int64]bool{}, more: make(chan struct{}, 1)}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.done)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var seq int64
			if n, _ := fmt.Sscanf(lines.Text(), "acked %d", &seq); n != 1 {
				continue
			}
			w.mu.Lock()
			w.acked[seq] = true
			w.mu.Unlock()
			select {
			case w.more <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(w.kill)
	return w
}

func (w *writer) kill() {
	_ = w.cmd.Process.Kill()
	<-w.done
	_ = w.cmd.Wait() // once the pipe was read to its end
}

func (w *writer) soFar() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int64
	for seq := range w.acked {
		out = append(out, seq)
	}
	return out
}

// await returns when n more commits were acknowledged.
func (w *writer) await(t *testing.T, n int) {
	t.Helper()
	limit := time.After(60 * time.Second)
	for want := len(w.soFar()) + n; len(w.soFar()) < want; {
		select {
		case <-w.more:
		case <-limit:
			t.Fatal("the child does not commit")
		}
	}
}

// wantAcked opens a database as the next daemon would and looks for what was
// acknowledged.
func wantAcked(t *testing.T, path string, acked []int64) {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if faults, err := s.Integrity(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("integrity: %q, %v", faults, err)
	}
	view(t, s, func(tx *Tx) error {
		for _, seq := range acked {
			if _, found, err := tx.Setting(strconv.FormatInt(seq, 10)); !found || err != nil {
				t.Fatalf("event %d of %d was acknowledged and is lost (%v)", seq, len(acked), err)
			}
		}
		return nil
	})
}

// Whenever the power is cut, all that was acknowledged is there afterwards.
func TestPowerCut(t *testing.T) {
	disk := disktest.NewDisk(t, 48<<20)
	path := filepath.Join(disk.Dir, "state", "hf.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	w := startWriter(t, path)
	total := 0
	for range 4 {
		w.await(t, 20+rand.IntN(60))
		acked := w.soFar()
		dir := disk.Cut(w.cmd.Process.Pid)
		wantAcked(t, filepath.Join(dir, "state", "hf.db"), acked)
		total = len(acked)
	}
	t.Logf("%d commits acknowledged before the last cut", total)
}

// Somebody looks into the database with a tool of their own while hfd has it
// open. Opening and closing it there takes nothing from hfd.
func TestOthersOpenAndCloseTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hf.db")
	w := startWriter(t, path)
	w.await(t, 10)
	for range 20 {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		err = db.QueryRowContext(t.Context(), "SELECT count(*) FROM events").Scan(&n)
		if err := errors.Join(err, db.Close()); err != nil || n == 0 {
			t.Fatalf("%d events, %v", n, err)
		}
		w.await(t, 5)
	}
	if fileSize(path+"-wal") <= 0 {
		t.Error("the log is gone")
	}
	w.kill()
	wantAcked(t, path, w.soFar())
}

// Somebody removes the log under hfd: SQLite goes on writing to a file that
// nobody will find again. From the next commit on all is in the database itself.
func TestTheLogIsRemovedUnderhfd(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "a")
	if name := s.Unlinked(); name != "" {
		t.Errorf("%s is said to be gone", name)
	}
	remove(t, s.Path()+"-wal")
	if name := s.Unlinked(); name != s.Path()+"-wal" {
		t.Errorf("%q is said to be gone", name)
	}
	for n := range 5 {
		key := fmt.Sprint("key", n)
		update(t, s, func(tx *Tx) error { return tx.PutSetting(key, "v") })
		left := filepath.Join(t.TempDir(), "hf.db") // what a kill now would leave
		if err := copyPlain(s.Path(), left); err != nil {
			t.Fatal(err)
		}
		next := openAt(t, left)
		view(t, next, func(tx *Tx) error {
			_, found, err := tx.Setting(key)
			if !found {
				t.Errorf("%s is lost", key)
			}
			_, err2 := tx.Task("a")
			return errors.Join(err, err2)
		})
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// On a disk that is full what is in progress is recorded in the reserve. When
// there is space again the store finds out by itself.
func TestFullDisk(t *testing.T) {
	dir := disktest.Tmpfs(t, 32<<20)
	path := filepath.Join(dir, "hf.db")
	again := make(chan struct{}, 10)
	s, err := Open(t.Context(), path, Options{Reserve: ReserveSize, OnSpace: func() { again <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	seed(t, s, "a")
	if fileSize(reservePath(path)) != ReserveSize {
		t.Fatal("there is no reserve")
	}
	put := func(key string, size int) error {
		return s.Update(t.Context(), func(tx *Tx) error { return tx.PutSetting(key, strings.Repeat("x", size)) })
	}
	acked := []string{}
	filler := disktest.Fill(t, dir)
	for n := 0; ; n++ { // what the log has room for goes in
		key := fmt.Sprint("before", n)
		if err = put(key, 64<<10); err != nil {
			break
		}
		acked = append(acked, key)
	}
	if e := wantCode(t, err, api.CodeUnavailable); !e.Retryable {
		t.Errorf("the first failure: %+v: not for a repeat", e)
	}
	if s.Condition() != api.DatabaseFull || fileSize(reservePath(path)) != 0 {
		t.Errorf("condition %s, reserve %d", s.Condition(), fileSize(reservePath(path)))
	}
	if err := put("in the reserve", 64<<10); err != nil {
		t.Fatalf("a commit after the reserve was given up: %v", err)
	}
	for n := 0; err == nil || api.IsCode(err, api.CodeUnavailable); n++ {
		key := fmt.Sprint("reserve", n)
		if err = put(key, 256<<10); err == nil {
			acked = append(acked, key)
		}
	}
	if e := wantCode(t, err, api.CodeDiskFull); e.Hint == "" || !e.Retryable {
		t.Errorf("without a reserve: %+v", e)
	}
	view(t, s, func(tx *Tx) error { _, err := tx.Task("a"); return err })

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	select {
	case <-again:
	case <-time.After(30 * time.Second):
		t.Fatal("the space is not found")
	}
	if s.Condition() != api.DatabaseOK || fileSize(reservePath(path)) != ReserveSize {
		t.Errorf("condition %s, reserve %d", s.Condition(), fileSize(reservePath(path)))
	}
	if err := put("after", 64<<10); err != nil {
		t.Error(err)
	}
	if faults, err := s.Integrity(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("integrity: %q, %v", faults, err)
	}
	view(t, s, func(tx *Tx) error {
		for _, key := range append(acked, "in the reserve", "after") {
			if _, found, err := tx.Setting(key); !found || err != nil {
				t.Errorf("%s was acknowledged and is lost (%v)", key, err)
			}
		}
		return nil
	})
}

// A disk that is full from the start: the reserve of before makes room.
func TestFullDiskAtTheStart(t *testing.T) {
	dir := disktest.Tmpfs(t, 32<<20)
	path := filepath.Join(dir, "hf.db")
	open := func() *Store {
		t.Helper()
		s, err := Open(t.Context(), path, Options{Reserve: ReserveSize})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	seed(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	disktest.Fill(t, dir)
	s = open()
	defer func() { _ = s.Close() }()
	if s.Condition() != api.DatabaseFull {
		t.Errorf("condition %s", s.Condition())
	}
	update(t, s, func(tx *Tx) error { return tx.PutSetting("k", "v") })
}

// A disk that turns read-only under the store is still read, and says what is
// wrong; a store that finds it so shows what is there, with the log's part.
func TestReadOnlyDisk(t *testing.T) {
	disk := disktest.NewDisk(t, 48<<20)
	path := filepath.Join(disk.Dir, "hf.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	seed(t, s, "a", "b")
	syscall.Sync() // what the file system itself had yet to write
	disk.ReadOnly()
	e := wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.PutSetting("k", "v") }), api.CodeReadOnly)
	if s.Condition() != api.DatabaseReadOnly || e.Hint == "" {
		t.Errorf("condition %s, %+v", s.Condition(), e)
	}
	for range 20 {
		view(t, s, func(tx *Tx) error { _, err := tx.Task("b"); return err })
	}
	next, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	view(t, next, func(tx *Tx) error { _, err := tx.Task("b"); return err })
	wantCode(t, next.Update(t.Context(), func(tx *Tx) error { return tx.PutSetting("k", "v") }), api.CodeReadOnly)
	if next.Condition() != api.DatabaseReadOnly || next.Path() != path {
		t.Errorf("condition %s of %s", next.Condition(), next.Path())
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
	_ = s.Close() // it cannot fold its log in
}
