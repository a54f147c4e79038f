package attach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const promptPlain = "> "

// conversation is one attached task. One goroutine runs it.
type conversation struct {
	c       talker
	s       screen
	env     func(context.Context) (api.Env, error)
	st      iostreams.Style
	printer *render.Transcript
	task    api.Task

	cursor string                  // of the last entry shown
	turn   string                  // in progress, "" for none
	open   []api.PermissionRequest // oldest first
	asking bool                    // whether to interrupt the turn
	asked  string                  // the question that stands before the person, "" for none
	moot   bool                    // it went away before they answered it
	echoed map[string]bool         // messages typed here that the agent took at once
	acted  bool                    // something was sent or answered
	form   form                    // the values of a question so far
}

func newConversation(c talker, s screen, opts *Options, task api.Task) *conversation {
	hints := ""
	if !s.keys() {
		hints = task.ID
	}
	st := opts.IO.OutStyle()
	return &conversation{
		c: c, s: s, env: opts.Env, st: st, task: task,
		printer: render.NewTranscript(s, st, hints, task.Path), echoed: map[string]bool{},
	}
}

// errDetached ends a conversation that the person leaves, errOver one with a
// task that has ended.
var (
	errDetached = errors.New("detached")
	errOver     = errors.New("the task has ended")
)

func (v *conversation) run(ctx context.Context) error {
	err := v.talk(ctx)
	err = errors.Join(v.printer.End(), err)
	v.s.prompt("") // nothing can be typed any more
	switch {
	case errors.Is(err, errDetached):
		v.s.say(v.st.Dim("detached; the task goes on"))
		return nil
	case errors.Is(err, errOver):
		return nil // and was said
	}
	return err
}

func (v *conversation) talk(ctx context.Context) error {
	if err := v.rest(ctx); err != nil { // all of it, by now
		return err
	}
	if v.s.keys() {
		v.s.say(v.st.Dim("── attached to task " + v.task.ID + ": " + sanitize.Line(v.task.Title)))
		v.s.say(v.st.Dim("── " + render.Status(&v.task) + " · Ctrl-C interrupts the turn, Ctrl-D detaches"))
	}
	v.ask()
	live, stop := context.WithCancel(ctx)
	defer stop()
	entries := follow.Pump(live, v.c.Transcript(live, v.task.ID, v.cursor, true)) // from where it was shown to
	events := follow.Pump(live, v.c.Events(live, client.EventFilter{After: v.task.LastEvent, Task: v.task.ID}))
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case next, ok := <-events:
			switch {
			case !ok:
				events = nil // the transcript says why
			case next.Err != nil:
				return next.Err
			default:
				if err := v.happened(ctx, &next.Value); err != nil {
					return err
				}
			}
		case next, ok := <-entries:
			if !ok {
				return errors.New("hfd ended the transcript")
			}
			if next.Err != nil {
				return next.Err
			}
			if err := v.show(next.Value); err != nil {
				return err
			}
			if next.Value.Kind == api.EntryExit {
				if err := v.over(ctx); err != nil {
					return err
				}
			}
			v.ask()
		case in, ok := <-v.s.inputs():
			if !ok {
				return v.finish(ctx, entries, stop)
			}
			if err := v.input(ctx, in); err != nil {
				return err
			}
		}
	}
}

// over is asked when the agent's process has ended: it may come back, unless
// its task has ended, too. Away from a terminal finish says how that went.
func (v *conversation) over(ctx context.Context) error {
	if !v.s.keys() {
		return nil
	}
	d, err := v.c.Task(ctx, v.task.ID, false)
	if err == nil && gone(&d.Task) {
		v.s.say(v.st.Dim("── " + render.Status(&d.Task)))
		err = errOver
	}
	return err
}

// gone reports whether a task is ended or parked, or about to be.
func gone(t *api.Task) bool {
	switch t.Lifecycle { //nolint:exhaustive // the others have an agent, or will
	case api.LifecycleKilling, api.LifecycleKilled, api.LifecycleArchiving, api.LifecycleArchived:
		return true
	}
	return false
}

// rest shows what the transcript has behind what was shown.
func (v *conversation) rest(ctx context.Context) error {
	for e, err := range v.c.Transcript(ctx, v.task.ID, v.cursor, false) {
		if err != nil {
			return err
		}
		if err := v.show(e); err != nil {
			return err
		}
	}
	return nil
}

