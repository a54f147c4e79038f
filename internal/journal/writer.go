package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/fault"
)

const (
	syncEvery = time.Second // the most that a power cut may take
	firstWait = 50 * time.Millisecond
	lastWait  = time.Second
	wholeMax  = 64 << 10 // larger data are not copied to be written in one call
)

// file is what a Writer needs of its file. Write may write a part and say why
// it stopped.
type file interface {
	Write(p []byte) (int, error)
	Datasync() error
	Close() error
}

// Writer appends records to a journal. It never drops or repeats a byte: while
// the disk takes none, Append waits, and so does whoever feeds it. It is safe
// for concurrent use. What it appended is on the disk a second later.
type Writer struct {
	mu     sync.Mutex
	f      file
	buf    []byte
	broken error // a record was left half-written for good

	size  atomic.Int64
	dirty atomic.Bool
	timer *time.Timer
}

// Create opens the journal at path for its only writer. The file is new or
// empty, mode 0600.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	st, err := f.Stat()
	if err == nil && st.Size() > 0 {
		err = fmt.Errorf("%s: %w", path, os.ErrExist)
	}
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", errors.Join(err, f.Close()))
	}
	return newWriter(diskFile{f}), nil
}

func newWriter(f file) *Writer {
	w := &Writer{f: f}
	w.timer = time.AfterFunc(syncEvery, func() { _ = w.Sync() })
	w.timer.Stop()
	return w
}

// Append writes one record and returns it with its place; Data is the caller's
// own. It waits for as long as the disk is full or fails, unless ctx ends: then
// a record that was begun stays torn, and the Writer takes no more. seq is for
// In alone.
func (w *Writer) Append(ctx context.Context, kind Kind, seq uint64, data []byte) (Record, error) {
	if len(data) > MaxData {
		return Record{}, fmt.Errorf("append to journal: %d bytes are more than a record holds", len(data))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return Record{}, w.broken
	}
	now := fault.Now()
	w.buf = appendHeader(w.buf[:0], kind, now.UnixMilli(), len(data), seq)
	rec := Record{Offset: w.size.Load(), Time: now, Kind: kind, Seq: seq, Data: data}
	rec.Next = rec.Offset + int64(len(w.buf)+len(data)+1)
	if err := w.put(ctx, data); err != nil {
		return Record{}, fmt.Errorf("append to journal: %w", err)
	}
	w.size.Store(rec.Next)
	if w.dirty.CompareAndSwap(false, true) {
		w.timer.Reset(syncEvery)
	}
	return rec, nil
}

// put writes the header in w.buf, data and the final line feed.
func (w *Writer) put(ctx context.Context, data []byte) error {
	if len(data) <= wholeMax {
		w.buf = append(append(w.buf, data...), '\n')
		return w.write(ctx, w.buf, true)
	}
	if err := w.write(ctx, w.buf, true); err != nil {
		return err
	}
	if err := w.write(ctx, data, false); err != nil {
		return err
	}
	return w.write(ctx, []byte{'\n'}, false)
}

// write goes on at the byte at which the last attempt stopped, for as long as
// it takes. whole says that giving up before the first byte tears nothing.
func (w *Writer) write(ctx context.Context, p []byte, whole bool) error {
	wait := firstWait
	for {
		n, err := w.f.Write(p)
		if p = p[n:]; len(p) == 0 {
			return nil
		}
		whole = whole && n == 0
		if err != nil && errors.Is(err, os.ErrClosed) {
			return err
		}
		if n > 0 {
			wait = firstWait
		}
		select {
		case <-ctx.Done():
			err = errors.Join(ctx.Err(), err)
			if !whole {
				w.broken = fmt.Errorf("the journal ends in a torn record: %w", err)
			}
			return err
		case <-time.After(wait):
			wait = min(2*wait, lastWait)
		}
	}
}

// Size returns the length of the file in whole records, in bytes.
func (w *Writer) Size() int64 { return w.size.Load() }

// Sync puts everything that was appended on the disk.
func (w *Writer) Sync() error {
	w.dirty.Store(false)
	if err := w.f.Datasync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// Close closes the file. It does not sync.
func (w *Writer) Close() error {
	w.timer.Stop()
	return w.f.Close()
}

type diskFile struct{ *os.File }

func (f diskFile) Datasync() error { return unix.Fdatasync(int(f.Fd())) }
