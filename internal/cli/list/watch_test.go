package list

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// changing is a daemon whose list changes.
type changing struct {
	clitest.Daemon

	mu     sync.Mutex
	reads  int
	filter client.TaskFilter
	tasks  []api.Task
	events chan api.Event
	err    error // of the events
}

func (d *changing) Tasks(_ context.Context, f client.TaskFilter) (api.TaskList, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	d.filter = f
	return api.TaskList{Tasks: append([]api.Task(nil), d.tasks...), Seq: 7}, nil
}

func (d *changing) Events(ctx context.Context, f client.EventFilter) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		for {
			select {
			case e := <-d.events:
				if f.After != 7 || f.Task != "" {
					d.err = errors.New("it follows from elsewhere")
				}
				if d.err != nil {
					yield(e, d.err)
					return
				}
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				yield(api.Event{}, context.Cause(ctx))
				return
			}
		}
	}
}

func (d *changing) become(kind api.EventKind, tasks ...api.Task) {
	d.mu.Lock()
	d.tasks = tasks
	d.mu.Unlock()
	d.events <- api.Event{Seq: 8, Kind: kind}
}

// screenBuffer may be read while it is written.
type screenBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screenBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screenBuffer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

// watching runs hf list --watch in a bubble of its own time.
func watching(t *testing.T, d *changing, tty bool, args []string, script func(out *screenBuffer)) error {
	t.Helper()
	var result error
	synctest.Test(t, func(t *testing.T) {
		d.events = make(chan api.Event)
		io, _, _, _ := iostreams.Test()
		out := &screenBuffer{}
		io.Out = out
		io.SetTTY(tty, tty, tty)
		io.SetHeight(7)
		ctx, cancel := context.WithCancel(t.Context())
		cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
			o.Client = func() (lister, error) { return d, nil }
			return Run(ctx, o)
		})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(append([]string{"--watch"}, args...))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			result = cmd.ExecuteContext(ctx)
		}()
		synctest.Wait()
		script(out)
		cancel()
		<-ended
	})
	return result
}

// bubble is when the time of synctest begins.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func task(id string, status api.Status) api.Task {
	return api.Task{ID: id, Title: "Title\x1b[2J of " + id, Status: status, Agent: "demo", CreatedAt: bubble}
}

// settle lets what follows an event happen.
func settle() {
	time.Sleep(gather)
	synctest.Wait()
}

func TestWatchAwayFromATerminal(t *testing.T) {
	d := &changing{tasks: []api.Task{task("a", "running"), task("b", "idle")}}
	gone := task("b", "killed")
	d.Details = []api.TaskDetail{{Task: gone}}
	err := watching(t, d, false, nil, func(out *screenBuffer) {
		if got := out.take(); got != "a  running  Title of a\nb  idle  Title of b\n" {
			t.Errorf("at first: %q", got)
		}
		d.become(api.EventSessionActivity, task("a", "waiting"), task("b", "idle"))
		settle()
		if got := out.take(); got != "a  waiting  Title of a\n" {
			t.Errorf("one changed: %q", got)
		}
		d.become(api.EventStepProgress, task("a", "idle"))
		settle()
		if got := out.take(); got != "" || d.reads != 2 {
			t.Errorf("an event that changes nothing: %q after %d reads", got, d.reads)
		}
		for range 100 {
			d.become(api.EventTaskChanged, task("a", "idle"), task("c", "queued"))
		}
		settle()
		if got := out.take(); got != "b  killed  Title of b\na  idle  Title of a\nc  queued  Title of c\n" || d.reads != 3 {
			t.Errorf("one left, one came: %q after %d reads", got, d.reads)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := out.take(); got != "" || d.reads != 3 {
			t.Errorf("nothing happened: %q after %d reads", got, d.reads)
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func TestWatchAsJSON(t *testing.T) {
	d := &changing{tasks: []api.Task{task("a", "running")}}
	_ = watching(t, d, false, []string{"--json=status"}, func(out *screenBuffer) {
		if got := out.take(); got != `{"status":"running"}`+"\n" || strings.Join(d.filter.Fields, ",") != "status,id" {
			t.Errorf("at first: %q of %q", got, d.filter.Fields)
		}
		d.become(api.EventSessionActivity, task("a", "idle"))
		settle()
		same := task("a", "idle")
		same.LastEvent, same.UpdatedAt = 99, time.Unix(1, 0)
		d.become(api.EventTaskChanged, same)
		settle()
		if got := out.take(); got != `{"status":"idle"}`+"\n" {
			t.Errorf("a change, and an event that changed nothing: %q", got)
		}
	})
}

func TestWatchOnATerminal(t *testing.T) {
	d := &changing{tasks: []api.Task{task("a", "waiting"), task("b", "running")}}
	var screen *screenBuffer
	_ = watching(t, d, true, nil, func(out *screenBuffer) {
		got := out.take()
		if !strings.HasPrefix(got, "\x1b[?1049h\x1b[?25l\x1b[H2 tasks, 1 waiting, 1 running; Ctrl-C ends") || !strings.Contains(got, "Title of b") {
			t.Errorf("at first: %q", got)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := out.take(); strings.Count(got, "\x1b[H") != 10 || d.reads != 1 || !strings.Contains(got, "10s") {
			t.Errorf("ten seconds later: %q after %d reads", got, d.reads)
		}
		d.become(api.EventTaskCreated, task("a", "idle"), task("b", "idle"), task("c", "idle"), task("d", "idle"), task("e", "idle"))
		settle()
		if got := out.take(); !strings.Contains(got, "… and 3 more") || strings.Count(got, "\n") != 6 || strings.Contains(got, "Title of d") {
			t.Errorf("more than the screen has room for: %q", got)
		}
		screen = out
	})
	if got := screen.take(); got != "\x1b[?25h\x1b[?1049l" {
		t.Errorf("at the end: %q", got)
	}
}

func TestWatchEndsWithTheEvents(t *testing.T) {
	d := &changing{err: &api.Error{Code: api.CodeUnavailable, Message: "gone"}}
	err := watching(t, d, true, nil, func(*screenBuffer) {
		d.become(api.EventTaskChanged)
		synctest.Wait()
	})
	if !api.IsCode(err, api.CodeUnavailable) {
		t.Errorf("it ended with %v", err)
	}
}

func TestWatchOnATerminalThatCannotDraw(t *testing.T) {
	d := &changing{tasks: []api.Task{task("a", "running")}}
	io, _, out, _ := iostreams.Test()
	io.SetTTY(true, true, true)
	io.SetDumb(true)
	ended, cancel := context.WithCancel(t.Context())
	opts := &Options{IO: io, Now: time.Now, Watch: true, Client: func() (lister, error) { cancel(); return d, nil }}
	if err := Run(ended, opts); !errors.Is(err, context.Canceled) || out.String() != "a  running  Title of a\n" {
		t.Errorf("%v, %q", err, out)
	}
}
