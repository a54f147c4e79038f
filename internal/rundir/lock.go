package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// RecordSize is the fixed size of a Record in the lock file, in bytes. One
// write replaces it whole.
const RecordSize = 1024

// Record is the content of the lock file: where the daemon can be reached and
// who it is. It decides nothing: a daemon lives when its lock is held and it
// answers hello.
type Record struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"startTime"` // clock ticks since boot, as in /proc/PID/stat
	BootID    string `json:"bootId"`
	Host      string `json:"host"`
	Socket    string `json:"socket"`
	Phase     string `json:"phase"`
	Build     int64  `json:"build"`
	Version   string `json:"version"`
}

// ReadRecord reads the lock file at path. It is false when the file is absent
// or holds no record, for whatever reason: a reader then asks the lock.
func ReadRecord(path string) (Record, bool) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Record{}, false
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, RecordSize))
	if err != nil {
		return Record{}, false
	}
	var r Record
	if err := json.Unmarshal(bytes.TrimRight(b, " \n\x00"), &r); err != nil {
		return Record{}, false
	}
	return r, true
}

// Write replaces the record in the lock file, which the caller holds.
func (r Record) Write(f io.WriterAt) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(b) >= RecordSize {
		return fmt.Errorf("lock record of %d bytes: more than %d", len(b), RecordSize-1)
	}
	full := bytes.Repeat([]byte{' '}, RecordSize)
	copy(full, b)
	full[RecordSize-1] = '\n'
	_, err = f.WriteAt(full, 0)
	return err
}

// TryLock takes the daemon's lock without waiting. Having it proves that no
// daemon lives, whatever files say. The file is close-on-exec; the lock goes
// with the last copy of its descriptor.
func TryLock(path string) (*os.File, bool, error) { return try(path, syscall.LOCK_EX, os.O_CREATE) }

// Held reports whether somebody holds the lock. It creates nothing.
func Held(path string) (bool, error) {
	f, free, err := try(path, syscall.LOCK_SH, 0)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if f != nil {
		_ = f.Close()
	}
	return !free, err
}

func try(path string, how, flag int) (*os.File, bool, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		if isReadOnly(err) { // a lock needs no writing
			if g, rerr := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0); rerr == nil {
				f, err = g, nil
			}
		}
		if err != nil {
			return nil, false, err
		}
		got, same, err := lock(f, path, how)
		if err == nil && got && same {
			return f, true, nil
		}
		_ = f.Close()
		if err != nil {
			return nil, false, err
		}
		if !got {
			return nil, false, nil
		}
		// The file was replaced between open and flock: this lock means nothing.
	}
}

func lock(f *os.File, path string, how int) (got, same bool, err error) {
	var st syscall.Stat_t
	fd := int(f.Fd())
	if err := syscall.Fstat(fd, &st); err != nil {
		return false, false, err
	}
	if err := owned(path, st.Uid); err != nil {
		return false, false, err
	}
	for {
		err = syscall.Flock(fd, how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("lock %s: %w", path, err)
	}
	same, err = SameFile(fd, path)
	return true, same, err
}

// SameFile reports whether path still names the open file fd. A path that is
// gone names nothing and is no error.
func SameFile(fd int, path string) (bool, error) {
	var ours, there syscall.Stat_t
	if err := syscall.Fstat(fd, &ours); err != nil {
		return false, err
	}
	err := syscall.Lstat(path, &there)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", path, err)
	}
	return ours.Dev == there.Dev && ours.Ino == there.Ino, nil
}
