package session_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// asked waits until the agent asks a question and returns it.
func (b *bench) asked() session.Permission {
	b.t.Helper()
	var open []session.Permission
	b.await("the agent asks", func(tx *store.Tx) bool {
		var err error
		open, err = tx.OpenPermissions(taskID)
		t, terr := tx.Task(taskID)
		return err == nil && terr == nil && len(open) == 1 && t.Activity == api.ActivityNeedsInput
	})
	return open[0]
}

// crash lets go of everything, as a daemon that dies does, and begins again.
func (b *bench) crash() {
	b.t.Helper()
	b.m.Close()
	b.m = b.manager()
	if err := b.m.Adopt(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// A question is answered by the next message and not by one from before it, is
// still there after a crash, and is answered once.
func TestQuestionIsAnsweredByAMessage(t *testing.T) {
	b := newBench(t)
	b.startAgent("script-agent")
	b.send("m1", "ask")
	b.send("m2", "this was written before the question")
	question := b.asked()
	if question.Kind != api.PermissionKindInput || question.Question == nil || question.Question.Fields[0].Name != "n" {
		t.Errorf("asked %+v", question.PermissionRequest)
	}
	b.crash()
	if again := b.asked(); again.ID != question.ID {
		t.Errorf("after a crash question %s is open, was %s", again.ID, question.ID)
	}
	if err := b.m.CheckAnswer(taskID, "many", 0); !api.IsCode(err, api.CodeInvalid) {
		t.Errorf("a bad answer: %v", err)
	}
	if err := b.m.CheckAnswer(taskID, "3", 1); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("an answer with a file: %v", err)
	}
	if err := b.m.CheckAnswer(taskID, "3", 0); err != nil {
		t.Errorf("a good answer: %v", err)
	}
	b.send("m3", "3")
	for _, id := range []string{"m1", "m2", "m3"} {
		b.awaitMessage(id, api.MessageDone)
	}
	b.awaitActivity(api.ActivityIdle)
	b.crash()
	b.awaitActivity(api.ActivityIdle)
	all := b.transcript("")
	if n := strings.Count(said(all), `"n":3`); n != 1 {
		t.Errorf("the agent got the answer %d times: %s", n, said(all))
	}
	if !slices.ContainsFunc(all, func(e api.Entry) bool {
		return e.Kind == api.EntryResolved && e.Text == "3" && e.MessageID == "m3"
	}) {
		t.Errorf("the transcript does not have the answer: %+v", all)
	}
	err := b.store.View(t.Context(), func(tx *store.Tx) error {
		p, err := tx.Permission(question.ID)
		if err == nil && (p.State != api.PermissionAllowed || p.ResolvedBy != api.ResolvedByPerson) {
			t.Errorf("the question is %s by %s", p.State, p.ResolvedBy)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A message that does not fit, because the question came a moment later, fails
// and says why; the question stays.
func TestQuestionRefusesAnAnswer(t *testing.T) {
	b := newBench(t)
	b.startAgent("script-agent")
	b.send("m1", "ask")
	b.asked()
	b.send("m2", "many")
	b.awaitMessage("m2", api.MessageFailed)
	b.asked()
	b.send("m3", "4")
	b.awaitMessage("m3", api.MessageDone)
	b.awaitMessage("m1", api.MessageDone)
}

func TestQuestionIsDeclined(t *testing.T) {
	b := newBench(t)
	b.startAgent("script-agent")
	b.send("m1", "ask")
	question := b.asked()
	b.update(func(tx *store.Tx) error {
		question.State, question.Answer = api.PermissionAnswered, question.Options[0].ID
		return tx.PutPermission(&question)
	})
	b.m.Wake(taskID)
	b.awaitMessage("m1", api.MessageDone)
	if got := said(b.transcript("")); !strings.Contains(got, `"action":"decline"`) {
		t.Errorf("the agent got %s", got)
	}
}

// An agent that says nothing in its turn is shown to, for as long as it does,
// and never called failed.
func TestSilenceIsShown(t *testing.T) {
	b := newBench(t)
	b.quiet = 50 * time.Millisecond
	b.startAgent("script-agent")
	b.send("m1", "hang")
	reason := func() (reason string) {
		b.await("the silence is shown", func(tx *store.Tx) bool {
			got, err := tx.Task(taskID)
			if err == nil {
				reason = got.ActivityReason
			}
			return err == nil && strings.Contains(reason, "no answer from the model for")
		})
		return reason
	}
	first := reason()
	b.await("it goes on", func(tx *store.Tx) bool {
		got, err := tx.Task(taskID)
		if err != nil {
			return false
		}
		status, _ := task.Shown(got)
		return status == api.StatusRunning && got.ActivityReason != first && strings.Contains(got.ActivityReason, "no answer")
	})
	b.crash()
	reason()
	if err := b.m.Stop(t.Context(), taskID); err != nil {
		t.Fatal(err)
	}
	b.awaitMessage("m1", api.MessageFailed)
	var quiet []bool
	err := b.store.View(t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, taskID, 10000)
		for _, e := range events {
			if e.Kind != api.EventSessionQuiet {
				continue
			}
			var data api.QuietEvent
			if err := json.Unmarshal(e.Data, &data); err != nil {
				return err
			}
			quiet = append(quiet, data.Quiet)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(quiet) < 2 || !quiet[0] || quiet[len(quiet)-1] {
		t.Errorf("events of silence: %v, want one that it began and one that it ended", quiet)
	}
}

// Waiting for a person is no silence.
func TestNoSilenceWhileAPersonIsAsked(t *testing.T) {
	b := newBench(t)
	b.quiet = time.Nanosecond
	b.startAgent("script-agent")
	b.send("m1", "ask")
	b.asked()
	b.send("m2", "5")
	b.awaitMessage("m1", api.MessageDone)
	b.awaitActivity(api.ActivityIdle)
}

// An agent that cannot take its conversation up again is told what was said.
func TestSummaryForANewConversation(t *testing.T) {
	b := newBench(t)
	b.startAgent("script-agent")
	b.send("m1", "the word is quagga")
	b.awaitMessage("m1", api.MessageDone)
	if err := b.m.Stop(t.Context(), taskID); err != nil {
		t.Fatal(err)
	}
	before := len(b.transcript(""))
	b.startAgent("script-agent")
	b.send("m3", "go on")
	b.awaitMessage("m3", api.MessageDone)
	b.send("m5", "and again")
	b.awaitMessage("m5", api.MessageDone)
	entries := b.transcript("")[before:]
	got := said(entries)
	if n := strings.Count(got, "User: the word is quagga"); n != 1 {
		t.Errorf("the agent was told %d times what was said: %s", n, got)
	}
	var users, notes []string
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // what people see of it
		case api.EntryUser:
			users = append(users, e.Text)
		case api.EntrySession:
			notes = append(notes, e.Text)
		}
	}
	if !slices.Equal(users, []string{"go on", "and again"}) {
		t.Errorf("the transcript has %q", users)
	}
	if !strings.Contains(strings.Join(notes, "\n"), "summary of the earlier conversation") {
		t.Errorf("nothing says that the agent got a summary: %q", notes)
	}
}

// Files go with their message, and one that is gone fails it.
func TestFilesGoWithAMessage(t *testing.T) {
	b := newBench(t)
	b.startAgent("script-agent")
	path := filepath.Join(b.dir, "1.txt")
	if err := os.WriteFile(path, []byte("in the file"), 0o600); err != nil {
		t.Fatal(err)
	}
	send := func(id, path string) {
		b.update(func(tx *store.Tx) error {
			return tx.PutMessage(&session.Message{
				ID: id, Task: taskID, Text: "blocks", State: api.MessageAccepted, CreatedAt: time.Now(),
				Attachments: []session.Attachment{{Attachment: api.Attachment{Name: "notes.txt", Type: "text/plain", Size: 11}, Path: path}},
			})
		})
		b.m.Wake(taskID)
	}
	send("m1", path)
	b.awaitMessage("m1", api.MessageDone)
	if got := said(b.transcript("")); !strings.Contains(got, "in the file") || !strings.Contains(got, "file://"+path) {
		t.Errorf("the agent got %s", got)
	}
	send("m2", filepath.Join(b.dir, "gone"))
	b.awaitMessage("m2", api.MessageFailed)
	b.send("m3", "blocks")
	b.awaitMessage("m3", api.MessageDone)
}
