package session_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"

	"github.com/hf-dev/hf/internal/session"
)

// What agents do while nothing can be stored is stored when that is possible
// again: turns, and the end of the agent.
func TestNothingIsForgottenWhileTheStoreTakesNothing(t *testing.T) {
	b := newBench(t)
	id := b.start()
	say := func(message, text string, until api.EntryKind) (thaw func()) {
		t.Helper()
		b.update(func(tx *store.Tx) error {
			return tx.PutMessage(&session.Message{ID: message, Task: taskID, Text: text, State: api.MessageAccepted, CreatedAt: time.Now()})
		})
		thaw = b.store.Freeze()
		b.m.Wake(taskID)
		b.eventually("the journal has "+string(until), func() bool {
			return slices.ContainsFunc(b.transcript(""), func(e api.Entry) bool { return e.Kind == until })
		})
		return thaw
	}
	say("m1", "say: one", api.EntryTurnEnd)()
	b.awaitMessage("m1", api.MessageDone)
	if kinds := b.kinds(); !slices.Contains(kinds, api.EventTurnStarted) || !slices.Contains(kinds, api.EventTurnEnded) {
		t.Errorf("events: %v", kinds)
	}
	say("m2", "say: two\nexit: 3", api.EntryExit)()
	b.await("the session has ended", func(tx *store.Tx) bool {
		s, err := tx.Session(id)
		return err == nil && !s.Live() && s.Exit != nil && s.Exit.Code != nil && *s.Exit.Code == 3
	})
	b.awaitMessage("m2", api.MessageFailed)
}
