package daemon

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// newBackups is a store with its backups, made at a time of the test's own.
func newBackups(t *testing.T) (b *backups, now *time.Time) {
	t.Helper()
	dir := t.TempDir()
	now = new(time.Now())
	st, err := store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return &backups{
		store: st, dir: filepath.Join(dir, "backups"), log: slog.New(slog.DiscardHandler),
		settings: func() config.Backup { return config.Default().Backup },
	}, now
}

func (b *backups) change(t *testing.T) {
	t.Helper()
	err := b.store.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Event(api.EventWarning, "", "", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A backup is made when something changed since the last one, also since the
// last one of an earlier daemon, and not otherwise.
func TestBackupsFollowChanges(t *testing.T) {
	b, now := newBackups(t)
	try := func(want int, what string) {
		t.Helper()
		*now = now.Add(time.Hour)
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(store.Backups(b.dir)); got != want {
			t.Errorf("%s: %d backups, want %d", what, got, want)
		}
	}
	b.change(t)
	try(1, "the first")
	try(1, "nothing changed")
	b.change(t)
	try(2, "an event")
	if err := b.store.Update(t.Context(), func(tx *store.Tx) error { return tx.PutSetting("k", "v") }); err != nil {
		t.Fatal(err)
	}
	try(3, "a change without an event")
	again := *b
	again.commits = 0 // the next daemon
	b = &again
	try(3, "nothing changed since the daemon before")
	b.change(t)
	try(4, "something changed under the next daemon")
}

// When the next one is due counts from the last one, and a clock that was set
// does not make a daemon back up at once, nor never.
func TestFirstBackup(t *testing.T) {
	b, now := newBackups(t)
	b.change(t)
	for _, tt := range []struct {
		name     string
		made     time.Duration // ago
		min, max time.Duration
	}{
		{"long ago", 100 * time.Hour, time.Minute, time.Minute},
		{"half an hour ago", 30 * time.Minute, 20 * time.Minute, 31 * time.Minute},
		{"in the future", -1000 * time.Hour, time.Hour, time.Hour},
	} {
		*now = time.Now().Add(-tt.made)
		if _, err := b.store.Automatic(t.Context(), b.dir, 0); err != nil {
			t.Fatal(err)
		}
		if got := b.first(); got < tt.min || got > tt.max {
			t.Errorf("%s: the first one is due in %s", tt.name, got)
		}
	}
	b.settings = func() config.Backup { return config.Backup{} }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.run(ctx)
	if got := b.first(); got != lookAgain {
		t.Errorf("without backups it looks again in %s", got)
	}
}
