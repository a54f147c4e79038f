package session_test

import (
	"fmt"
	"testing"

	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

func (b *bench) messageState(id string) (state api.MessageState) {
	b.t.Helper()
	b.update(func(tx *store.Tx) error {
		m, err := tx.Message(id)
		if err == nil {
			state = m.State
		}
		return err
	})
	return state
}

// While a task's outbox is held its agent begins no turn, the turn in progress
// goes on to its end, and what waited is delivered afterwards.
func TestHoldKeepsTurnsFromBeginning(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "sleep: 300ms\nwrite first: done")
	b.awaitMessage("m1", api.MessageDelivered)
	one, err := b.m.Hold(t.Context(), taskID)
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.m.Hold(t.Context(), taskID)
	if err != nil {
		t.Fatal(err)
	}
	b.send("m2", "write second: done")
	b.awaitMessage("m1", api.MessageDone)
	one()
	one() // once more is nothing
	b.awaitActivity(api.ActivityIdle)
	if err := b.m.CatchUp(t.Context(), taskID); err != nil {
		t.Fatal(err)
	}
	if state := b.messageState("m2"); state != api.MessageAccepted {
		t.Errorf("a held message is %s", state)
	}
	two()
	b.awaitMessage("m2", api.MessageDone)
}

// A turn whose prompt was on its way when the outbox was held is known of after
// CatchUp; one that is not known of then does not begin.
func TestHoldKnowsOfTheTurnThatBegan(t *testing.T) {
	b := newBench(t)
	b.start()
	for i := range 10 {
		id := fmt.Sprint("m", i)
		b.send(id, "say: hello")
		release, err := b.m.Hold(t.Context(), taskID)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.m.CatchUp(t.Context(), taskID); err != nil {
			t.Fatal(err)
		}
		state := b.messageState(id)
		b.m.Wake(taskID)
		if err := b.m.CatchUp(t.Context(), taskID); err != nil {
			t.Fatal(err)
		}
		if now := b.messageState(id); state == api.MessageAccepted && now != state {
			t.Errorf("message %s was %s, and is %s although the outbox is held", id, state, now)
		}
		release()
		b.awaitMessage(id, api.MessageDone)
	}
}
