// Package journal is the append-only file of one held process: every byte it
// wrote, every input it was given and how it ended, each with the offset at
// which it stands. The holder is its only writer; anyone may read it.
package journal

import "time"

// Kind says what a record is. The values are written to disk: never change one.
type Kind byte

// The kinds of record.
const (
	Start Kind = 's' // JSON of Started: the process began
	Out   Kind = 'o' // bytes of its standard output, or of its terminal
	Err   Kind = 'e' // bytes of its standard error
	In    Kind = 'i' // one whole input, given to the process after this record
	Exit  Kind = 'x' // JSON of Ended: the process ended; the last record
)

// Record is one entry of a journal.
//
// Out records end at a line end, unless they hold the beginning or middle of a
// line longer than one read: so an unfinished line always begins at the start
// of a record, and a reader that stops there can go on from that Offset.
type Record struct {
	Offset int64 // where the record begins in the file, in bytes
	Next   int64 // where the next one begins
	Time   time.Time
	Kind   Kind
	Seq    uint64 // In only: the sequence number of the input
	Data   []byte
}

// Started is the body of a Start record.
type Started struct {
	PID       int      `json:"pid"`
	StartTime uint64   `json:"startTime"` // clock ticks since boot, as in /proc/PID/stat
	BootID    string   `json:"bootId"`
	Argv      []string `json:"argv"`
	Dir       string   `json:"dir"`
}

// Ended is the body of an Exit record. Exactly one of Code and Signal means
// something.
type Ended struct {
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"` // SIGKILL, …
}
