package daemon

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// What a daemon that died had not come to is done by the next, and what it had
// is not.
func TestReactionsGoOnWhereTheyWere(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	events := eventStore{st}
	turnEnded := func(task string) {
		t.Helper()
		err := st.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Event(api.EventTurnEnded, "default", task, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	react := func(until string) (done []string) {
		t.Helper()
		seq, err := events.reactedTo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		r := reactions{
			events: events, branches: func() {}, stacks: func(context.Context, api.Event) error { return nil }, pulls: func(api.Event) {}, log: slog.New(slog.DiscardHandler),
			check: func(context.Context, string) error { return nil },
			refresh: func(_ context.Context, task string) error {
				done = append(done, task)
				if task == until {
					cancel()
				}
				return nil
			},
		}
		r.run(ctx, seq)
		return done
	}
	turnEnded("a")
	if seq, err := events.reactedTo(t.Context()); err != nil || seq == 0 {
		t.Errorf("a first daemon goes on after event %d, %v", seq, err)
	}
	if err := events.noteReacted(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	turnEnded("b")
	turnEnded("c")
	if done := react("c"); len(done) != 2 || done[0] != "b" {
		t.Errorf("reacted to %v, want b and c", done)
	}
}
