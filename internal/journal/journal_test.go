package journal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func create(t *testing.T) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, path
}

func put(t *testing.T, w *Writer, kind Kind, seq uint64, data string) Record {
	t.Helper()
	rec, err := w.Append(t.Context(), kind, seq, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestRoundTrip(t *testing.T) {
	w, path := create(t)
	want := []Record{
		put(t, w, Start, 0, `{"pid":1}`),
		put(t, w, Out, 0, "a line\n"),
		put(t, w, Err, 0, ""),
		put(t, w, Out, 0, "o 1 2\n\n\x00\xff"),
		put(t, w, In, 7, strings.Repeat("x", 5<<20)+"\n"),
		put(t, w, In, 1<<63, strings.Repeat("y", wholeMax)),
		put(t, w, Exit, 0, `{"code":0}`),
	}
	st, err := os.Stat(path)
	if err != nil || st.Size() != w.Size() || st.Mode().Perm() != 0o600 {
		t.Fatalf("file: %v, %v, want %d bytes", st, err, w.Size())
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	check := func(want Record) {
		t.Helper()
		got, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got.Offset != want.Offset || got.Next != want.Next || got.Kind != want.Kind || got.Seq != want.Seq ||
			got.Time.UnixMilli() != want.Time.UnixMilli() || !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("record at %d differs: %c seq %d, %d bytes", got.Offset, got.Kind, got.Seq, len(got.Data))
		}
	}
	for _, rec := range want {
		check(rec)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("at the end: %v", err)
	}
	for _, i := range []int{5, 0, 3} {
		if err := r.SeekTo(want[i].Offset); err != nil {
			t.Fatal(err)
		}
		check(want[i])
	}
	if r.Offset() != want[3].Next {
		t.Errorf("offset %d, want %d", r.Offset(), want[3].Next)
	}
	if err := r.SeekTo(-1); err == nil {
		t.Error("a negative offset was taken")
	}
}

func TestCreateRefusesAUsedJournal(t *testing.T) {
	w, path := create(t)
	if again, err := Create(path); err != nil {
		t.Fatalf("an empty journal: %v", err)
	} else {
		_ = again.Close()
	}
	put(t, w, Out, 0, "x")
	if _, err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a used journal: %v", err)
	}
	if _, err := Open(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no journal: %v", err)
	}
}

// A reader that follows sees EOF for as long as a record is not whole, at
// whatever byte the file ends.
func TestTornTailIsRetried(t *testing.T) {
	var whole []byte
	var want []string
	for _, s := range []string{"one\n", strings.Repeat("long ", 20_000), "", "two\n"} {
		whole = appendHeader(whole, In, 1_760_000_000_000, len(s), 3)
		whole = append(append(whole, s...), '\n')
		want = append(want, s)
	}
	path := filepath.Join(t.TempDir(), "journal")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for at := 0; at < len(whole); {
		n := 1
		if at > 200 && at < 100_000 {
			n = 997
		}
		n = min(n, len(whole)-at)
		if _, err := f.Write(whole[at : at+n]); err != nil {
			t.Fatal(err)
		}
		at += n
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("with %d bytes: %v", at, err)
			}
			if rec.Next > int64(at) {
				t.Fatalf("a record to %d of %d bytes", rec.Next, at)
			}
			got = append(got, string(rec.Data))
		}
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Fatalf("got %d records", len(got))
	}
}

func TestCorruptionIsNamed(t *testing.T) {
	for name, tail := range map[string]string{
		"no header":       strings.Repeat("x", maxHeader),
		"zeros":           strings.Repeat("\x00", 4096),
		"capital":         "O 1 1\nx\n",
		"no space":        "o1 1\nx\n",
		"leading zero":    "o 1 01\nx\n",
		"sign":            "o 1 +1\nx\n",
		"negative":        "o -1 1\nx\n",
		"sequence on o":   "o 1 1 1\nx\n",
		"no sequence":     "i 1 1\nx\n",
		"too long":        "o 1 1073741825\n",
		"overflow":        "o 1 99999999999999999999\n",
		"time overflow":   "o 9999999999999999999 1\nx\n",
		"no line feed":    "o 1 1\nxx",
		"line feed large": "o 1 40000\n" + strings.Repeat("x", 40_001),
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(strings.NewReader("o 1 2\nok\n" + tail))
			if rec, err := r.Next(); err != nil || string(rec.Data) != "ok" {
				t.Fatalf("the clean prefix: %v", err)
			}
			_, err := r.Next()
			var bad *CorruptError
			if !errors.As(err, &bad) || bad.Offset != 9 {
				t.Fatalf("got %v", err)
			}
		})
	}
	r := NewReader(strings.NewReader("o 1 1073741824\nthe rest is not there"))
	if n := testing.AllocsPerRun(1, func() { _, _ = r.Next() }); n > 20 {
		t.Errorf("%v allocations for a promise", n)
	}
}

