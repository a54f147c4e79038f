package list

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/wrap"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const (
	// gather is how long after an event the list is read: what happens at once
	// is shown at once.
	gather = 50 * time.Millisecond
	// tick is how often ages are drawn anew. hfd is not asked for that.
	tick = time.Second
)

// viewer shows a list that changes.
type viewer interface {
	// show shows the list as it now is.
	show(tasks []api.Task) error
	// left shows a task that is in the list no longer.
	left(t *api.Task) error
	// passes is called as time passes.
	passes() error
	close() error
}

// watch shows the list until ctx ends. It is read again when an event says
// that something may have changed, and never else.
func watch(ctx context.Context, opts *Options, c lister, filter client.TaskFilter) (err error) {
	ctx, cancel := context.WithCancel(opts.IO.WhileRead(ctx))
	defer cancel()
	if filter.Fields != nil && !slices.Contains(filter.Fields, "id") {
		filter.Fields = append(slices.Clone(filter.Fields), "id")
	}
	v := newViewer(ctx, opts)
	defer func() { err = errors.Join(err, v.close()) }()
	l, err := c.Tasks(ctx, filter)
	if err != nil {
		return err
	}
	if err := v.show(l.Tasks); err != nil {
		return err
	}
	events := follow.Pump(ctx, c.Events(ctx, client.EventFilter{After: l.Seq}))
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var due <-chan time.Time
	for {
		select {
		case next, ok := <-events:
			switch {
			case !ok && ctx.Err() != nil:
				return context.Cause(ctx)
			case !ok:
				return errors.New("hfd ended the stream of events")
			case next.Err != nil:
				return next.Err
			case due == nil && follow.Matters(next.Value.Kind):
				due = time.After(gather)
			}
		case <-due:
			due = nil
			had := l.Tasks
			if l, err = c.Tasks(ctx, filter); err != nil {
				return err
			}
			if err := farewell(ctx, c, v, had, l.Tasks); err != nil {
				return err
			}
			if err := v.show(l.Tasks); err != nil {
				return err
			}
		case <-ticker.C:
			if err := v.passes(); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// farewell shows the tasks that were in the list and are not any more.
func farewell(ctx context.Context, c lister, v viewer, had, has []api.Task) error {
	for i := range had {
		id := had[i].ID
		if slices.ContainsFunc(has, func(t api.Task) bool { return t.ID == id }) {
			continue
		}
		d, err := c.Task(ctx, id, false)
		if api.IsCode(err, api.CodeNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := v.left(&d.Task); err != nil {
			return err
		}
	}
	return nil
}

func newViewer(ctx context.Context, opts *Options) viewer {
	switch {
	case opts.Output.On():
		return &lines{told: map[string]string{}, text: asJSON(opts.Output.Fields()), print: documents{opts.Output.Stream(ctx)}}
	case opts.IO.CanDraw():
		return &screen{opts: opts}
	}
	return &lines{told: map[string]string{}, text: asText, print: plain{opts.IO}}
}

// lines shows every task on a line of its own, and again when that changes.
type lines struct {
	told  map[string]string // by task: the text of it that was shown last
	text  func(t *api.Task) (string, error)
	print printer
}

// printer prints a task; text is what its line is told by.
type printer interface {
	task(t *api.Task, text string) error
	close() error
}

func (l *lines) show(tasks []api.Task) error {
	for i := range tasks {
		if err := l.one(&tasks[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *lines) one(t *api.Task) error {
	text, err := l.text(t)
	if err != nil || l.told[t.ID] == text {
		return err
	}
	l.told[t.ID] = text
	return l.print.task(t, text)
}

func (l *lines) left(t *api.Task) error {
	err := l.one(t)
	delete(l.told, t.ID)
	return err
}

func (l *lines) passes() error { return nil }
func (l *lines) close() error  { return l.print.close() }

func asText(t *api.Task) (string, error) {
	return t.ID + "  " + render.Status(t) + "  " + sanitize.Line(t.Title), nil
}

// asJSON is what a task's document is told by: all of it but what changes with
// every event, unless that was chosen.
func asJSON(fields []string) func(*api.Task) (string, error) {
	return func(t *api.Task) (string, error) {
		told := *t
		if !slices.Contains(fields, "lastEvent") {
			told.LastEvent = 0
		}
		if !slices.Contains(fields, "updatedAt") {
			told.UpdatedAt = time.Time{}
		}
		b, err := json.Marshal(told)
		return string(b), err
	}
}

type plain struct{ io *iostreams.IOStreams }

func (p plain) task(_ *api.Task, text string) error {
	_, err := io.WriteString(p.io.Out, text+"\n")
	return err
}

func (p plain) close() error { return nil }

type documents struct{ stream *output.Stream }

func (d documents) task(t *api.Task, _ string) error { return d.stream.Write(t) }
func (d documents) close() error                     { return d.stream.Close() }

// screen draws the list on the terminal's second screen, so that the first is
// as it was afterwards.
type screen struct {
	opts  *Options
	tasks []api.Task
	drawn string
}

func (s *screen) show(tasks []api.Task) error {
	s.tasks = tasks
	return s.draw()
}

func (s *screen) left(*api.Task) error { return nil }
func (s *screen) passes() error        { return s.draw() } // ages, and the terminal's size

func (s *screen) draw() error {
	var table strings.Builder
	if err := show(s.opts, &table, s.tasks); err != nil {
		return err
	}
	head := s.opts.IO.OutStyle().Dim(render.Count(len(s.tasks), "task") + counts(s.tasks) + "; Ctrl-C ends")
	text := fit(head+"\n\n"+table.String(), s.opts.IO.Width(), s.opts.IO.Height())
	if text == s.drawn {
		return nil
	}
	begin := ""
	if s.drawn == "" {
		begin = "\x1b[?1049h\x1b[?25l"
	}
	s.drawn = text
	_, err := io.WriteString(s.opts.IO.Out, begin+"\x1b[H"+strings.ReplaceAll(text, "\n", "\x1b[K\r\n")+"\x1b[J")
	return err
}

func (s *screen) close() error {
	if s.drawn == "" {
		return nil
	}
	_, err := io.WriteString(s.opts.IO.Out, "\x1b[?25h\x1b[?1049l")
	return err
}

// counts says how many tasks wait and how many work.
func counts(tasks []api.Task) string {
	n := map[api.Status]int{}
	for i := range tasks {
		n[tasks[i].Status]++
	}
	var b strings.Builder
	for _, status := range []api.Status{api.StatusWaiting, api.StatusRunning, api.StatusError} {
		if n[status] > 0 {
			fmt.Fprintf(&b, ", %d %s", n[status], status)
		}
	}
	return b.String()
}

// fit keeps to the columns and lines of a screen, whose last one stays free, and
// says how many tasks are below.
func fit(text string, width, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = wrap.Cut(lines[i], width)
	}
	most := max(height-1, 4)
	if len(lines) > most {
		below := len(lines) - most + 1
		lines = append(lines[:most-1], fmt.Sprintf("… and %d more", below))
	}
	return strings.Join(lines, "\n") + "\n"
}
