// Package wait is `hf wait`.
package wait

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Client  func() (follow.Watcher, error)
	Output  *output.Flags
	Tasks   []string
	For     follow.Target
	Timeout time.Duration
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (follow.Watcher, error) { return f.Client() }}
	var target string
	cmd := &cobra.Command{
		Use:   "wait TASK...",
		Short: "Wait until tasks are done",
		Long: `Wait until all the tasks are where --for says:

  done     the turn and the check are over, nothing is queued (default)
  idle     the same without the check
  waiting  a person is needed: a permission, an answer, a usage limit
  exit     the agent process has ended

The exit code says how the tasks did, that of the first task that did not do well:
3 the agent failed, 5 the check failed, 8 it needs a permission or an answer,
9 a usage limit, 11 it cannot come there any more, 124 --timeout.`,
		Example: `  hf wait k3f9
  hf wait --for waiting --timeout 5m k3f9 && hf approve k3f9`,
		Args:              args.AtLeast("TASK"),
		ValidArgsFunction: complete.Tasks(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(follow.Targets(), target) {
				return exitcode.Usagef("--for is one of %s, not %q", strings.Join(follow.Targets(), ", "), target)
			}
			if opts.Timeout < 0 {
				return exitcode.Usagef("--timeout is negative")
			}
			opts.For = follow.Target(target)
			opts.Tasks = factory.Tasks(args)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&target, "for", string(follow.Done), "what to wait for: `done, idle, waiting or exit`")
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "stop waiting after this `duration`")
	complete.Flag(cmd, "for", complete.Fixed(follow.Targets()...))
	complete.Flag(cmd, "timeout", complete.Nothing)
	opts.Output = output.Add(cmd, f, api.Task{}, "one object, or an array for several tasks")
	return cmd
}

// result is where one task ended.
type result struct {
	task api.Task
	err  error
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	limited, cancel := follow.Timeout(ctx, opts.Timeout, "")
	defer cancel()
	results := opts.all(limited, c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := opts.print(ctx, results); err != nil {
		return err
	}
	for _, r := range results {
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// errOther ends the waits for the other tasks when a name means nothing.
var errOther = errors.New("another task was not found")

// all waits for every task at once. A name that means nothing ends all of it.
func (o *Options) all(ctx context.Context, c follow.Watcher) []result {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var notices func(*api.TaskDetail)
	if o.For != follow.Waiting {
		notices = serial(follow.Notices(o.IO))
	}
	results := make([]result, len(o.Tasks))
	var wg sync.WaitGroup
	for i, task := range o.Tasks {
		wg.Go(func() {
			d, err := follow.Until(ctx, c, task, o.For, notices)
			results[i] = result{d.Task, err}
			if d.ID == "" && err != nil {
				cancel(errOther)
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(results, func(r result) bool { return errors.Is(r.err, errOther) })
}

func serial(f func(*api.TaskDetail)) func(*api.TaskDetail) {
	var mu sync.Mutex
	return func(d *api.TaskDetail) {
		mu.Lock()
		defer mu.Unlock()
		f(d)
	}
}

func (o *Options) print(ctx context.Context, results []result) error {
	var found []api.Task
	for _, r := range results {
		if r.task.ID != "" {
			found = append(found, r.task)
		}
	}
	if o.Output.On() {
		if len(o.Tasks) == 1 && len(found) == 1 {
			return o.Output.Write(ctx, found[0])
		}
		return o.Output.Write(ctx, append([]api.Task{}, found...))
	}
	st := o.IO.OutStyle()
	for i := range found {
		t := &found[i]
		line := fmt.Sprintf("%s  %s  %s", t.ID, render.StatusStyle(st, t.Status)(render.Status(t)), sanitize.Line(t.Title))
		if _, err := fmt.Fprintln(o.IO.Out, line); err != nil {
			return err
		}
	}
	return nil
}
