package session

import (
	"context"
	"fmt"
)

// endOverfull ends an agent whose journal has become as long as it may: its
// holder reads no more of what it writes, so it would wait for ever. A
// conversation can go on in the journal of the next one.
func (v *supervisor) endOverfull(ctx context.Context) {
	if v.overfull || v.journalMax <= 0 || v.reader.Offset() < v.journalMax {
		return
	}
	v.overfull = true
	v.log.Warn("the journal is full: ending the agent", "bytes", v.reader.Offset())
	v.farewellNote = fmt.Sprintf("it wrote more than the %d MiB that backend.journal_max allows, so the agent was ended; the next message starts it again", v.journalMax>>20)
	if err := v.stop(ctx, DefaultGrace); err != nil {
		v.log.Error("end the agent", "err", err)
		v.overfull = false // the next look tries again
	}
}
