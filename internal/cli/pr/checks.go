package pr

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// checksOptions is one parsed call of checks.
type checksOptions struct {
	options
	watch bool
	every time.Duration
}

func newChecks(f *factory.Factory) *cobra.Command {
	o := &checksOptions{options: newOptions(f)}
	cmd := &cobra.Command{
		Use:   "checks [TASK]",
		Short: "Show the checks of a task's pull request",
		Long: `Show the checks of a task's pull request. The exit code is 0 when they passed or
there are none, 5 when one failed, and 8 while one is yet to end. --watch waits
for the end of all, and says meanwhile which ended.`,
		Example: `  hf pr checks k3f9
  hf pr checks --watch && hf merge .`,
	}
	cmd.Flags().BoolVar(&o.watch, "watch", false, "wait until all have ended")
	cmd.Flags().DurationVarP(&o.every, "interval", "i", 10*time.Second, "how often to look with --watch, a `duration`")
	o.output = output.Add(cmd, f, api.CheckRun{}, output.Array)
	return forTask(cmd, f, &o.options, o.run)
}

func (o *checksOptions) run(ctx context.Context) error {
	if o.every < time.Second {
		return exitcode.Usagef("--interval must be at least 1s")
	}
	c, err := o.client()
	if err != nil {
		return err
	}
	p, err := o.look(ctx, c)
	if err == nil && o.watch {
		p, err = o.untilEnded(ctx, c, p)
	}
	if err != nil {
		return err
	}
	if o.output.On() {
		err = o.output.Write(ctx, append([]api.CheckRun{}, p.CheckRuns...))
	} else {
		err = o.print(&p)
	}
	if err != nil {
		return err
	}
	switch p.Checks {
	case api.ChecksFail:
		return exitcode.SilentError(exitcode.Check)
	case api.ChecksPending:
		return exitcode.SilentError(exitcode.Waiting)
	case api.ChecksPass, api.ChecksNone:
	}
	return nil
}

// pending reports whether a check is yet to end, also when another one failed.
func pending(p *api.PullRequest) bool {
	return p.Checks == api.ChecksPending ||
		slices.ContainsFunc(p.CheckRuns, func(c api.CheckRun) bool { return c.State == api.ChecksPending })
}

// untilEnded looks until no check is pending: every so often, and when hfd saw a
// change.
func (o *checksOptions) untilEnded(ctx context.Context, c puller, p api.PullRequest) (api.PullRequest, error) {
	d, err := c.Task(ctx, o.task, false)
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := follow.Pump(ctx, c.Events(ctx, client.EventFilter{After: d.LastEvent, Task: d.ID}))
	ticker := time.NewTicker(o.every)
	defer ticker.Stop()
	for pending(&p) {
		select {
		case next, ok := <-events:
			switch {
			case !ok:
				events = nil // the ticker goes on
				continue
			case next.Err != nil:
				return p, next.Err
			case !checksEnded(&next.Value):
				continue
			}
		case <-ticker.C:
		case <-ctx.Done():
			return p, context.Cause(ctx)
		}
		had := p
		if p, err = o.look(ctx, c); err != nil {
			return p, err
		}
		o.news(&had, &p)
	}
	return p, nil
}

// checksEnded reports whether an event says something of checks.
func checksEnded(e *api.Event) bool {
	var p api.PullRequestEvent
	return e.Kind == api.EventPullRequestChanged && json.Unmarshal(e.Data, &p) == nil
}

// news says on the side which checks ended.
func (o *checksOptions) news(had, has *api.PullRequest) {
	st := o.io.ErrStyle()
	for i := range has.CheckRuns {
		r := &has.CheckRuns[i]
		j := slices.IndexFunc(had.CheckRuns, func(c api.CheckRun) bool { return c.FullName() == r.FullName() })
		if r.State != api.ChecksPending && (j < 0 || had.CheckRuns[j].State != r.State) {
			_, _ = fmt.Fprintln(o.io.Err, mark(st, r.State)+" "+sanitize.Line(r.FullName())) // progress only
		}
	}
}

func mark(st iostreams.Style, s api.ChecksState) string {
	return markStyle(st, s)(render.ChecksMark(s))
}

func markStyle(st iostreams.Style, s api.ChecksState) func(string) string {
	switch s {
	case api.ChecksPass:
		return st.Green
	case api.ChecksFail:
		return st.Red
	case api.ChecksPending:
		return st.Yellow
	case api.ChecksNone:
	}
	return st.Dim
}

func (o *checksOptions) print(p *api.PullRequest) error {
	if len(p.CheckRuns) == 0 {
		_, err := fmt.Fprintf(o.io.Err, "#%d has no checks.\n", p.Number)
		return err
	}
	width, st := 0, o.io.OutStyle()
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	order := map[api.ChecksState]int{api.ChecksFail: 0, api.ChecksPending: 1}
	runs := slices.Clone(p.CheckRuns)
	slices.SortStableFunc(runs, func(a, b api.CheckRun) int {
		rank := func(c api.CheckRun) int {
			if n, ok := order[c.State]; ok {
				return n
			}
			return 2
		}
		return rank(a) - rank(b)
	})
	tb := table.New(width, st.Dim)
	for i := range runs {
		r := &runs[i]
		result := r.Result
		if result == "" {
			result = string(r.State)
		}
		tb.Cells(
			table.Cell{Text: render.ChecksMark(r.State), Style: markStyle(st, r.State)},
			table.Cell{Text: r.FullName()},
			table.Cell{Text: result},
			table.Cell{Text: r.URL, Style: st.Dim},
		)
	}
	return tb.Render(o.io.Out)
}
