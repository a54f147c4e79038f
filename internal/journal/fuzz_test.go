package journal

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// Whatever the bytes, the records read are a prefix of them, byte for byte,
// and what stops the reader is the end or a damage where it stands.
func FuzzReader(f *testing.F) {
	f.Add([]byte("s 1 2\n{}\no 2 3\nab\n\ni 3 1 9\nx\nx 4 2\n{}\n"))
	f.Add([]byte("o 1 5\nab"))
	f.Add([]byte("o 1 1073741824\n"))
	f.Add([]byte("i 1 1 18446744073709551615\nx\n"))
	f.Add(bytes.Repeat([]byte{0}, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		var again []byte
		for {
			at := r.Offset()
			rec, err := r.Next()
			var bad *CorruptError
			if errors.Is(err, io.EOF) || errors.As(err, &bad) && bad.Offset == at {
				if r.Offset() != at {
					t.Fatalf("moved from %d to %d by %v", at, r.Offset(), err)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if rec.Offset != at || rec.Next != r.Offset() || rec.Next <= at {
				t.Fatalf("record %d..%d read at %d", rec.Offset, rec.Next, at)
			}
			again = appendHeader(again, rec.Kind, rec.Time.UnixMilli(), len(rec.Data), rec.Seq)
			again = append(append(again, rec.Data...), '\n')
		}
		if int64(len(again)) != r.Offset() || !bytes.HasPrefix(data, again) {
			t.Fatalf("%d bytes read of %d are not what was there", len(again), len(data))
		}
	})
}
