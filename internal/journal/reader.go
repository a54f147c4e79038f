package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// CorruptError says that a file is not a journal from some offset on.
type CorruptError struct {
	Offset int64 // of the record, in bytes
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal is damaged at byte %d: %s", e.Offset, e.Reason)
}

// window is how much of the file a Reader reads at once, in bytes.
const window = 32 << 10

// Reader reads a journal, also while it is being written. It is for one
// goroutine.
type Reader struct {
	src   io.ReaderAt
	close func() error
	off   int64  // of the next record
	buf   []byte // what the file holds from bufAt on
	bufAt int64
}

// Open opens the journal at path and stands at its beginning. The error wraps
// fs.ErrNotExist where there is none.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &Reader{src: f, close: f.Close}, nil
}

// NewReader reads a journal from src.
func NewReader(src io.ReaderAt) *Reader {
	return &Reader{src: src, close: func() error { return nil }}
}

// Next returns the next record. The error is io.EOF where no whole record
// follows yet, and Next can be asked again later; it is a *CorruptError where
// the bytes are no record. Data is the caller's to keep.
func (r *Reader) Next() (Record, error) {
	head, err := r.peek(maxHeader)
	if err != nil {
		return Record{}, err
	}
	end := bytes.IndexByte(head, '\n')
	switch {
	case end < 0 && len(head) < maxHeader:
		return Record{}, io.EOF
	case end < 0:
		return Record{}, r.corrupt("no header line")
	}
	rec, n, ok := parseHeader(head[:end])
	if !ok {
		return Record{}, r.corrupt(fmt.Sprintf("bad header %q", head[:end]))
	}
	rec.Offset = r.off
	body := r.off + int64(end) + 1
	rec.Next = body + int64(n) + 1
	if rec.Data, err = r.body(body, n); err != nil {
		return Record{}, err
	}
	r.off = rec.Next
	return rec, nil
}

// body returns the n bytes at off, once the line feed behind them is there.
// It looks for that first: a header promises more memory than it costs.
func (r *Reader) body(off int64, n int) ([]byte, error) {
	whole := make([]byte, 0)
	if have := r.bufAt + int64(len(r.buf)) - off; have > int64(n) {
		at := int(off - r.bufAt)
		if r.buf[at+n] != '\n' {
			return nil, r.corrupt("no line feed at its end")
		}
		return append(whole, r.buf[at:at+n]...), nil
	}
	var last [1]byte
	if _, err := r.readAt(last[:], off+int64(n)); err != nil {
		return nil, err
	}
	if last[0] != '\n' {
		return nil, r.corrupt("no line feed at its end")
	}
	whole = make([]byte, n)
	if _, err := r.readAt(whole, off); err != nil {
		return nil, err
	}
	return whole, nil
}

// peek returns up to n bytes of the file from r.off on, fewer only at its end.
func (r *Reader) peek(n int) ([]byte, error) {
	at := r.off - r.bufAt
	if at >= 0 && at+int64(n) <= int64(len(r.buf)) {
		return r.buf[at : at+int64(n)], nil
	}
	if r.buf == nil {
		r.buf = make([]byte, window)
	}
	got, err := r.src.ReadAt(r.buf[:window], r.off)
	if err != nil && !errors.Is(err, io.EOF) {
		r.buf = r.buf[:0]
		return nil, fmt.Errorf("read journal: %w", err)
	}
	r.buf, r.bufAt = r.buf[:got], r.off
	return r.buf[:min(n, got)], nil
}

// readAt fills p; a file that ends before is at its end so far.
func (r *Reader) readAt(p []byte, off int64) (int, error) {
	n, err := r.src.ReadAt(p, off)
	switch {
	case n == len(p):
		return n, nil
	case errors.Is(err, io.EOF):
		return n, io.EOF
	}
	return n, fmt.Errorf("read journal: %w", err)
}

func (r *Reader) corrupt(reason string) error {
	return &CorruptError{Offset: r.off, Reason: reason}
}

// Offset returns where the next record begins, in bytes.
func (r *Reader) Offset() int64 { return r.off }

// SeekTo goes to a record by its offset, as Record.Offset or Record.Next gave it.
func (r *Reader) SeekTo(offset int64) error {
	if offset < 0 {
		return fmt.Errorf("seek journal: offset %d is negative", offset)
	}
	r.off = offset
	return nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.close() }
