package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// The transcript may show a question that is not stored yet. Who waits for what
// was said to be stored finds it.
func TestCatchUpWaitsForTheStore(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "sleep: 500ms\nask: go on?")
	b.awaitActivity(api.ActivityWorking)

	// While somebody writes, nothing is stored.
	writing, release, written := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		written <- b.store.Update(t.Context(), func(*store.Tx) error {
			close(writing)
			<-release
			return nil
		})
	}()
	<-writing
	following, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	seen := false
	for !seen && following.Err() == nil {
		for _, e := range b.transcript("") {
			seen = seen || e.Kind == api.EntryPermission
		}
	}
	if !seen {
		t.Fatal("the question is not in the transcript")
	}
	stored := make(chan error, 1)
	go func() { stored <- b.m.CatchUp(following, taskID) }()
	close(release)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	err := b.store.View(t.Context(), func(tx *store.Tx) error {
		open, err := tx.OpenPermissions(taskID)
		if err == nil && len(open) != 1 {
			t.Errorf("open permissions: %v", open)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