// happened tells what becomes of the task and is in no transcript: a failed
// set-up, for one, has no agent that could tell of it.
func (v *conversation) happened(ctx context.Context, e *api.Event) error {
	var c api.TaskChange
	if e.Kind != api.EventTaskChanged || json.Unmarshal(e.Data, &c) != nil || c.Status == c.Was {
		return nil
	}
	now := render.Status(&api.Task{Status: c.Status, Reason: c.Reason})
	switch c.Status {
	case api.StatusError:
		v.s.say(v.st.Red("── " + now))
		v.s.say(v.st.Dim(fmt.Sprintf("hint: `hf show %[1]s` says more, `hf retry %[1]s` goes on from there", v.task.ID)))
	case api.StatusKilled, api.StatusArchived:
		if err := v.rest(ctx); err != nil {
			return err
		}
		v.s.say(v.st.Dim("── " + now))
		return errOver
	case api.StatusQueued, api.StatusProvisioning:
		v.s.say(v.st.Dim("── " + now))
	case api.StatusRunning, api.StatusWaiting, api.StatusIdle: // the transcript tells
	}
	return nil
}

// show shows an entry and remembers what it means for what may be typed.
func (v *conversation) show(e api.Entry) error {
	v.cursor = e.Cursor
	switch e.Kind { //nolint:exhaustive // the others change nothing
	case api.EntryUser:
		v.turn = e.Turn
		if v.echoed[e.Turn] {
			return nil // they just typed it
		}
	case api.EntryTurnEnd:
		v.turn, v.asking = "", false
	case api.EntryPermission, api.EntryQuestion:
		if e.Permission != nil { // nil: the turn ended with a question
			v.open = append(v.open, *e.Permission)
		}
	case api.EntryResolved:
		if e.Permission != nil { // nil: a question was answered
			v.close(e.Permission.ID)
		}
	case api.EntryExit:
		v.turn, v.open = "", nil
	}
	return v.printer.Print(e)
}

func (v *conversation) close(id string) {
	v.open = slices.DeleteFunc(v.open, func(p api.PermissionRequest) bool { return p.ID == id })
}

// ask shows what is asked of the person now.
func (v *conversation) ask() {
	before := v.asked
	switch {
	case v.asking:
		v.asked = "interrupt"
		v.s.prompt("interrupt the turn? [y/N] ")
	case len(v.open) > 0 && v.open[0].Kind == api.PermissionKindInput:
		v.asked = v.open[0].ID
		v.s.prompt(v.form.prompt(&v.open[0]))
	case len(v.open) > 0:
		p := v.open[0]
		v.asked = p.ID
		v.s.prompt(fmt.Sprintf("%s? (a allow, A always, d deny, or 1-%d) ", sanitize.Line(p.ID), len(p.Options)))
	default:
		v.asked = ""
		v.moot = v.moot || before != ""
		v.s.prompt(promptPlain)
	}
}

// input does what the person typed. Only an error that ends the conversation
// is returned; others are shown.
func (v *conversation) input(ctx context.Context, in input) error {
	err := v.do(ctx, in)
	var e *api.Error
	if errors.As(err, &e) && ctx.Err() == nil && (v.s.keys() || e.Code == api.CodeNotFound || e.Code == api.CodeConflict) {
		v.s.say(v.st.Red("hf: ") + sanitize.Text(e.Message))
		if e.Hint != "" {
			v.s.say(v.st.Dim("hint: " + sanitize.Text(e.Hint)))
		}
		err = nil
	}
	v.ask()
	return err
}

func (v *conversation) do(ctx context.Context, in input) error {
	line := strings.TrimSpace(in.line)
	moot := v.moot && v.s.keys() && v.asked == "" && isAnswer(line)
	v.moot, v.asked = false, ""
	switch {
	case moot: // the agent must not get a "y" that was meant for hf
		v.s.say(v.st.Dim("what this would answer is over; nothing was sent"))
		return nil
	case in.interrupt && v.asking, v.asking && isYes(line):
		v.asking = false
		return v.interrupt(ctx)
	case in.interrupt && v.turn == "":
		v.s.say(v.st.Dim("there is no turn to interrupt; Ctrl-D detaches"))
		return nil
	case in.interrupt:
		v.asking = true
		return nil
	case v.asking:
		v.asking = false
		return nil
	case v.s.keys() && len(v.open) > 0 && v.form.about(&v.open[0]) && !strings.HasPrefix(line, "/"):
		if text, done := v.form.fill(&v.open[0], line); done {
			return v.send(ctx, text)
		}
		return nil
	case line == "":
		return nil
	case strings.HasPrefix(line, "/"):
		if known, err := v.command(ctx, line); known {
			return err
		}
	case v.s.keys() && len(v.open) > 0 && v.open[0].Kind != api.PermissionKindInput && len(line) == 1:
		return v.key(ctx, line)
	}
	return v.send(ctx, line)
}