func TestConcurrentAppends(t *testing.T) {
	w, path := create(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if _, err := w.Append(t.Context(), Out, 0, []byte(strings.Repeat("z", 100))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for ; ; n++ {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != 1600 {
		t.Errorf("%d records", n)
	}
}

// tightFile has room for some bytes only, as a full disk has.
type tightFile struct {
	mu    sync.Mutex
	data  []byte
	room  int
	syncs int
}

func (f *tightFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(f.room, len(p))
	f.data = append(f.data, p[:n]...)
	f.room -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (f *tightFile) Datasync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.syncs++
	return nil
}

func (f *tightFile) Close() error { return nil }

func (f *tightFile) synced() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

func (f *tightFile) give(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room += n
}

// The disk fills at every possible byte of a record, twice in the same one:
// nothing is lost and nothing is there twice.
func TestFullDiskHoldsTheWriterUp(t *testing.T) {
	for _, data := range []string{"hello\n", strings.Repeat("b", wholeMax+1)} {
		// synctest's clock begins in 2000: its milliseconds have twelve digits.
		size := len(appendHeader(nil, In, 946_684_800_000, len(data), 9)) + len(data) + 1
		step := max(1, size/60)
		for room := 0; room < size; room += step {
			synctest.Test(t, func(t *testing.T) {
				f := &tightFile{room: room}
				w := newWriter(f)
				done := make(chan error, 1)
				go func() {
					_, err := w.Append(t.Context(), In, 9, []byte(data))
					done <- err
				}()
				synctest.Wait()
				select {
				case err := <-done:
					t.Fatalf("with room for %d of %d bytes: %v", room, size, err)
				default:
				}
				f.give(3)
				f.give(2 * size)
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				r := NewReader(bytes.NewReader(f.data))
				rec, err := r.Next()
				if err != nil || string(rec.Data) != data || rec.Next != int64(len(f.data)) {
					t.Fatalf("room %d: %v, %d of %d bytes", room, err, rec.Next, len(f.data))
				}
				_ = w.Close()
			})
		}
	}
}

func TestGivingUpOnAFullDisk(t *testing.T) {
	f := &tightFile{}
	w := newWriter(f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Append(ctx, Out, 0, []byte("x")); !errors.Is(err, context.Canceled) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("nothing written: %v", err)
	}
	f.give(100)
	put(t, w, Out, 0, "whole")
	f.room = 3
	if _, err := w.Append(ctx, Out, 0, []byte("torn")); !errors.Is(err, context.Canceled) {
		t.Fatalf("torn: %v", err)
	}
	f.give(100)
	if _, err := w.Append(t.Context(), Out, 0, []byte("after")); err == nil {
		t.Fatal("a record was written behind a torn one")
	}
	r := NewReader(bytes.NewReader(f.data))
	if rec, err := r.Next(); err != nil || string(rec.Data) != "whole" {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("the torn tail: %v", err)
	}
}

func TestSyncsOnceASecondWhileDirty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &tightFile{room: 1 << 20}
		w := newWriter(f)
		defer w.Close()
		for range 35 {
			put(t, w, Out, 0, "x")
			<-newTick(100)
		}
		synctest.Wait()
		if n := f.synced(); n != 3 {
			t.Errorf("%d syncs in 3.5 s of writing", n)
		}
		<-newTick(60_000)
		if n := f.synced(); n != 4 {
			t.Errorf("%d syncs after a minute of rest", n)
		}
	})
}

func newTick(ms int) <-chan time.Time { return time.After(time.Duration(ms) * time.Millisecond) }
