package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hf-dev/hf/pkg/api"
)

// ReserveSize is how many bytes are kept back on the disk of the database, to
// be given up when it is full: what is in progress can then still be recorded.
const ReserveSize = 8 << 20

const (
	// lookEvery is how often a full disk is looked at again.
	lookEvery = 2 * time.Second
	// spare is what must be free beside the reserve before it is taken again,
	// in bytes: else it would be given up with the next commit.
	spare = 8 << 20
)

// reservePath is the file that holds space back.
func reservePath(database string) string {
	return filepath.Join(filepath.Dir(database), "hf.reserve")
}

// Condition says whether the database can be written.
func (s *Store) Condition() api.DatabaseState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.condition
}

func (s *Store) setCondition(to api.DatabaseState) {
	s.mu.Lock()
	was := s.condition
	s.condition = to
	s.mu.Unlock()
	if was == to {
		return
	}
	s.log.Warn("the database's state changed", "from", was, "to", to)
	if to == api.DatabaseOK && s.onSpace != nil {
		s.onSpace()
	}
}

// isFull reports whether an error says that the disk is full.
func isFull(err error) bool {
	full := code(err)
	return full&0xff == sqlite3.SQLITE_FULL || full == sqlite3.SQLITE_IOERR_SHMSIZE || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isReadOnly reports whether an error says that nothing may be written.
func isReadOnly(err error) bool {
	primary := code(err) & 0xff
	return primary == sqlite3.SQLITE_READONLY || primary == sqlite3.SQLITE_CANTOPEN ||
		errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// cannotWrite takes note of why a transaction could not be written, and returns
// the error for those whose transaction it was.
func (s *Store) cannotWrite(err error) error {
	full, readOnly := isFull(err), isReadOnly(err)
	if code(err)&0xff == sqlite3.SQLITE_IOERR { // says nothing of the cause
		trial := TryWriting(filepath.Dir(s.path))
		full, readOnly = isFull(trial), isReadOnly(trial)
	}
	switch {
	case full && s.giveUpReserve():
		return &fault{cause: err, api: &api.Error{
			Code: api.CodeUnavailable, Message: "the disk of the state directory is full; hf gave up its reserve", Retryable: true,
		}}
	case full:
		return errFull(err)
	case readOnly:
		s.setCondition(api.DatabaseReadOnly)
		return errReadOnly(err)
	}
	err = classify(err)
	if isBroken(err) {
		s.suspect()
	}
	return err
}

func errFull(cause error) error {
	return &fault{cause: cause, api: &api.Error{
		Code: api.CodeDiskFull, Message: "the disk of the state directory is full",
		Hint: "free some space; hf goes on by itself", Retryable: true,
	}}
}

func errReadOnly(cause error) error {
	return &fault{cause: cause, api: &api.Error{
		Code: api.CodeReadOnly, Message: fmt.Sprintf("the database cannot be written (%v)", cause),
		Hint: ErrReadOnly("").Hint, Retryable: true,
	}}
}

// giveUpReserve frees the reserve and begins to look for space. It reports
// whether there was one.
func (s *Store) giveUpReserve() bool {
	freed := false
	if s.reserve > 0 {
		freed = os.Remove(reservePath(s.path)) == nil
	}
	s.setCondition(api.DatabaseFull)
	s.spaceOnce.Do(func() { s.background.Go(s.awaitSpace) })
	select {
	case s.lookForSpace <- struct{}{}:
	default:
	}
	return freed
}

// awaitSpace takes the reserve again, as soon as there is room for it, each
// time that it was given up.
func (s *Store) awaitSpace() {
	for {
		select {
		case <-s.lookForSpace:
		case <-s.closing:
			return
		}
		for s.Condition() == api.DatabaseFull && !s.spaceReturned() {
			select {
			case <-time.After(lookEvery):
			case <-s.closing:
				return
			}
		}
	}
}

func (s *Store) spaceReturned() bool {
	free, err := FreeSpace(filepath.Dir(s.path))
	if err != nil || free < uint64(s.reserve)+spare {
		return false
	}
	if err := takeReserve(s.path, s.reserve); err != nil {
		s.log.Warn("take the reserve again", "error", err)
		return false
	}
	s.setCondition(api.DatabaseOK)
	return true
}

// FreeSpace is what this user may still write to a directory's disk, in bytes.
func FreeSpace(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// takeReserve makes sure that the reserve is there and has its size.
func takeReserve(database string, size int64) (err error) {
	if size <= 0 {
		return nil
	}
	path := reservePath(database)
	if st, err := os.Lstat(path); err == nil && st.Mode().IsRegular() && st.Size() == size {
		return nil
	}
	_ = os.Remove(path) // of another size
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(path)
		}
	}()
	err = unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return zero(f, size)
	}
	return err
}

// zero writes size zero bytes, where space cannot be had otherwise.
func zero(f *os.File, size int64) error {
	zeros := make([]byte, 64<<10)
	for n := int64(0); n < size; n += int64(len(zeros)) {
		if _, err := f.Write(zeros); err != nil {
			return err
		}
	}
	return nil
}

// keepReserve is for the start: a disk without room for the reserve counts as
// full.
func (s *Store) keepReserve() {
	if err := takeReserve(s.path, s.reserve); err != nil {
		s.log.Warn("take the reserve", "error", err)
		if isFull(err) {
			s.giveUpReserve()
		}
	}
}

// checkpointAll folds the whole log into the file, where somebody took the
// log's name away: what is committed would be gone with this process.
func (s *Store) checkpointAll(ctx context.Context) error {
	var busy, log, done int
	if err := s.writer.scan(ctx, "PRAGMA wal_checkpoint(FULL)", nil, &busy, &log, &done); err != nil {
		return err
	}
	if busy != 0 || done < log {
		return fmt.Errorf("%d of %d pages of the log are in the file", done, log)
	}
	return nil
}
