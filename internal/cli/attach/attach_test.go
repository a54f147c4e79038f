package attach

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// fakeScreen is a terminal without one.
type fakeScreen struct {
	mu   sync.Mutex
	text strings.Builder
	last string // prompt
	ch   chan input
	tty  bool
}

func (f *fakeScreen) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.Write(b)
}

func (f *fakeScreen) say(line string) {
	_, _ = f.Write([]byte(line + "\n"))
}

func (f *fakeScreen) prompt(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = text
}

func (f *fakeScreen) shown() (text, prompt string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String(), f.last
}

func (f *fakeScreen) inputs() <-chan input { return f.ch }
func (f *fakeScreen) keys() bool           { return f.tty }
func (f *fakeScreen) close()               {}

// attached is a conversation in a bubble of its own.
type attached struct {
	*testing.T
	d     *clitest.Daemon
	s     *fakeScreen
	ended chan error
}

func attach(t *testing.T, d *clitest.Daemon, tty bool, body func(a *attached)) {
	synctest.Test(t, func(t *testing.T) {
		if d.Live == nil {
			d.Live = make(chan api.Entry)
		}
		io, _, _, _ := iostreams.Test()
		a := &attached{T: t, d: d, s: &fakeScreen{ch: make(chan input), tty: tty}, ended: make(chan error, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		v := newConversation(d, a.s, &Options{IO: io, Env: clitest.Env}, api.Task{ID: "k3f9", Status: api.StatusRunning})
		go func() { a.ended <- v.run(ctx) }()
		synctest.Wait()
		body(a)
		cancel()
		synctest.Wait()
	})
}

func (a *attached) types(line string) {
	a.s.ch <- input{line: line}
	synctest.Wait()
}

func (a *attached) agent(e api.Entry) {
	a.d.Live <- e
	synctest.Wait()
}

func (a *attached) asked(want ...string) {
	a.Helper()
	if got := a.d.Calls(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		a.Errorf("asked %q, want %q", got, want)
	}
}

func (a *attached) sees(want string) {
	a.Helper()
	if text, _ := a.s.shown(); !strings.Contains(text, want) {
		a.Errorf("%q is not in:\n%s", want, text)
	}
}

func (a *attached) prompted(want string) {
	a.Helper()
	if _, prompt := a.s.shown(); prompt != want {
		a.Errorf("the prompt is %q, want %q", prompt, want)
	}
}

func request(id string) *api.PermissionRequest {
	return &api.PermissionRequest{ID: id, Title: "Run ls", Options: []api.PermissionOption{{ID: "yes", Name: "Yes"}, {ID: "no", Name: "No"}}}
}

func TestConversation(t *testing.T) {
	d := &clitest.Daemon{
		Entries: []api.Entry{{Cursor: "1", Kind: api.EntryUser, Turn: "m0", Text: "before"}, {Cursor: "2", Kind: api.EntryTurnEnd, StopReason: api.StopEndTurn}},
		Sent:    api.Message{ID: "m1", State: api.MessageAccepted},
	}
	attach(t, d, true, func(a *attached) {
		a.sees("› before")
		a.prompted("> ")
		a.types("  do it ")
		a.asked("send k3f9 do it")
		a.agent(api.Entry{Cursor: "3", Kind: api.EntryUser, Turn: "m1", Text: "do it"})
		if text, _ := a.s.shown(); strings.Contains(text, "› do it") {
			a.Error("what was typed is shown twice")
		}
		a.agent(api.Entry{Cursor: "4", Kind: api.EntryText, Text: "working"})
		a.sees("working")
		a.types("")
		a.types("/compact")
		a.asked("send k3f9 do it", "send k3f9 /compact")
		close(a.s.ch)
		if err := <-a.ended; err != nil {
			a.Errorf("detaching: %v", err)
		}
		a.sees("detached")
	})
}

// A question takes what is typed as its answer, keys too, and a form asks for
// one value after the other.
func TestQuestionsAreAnswered(t *testing.T) {
	question := func(id string, fields ...api.QuestionField) *api.PermissionRequest {
		return &api.PermissionRequest{
			ID: id, Title: "Well?", Kind: api.PermissionKindInput, Question: &api.Question{Fields: fields},
			Options: []api.PermissionOption{{ID: "decline", Kind: "reject_once", Name: "Decline"}},
		}
	}
	d := &clitest.Daemon{Sent: api.Message{ID: "m1", State: api.MessageAccepted}}
	attach(t, d, true, func(a *attached) {
		one := question("q1", api.QuestionField{Name: "color", Type: "string", Required: true})
		a.agent(api.Entry{Cursor: "1", Kind: api.EntryQuestion, Text: "Well?", Permission: one})
		a.prompted("answer (/deny declines) > ")
		a.types("a")
		a.asked("send k3f9 a")
		a.agent(api.Entry{Cursor: "2", Kind: api.EntryResolved, Text: "a", Permission: one})
		a.prompted("> ")

		form := question("q2", api.QuestionField{Name: "name", Type: "string", Required: true}, api.QuestionField{Name: "age", Type: "integer"})
		a.agent(api.Entry{Cursor: "3", Kind: api.EntryQuestion, Text: "Who?", Permission: form})
		a.prompted("name (string) > ")
		a.types("")
		a.prompted("name (string) > ")
		a.types("Ada")
		a.prompted("age (integer, may be left out) > ")
		a.types("")
		a.asked("send k3f9 a", "send k3f9 name: Ada")
		a.types("/deny")
		a.asked("send k3f9 a", "send k3f9 name: Ada", `resolve k3f9 q2 {"allow":false}`)
	})
}

func TestPermissionsAreAnsweredByKeys(t *testing.T) {
	d := &clitest.Daemon{Entries: []api.Entry{
		{Cursor: "1", Kind: api.EntryPermission, Permission: request("old")},
		{Cursor: "2", Kind: api.EntryResolved, Permission: &api.PermissionRequest{ID: "old", State: api.PermissionAllowed}},
	}}
	attach(t, d, true, func(a *attached) {
		a.types("a")
		a.asked("send k3f9 a") // nothing is open: it is a message
		for i, id := range []string{"p1", "p2", "p3", "p4"} {
			a.agent(api.Entry{Cursor: "c" + id, Kind: api.EntryPermission, Permission: request(id)})
			if i == 0 {
				a.prompted("p1? (a allow, A always, d deny, or 1-2) ")
			}
		}
		a.types("a")
		a.types("A")
		a.types("d")
		a.types("2")
		a.asked("send k3f9 a", `resolve k3f9 p1 {"allow":true}`, `resolve k3f9 p2 {"allow":true,"always":true}`,
			`resolve k3f9 p3 {"allow":false}`, `resolve k3f9 p4 {"allow":false,"option":"no"}`)
		a.prompted("> ")
		a.types("/approve")
		a.sees("the agent asks for nothing")
	})
}

func TestInterruptAsks(t *testing.T) {
	attach(t, &clitest.Daemon{}, true, func(a *attached) {
		press := func() {
			a.s.ch <- input{interrupt: true}
			synctest.Wait()
		}
		press()
		a.sees("no turn to interrupt")
		a.agent(api.Entry{Cursor: "1", Kind: api.EntryUser, Turn: "m1"})
		press()
		a.prompted("interrupt the turn? [y/N] ")
		a.types("n")
		a.prompted("> ")
		a.asked()
		press()
		a.types("y")
		a.asked("interrupt k3f9")
		press()
		press()
		a.asked("interrupt k3f9", "interrupt k3f9")
		press()
		a.agent(api.Entry{Cursor: "2", Kind: api.EntryTurnEnd, StopReason: api.StopEndTurn})
		a.prompted("> ") // too late to ask
		a.types("y")     // and no message to the agent
		a.sees("nothing was sent")
		a.agent(api.Entry{Cursor: "3", Kind: api.EntryResolved, Text: "a question was answered"})
		a.asked("interrupt k3f9", "interrupt k3f9")
	})
}

func TestLinesAwayFromATerminal(t *testing.T) {
	failed := api.TaskDetail{Task: api.Task{ID: "k3f9", Status: api.StatusIdle, Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle, Result: &api.TurnResult{StopReason: api.StopError}}}
	d := &clitest.Daemon{Details: []api.TaskDetail{failed}}
	attach(t, d, false, func(a *attached) {
		a.agent(api.Entry{Cursor: "1", Kind: api.EntryPermission, Permission: request("p1")})
		a.sees("`hf approve k3f9 p1`")
		a.types("a")
		a.types("/deny")
		a.types("/approve p9")
		a.types("/interrupt")
		a.asked("send k3f9 a", `resolve k3f9 p1 {"allow":false}`, `resolve k3f9 p9 {"allow":true}`, "interrupt k3f9")
		close(a.s.ch)
		if err := <-a.ended; exitcode.For(err) != exitcode.Agent {
			a.Errorf("the outcome is %v", err)
		}
	})
	attach(t, &clitest.Daemon{}, false, func(a *attached) {
		a.types("/detach")
		if err := <-a.ended; err != nil {
			a.Errorf("detaching: %v", err)
		}
	})
}

func TestErrorsOfAnAnswerDoNotEndIt(t *testing.T) {
	d := &clitest.Daemon{Err: &api.Error{Code: api.CodeConflict, Message: "it is killed", Hint: "give up"}}
	attach(t, d, true, func(a *attached) {
		a.types("hello")
		a.sees("hf: it is killed\nhint: give up\n")
		a.types("again")
		a.asked("send k3f9 hello", "send k3f9 again")
	})
	d = &clitest.Daemon{Err: errors.New("gone")}
	attach(t, d, true, func(a *attached) {
		a.types("hello")
		if err := <-a.ended; err == nil || err.Error() != "gone" {
			a.Errorf("err = %v", err)
		}
	})
}

func TestWhatBecomesOfTheTaskIsTold(t *testing.T) {
	change := func(seq int64, was, now api.Status, reason string) api.Event {
		return clitest.Event(seq, api.EventTaskChanged, api.TaskChange{Was: was, Status: now, Reason: reason})
	}
	d := &clitest.Daemon{Log: []api.Event{
		change(1, "queued", "provisioning", "name"),
		change(2, "provisioning", "provisioning", "setup"),
		change(3, "provisioning", "error", "setup: npm \x1b[2Jfailed"),
	}}
	attach(t, d, true, func(a *attached) {
		a.sees("── provisioning (name)\n── error (setup: npm failed)\nhint: ")
		a.sees("`hf retry k3f9`")
	})
	d = &clitest.Daemon{
		Log:     []api.Event{change(1, "running", "killed", "")},
		Entries: []api.Entry{{Cursor: "1", Kind: api.EntryText, Text: "the last word\n"}},
	}
	attach(t, d, true, func(a *attached) {
		if err := <-a.ended; err != nil {
			a.Errorf("the end of the task is an error: %v", err)
		}
		a.sees("the last word\n")
		a.sees("── killed")
	})
}

func TestASlipOfTheFingerIsNoMessage(t *testing.T) {
	d := &clitest.Daemon{Entries: []api.Entry{{Cursor: "1", Kind: api.EntryPermission, Permission: request("p1")}}}
	attach(t, d, true, func(a *attached) {
		a.types("x")
		a.types("3")
		a.asked()
		a.sees(`"x" is none of the answers; nothing was sent`)
		a.types("why do you ask?")
		a.asked("send k3f9 why do you ask?")
	})
}

func TestKillEndsIt(t *testing.T) {
	killed := api.TaskDetail{Task: api.Task{ID: "k3f9", Lifecycle: api.LifecycleKilling, Status: api.StatusRunning, Reason: "killing"}}
	attach(t, &clitest.Daemon{Details: []api.TaskDetail{killed}}, true, func(a *attached) {
		a.agent(api.Entry{Kind: api.EntryExit, Exit: &api.ExitEvent{Signal: "SIGTERM"}})
		a.sees("── running (killing)")
		select {
		case err := <-a.ended:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("it goes on")
		}
	})
}

func TestAgentThatEndsAloneCanBeTalkedTo(t *testing.T) {
	ready := api.TaskDetail{Task: api.Task{ID: "k3f9", Lifecycle: api.LifecycleReady}}
	attach(t, &clitest.Daemon{Details: []api.TaskDetail{ready}}, true, func(a *attached) {
		a.agent(api.Entry{Kind: api.EntryExit, Exit: &api.ExitEvent{Signal: "SIGKILL"}})
		a.types("go on")
		a.asked("send k3f9 go on")
	})
}

func TestKilledTaskCannotBeAttachedTo(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	d := &clitest.Daemon{Details: []api.TaskDetail{{Task: api.Task{ID: "k3f9", Lifecycle: api.LifecycleKilled, Status: api.StatusKilled}}}}
	err := run(t.Context(), &Options{IO: io, Task: "k3f9", Client: func() (talker, error) { return d, nil }})
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.CodeConflict || !strings.Contains(e.Hint, "hf logs k3f9") {
		t.Errorf("got %v", err)
	}
}
