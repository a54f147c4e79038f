package journal

import (
	"bytes"
	"strconv"
	"time"
)

// The file is a sequence of records and nothing else. A record is one header
// line, its data as they are, and a line feed:
//
//	o 1760000000000 5
//	hello
//
// The header's fields are the kind, the time in Unix milliseconds, the length
// of the data in bytes and, for In only, the sequence number; each stands in
// its shortest decimal form. The format is frozen.

// MaxData is the most bytes one record can hold.
const MaxData = 1 << 30

// maxHeader is longer than any header line can be.
const maxHeader = 64

func appendHeader(b []byte, kind Kind, ms int64, n int, seq uint64) []byte {
	b = append(b, byte(kind), ' ')
	b = strconv.AppendInt(b, ms, 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(n), 10)
	if kind == In {
		b = append(b, ' ')
		b = strconv.AppendUint(b, seq, 10)
	}
	return append(b, '\n')
}

// parseHeader reads a header line without its line feed. Kinds it does not
// know are fine: a later hf may have written them.
func parseHeader(line []byte) (rec Record, n int, ok bool) {
	if len(line) < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != ' ' {
		return Record{}, 0, false
	}
	rec.Kind = Kind(line[0])
	want := 2
	if rec.Kind == In {
		want = 3
	}
	fields := bytes.Split(line[2:], []byte{' '})
	if len(fields) != want {
		return Record{}, 0, false
	}
	var v [3]uint64
	for i, f := range fields {
		if v[i], ok = parseDecimal(f); !ok {
			return Record{}, 0, false
		}
	}
	if v[0] > 1<<62 || v[1] > MaxData {
		return Record{}, 0, false
	}
	rec.Time, rec.Seq = time.UnixMilli(int64(v[0])), v[2]
	return rec, int(v[1]), true
}

// parseDecimal accepts only what strconv.AppendUint writes.
func parseDecimal(b []byte) (uint64, bool) {
	if len(b) == 0 || b[0] < '0' || b[0] > '9' || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b), 10, 64)
	return v, err == nil
}
