package lifecycle

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// logFile appends to a file and begins a new one when it grew too long: the
// one before is then path.1, the one before that path.2, and so on.
type logFile struct {
	path string

	mu    sync.Mutex
	f     *os.File
	size  int64
	max   int64
	keep  int
	after func(error) // told of a rotation that went wrong; writing goes on
}

// openLog opens the log at path for appending, readable by its owner only.
func openLog(path string, maxSize int64, keep int, after func(error)) (*logFile, error) {
	l := &logFile{path: path, max: maxSize, keep: keep, after: after}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("open the log: %w", err)
	}
	l.f, l.size = f, st.Size()
	return nil
}

// Write implements io.Writer. One call is never split over two files.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > l.max {
		if err := l.rotate(); err != nil {
			l.after(err)
			l.size = 0 // try again after as much more
		}
	}
	n, err := l.f.Write(p)
	l.size += int64(n)
	return n, err
}

// Close implements io.Closer.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}

// rotate moves every file one number up and opens a new one. The old one stays
// in use until the new one is open.
func (l *logFile) rotate() error {
	for i := l.keep; i > 0; i-- {
		from := l.path
		if i > 1 {
			from += "." + strconv.Itoa(i-1)
		}
		err := os.Rename(from, l.path+"."+strconv.Itoa(i))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("rotate the log: %w", err)
		}
	}
	if l.keep <= 0 {
		if err := os.Remove(l.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("rotate the log: %w", err)
		}
	}
	old := l.f
	if err := l.open(); err != nil {
		return err
	}
	return old.Close()
}

var _ io.WriteCloser = (*logFile)(nil)