func isYes(s string) bool { return strings.EqualFold(s, "y") || strings.EqualFold(s, "yes") }

// isAnswer reports whether a line is one that hf's own questions ask for.
func isAnswer(s string) bool {
	return len(s) == 1 || isYes(s) || strings.EqualFold(s, "no")
}

// command carries out a line that begins with a slash, if it is one of hf's:
// agents have such commands of their own.
func (v *conversation) command(ctx context.Context, line string) (known bool, err error) {
	words := strings.Fields(line)
	id := ""
	if len(words) > 1 {
		id = words[1]
	}
	switch words[0] {
	case "/approve":
		return true, v.resolve(ctx, id, api.ResolvePermission{Allow: true})
	case "/deny":
		return true, v.resolve(ctx, id, api.ResolvePermission{})
	case "/interrupt":
		return true, v.interrupt(ctx)
	case "/detach":
		return true, errDetached
	}
	return false, nil
}

// key answers the oldest open request.
func (v *conversation) key(ctx context.Context, key string) error {
	p := v.open[0]
	switch key {
	case "a":
		return v.resolve(ctx, p.ID, api.ResolvePermission{Allow: true})
	case "A":
		return v.resolve(ctx, p.ID, api.ResolvePermission{Allow: true, Always: true})
	case "d":
		return v.resolve(ctx, p.ID, api.ResolvePermission{})
	}
	n, err := strconv.Atoi(key)
	if err != nil || n < 1 || n > len(p.Options) {
		// A slip of the finger is no message to the agent.
		v.s.say(v.st.Dim(fmt.Sprintf("%q is none of the answers; nothing was sent", key)))
		return nil
	}
	return v.resolve(ctx, p.ID, api.ResolvePermission{Option: p.Options[n-1].ID})
}

func (v *conversation) resolve(ctx context.Context, id string, in api.ResolvePermission) error {
	if id == "" {
		if len(v.open) == 0 {
			return &api.Error{Code: api.CodeNotFound, Message: "the agent asks for nothing"}
		}
		id = v.open[0].ID
	}
	if _, err := v.c.Resolve(ctx, v.task.ID, id, in); err != nil {
		return err
	}
	v.close(id)
	v.acted = true
	return nil
}

func (v *conversation) interrupt(ctx context.Context) error {
	_, err := v.c.Interrupt(ctx, v.task.ID, api.TaskAction{})
	if err == nil {
		v.s.say(v.st.Dim("interrupting the turn"))
	}
	return err
}

func (v *conversation) send(ctx context.Context, text string) error {
	env, err := v.env(ctx)
	if err != nil {
		return err
	}
	m, err := v.c.Send(ctx, v.task.ID, api.SendMessage{Text: text, Env: env})
	if err != nil {
		return err
	}
	v.acted = true
	switch {
	case m.State == api.MessageQueued:
		v.s.say(v.st.Dim("queued; the agent gets it when it can"))
	case v.s.keys():
		v.echoed[m.ID] = true
	}
	return nil
}

// finish comes after the end of input. On a terminal that is to detach. Else
// what follows from what was sent or allowed is still to come: it waits for the
// end of the turns and ends as they did.
func (v *conversation) finish(ctx context.Context, entries <-chan follow.Received[api.Entry], stop func()) error {
	if v.s.keys() || !v.acted {
		return errDetached
	}
	over := make(chan error, 1)
	go func() {
		_, err := follow.Until(ctx, v.c, v.task.ID, follow.Done, nil)
		over <- err
	}()
	var outcome error
	for waiting := true; waiting; {
		select {
		case outcome = <-over:
			waiting = false
		case next, ok := <-entries:
			if !ok {
				entries = nil // the outcome says why
				continue
			}
			if next.Err != nil {
				return next.Err
			}
			if err := v.show(next.Value); err != nil {
				return err
			}
		}
	}
	stop()
	// What the stream had read and not shown is behind the cursor, too.
	if err := v.rest(ctx); err != nil {
		return err
	}
	return outcome
}
