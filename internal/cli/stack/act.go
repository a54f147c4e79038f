package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// verb makes a command of an action: flags that all of them have, and what
// turns its arguments into the action.
func verb(f *factory.Factory, cmd *cobra.Command, opts *options, run runFunc, parse func(args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := parse(args); err != nil {
			return err
		}
		opts.action.Repo = factory.Repo(opts.repo)
		return run(cmd.Context(), opts)
	}
	cmd.Flags().BoolVar(&opts.noWait, "no-wait", false, "return as soon as it is accepted")
	cmd.Flags().BoolVarP(&opts.verbose, "verbose", "v", false, "say which git-spice does it, too")
	opts.output = output.Add(cmd, f, api.StackReport{})
	return cmd
}

// inRepo adds the flag for actions that need name no task.
func inRepo(f *factory.Factory, cmd *cobra.Command, opts *options) {
	cmd.Flags().StringVarP(&opts.repo, "repo", "R", "", "the `repo`, where no task is named; else that of the current directory")
	complete.Flag(cmd, "repo", complete.Repos(f, -1))
}

// atOnce adds the flag for actions that would wait for agents.
func atOnce(cmd *cobra.Command, opts *options) {
	cmd.Flags().BoolVar(&opts.action.Now, "now", false, "do not wait for agents in the middle of a turn")
}

// named is the task or branch that arguments begin with, the one of the current
// directory where there is none.
func named(args []string) string {
	if len(args) == 0 {
		return api.TaskOfCwd
	}
	return factory.Task(args[0])
}

// optional is the task or branch that arguments begin with, if there is one.
func optional(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return factory.Task(args[0])
}

// act asks for the action, follows it and says what came of each branch.
func act(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	if opts.action.Env, err = opts.env(ctx); err != nil {
		return err
	}
	a, err := c.StackAction(ctx, opts.action)
	if err != nil {
		return unnamed(opts.action.Task, err)
	}
	if opts.noWait {
		if opts.output.On() {
			return opts.output.Write(ctx, api.StackReport{Action: opts.action.Action, Operation: a.Operation.ID, Branches: []api.StackResult{}})
		}
		_, err := fmt.Fprintln(opts.io.Out, a.Operation.ID)
		return err
	}
	op, err := follow.Operation(ctx, c, opts.io, api.Accepted{Operation: &a.Operation, Seq: a.Seq})
	if err != nil {
		return err
	}
	d, err := c.Operation(ctx, a.Operation.ID)
	if err != nil {
		return err
	}
	if d.Stack != nil {
		err = opts.print(ctx, d.Stack)
	}
	if op.Error != nil {
		return errors.Join(err, op.Error)
	}
	return err
}

// unnamed explains that the current directory names no task.
func unnamed(task string, err error) error {
	if task != api.TaskOfCwd || !api.IsCode(err, api.CodeNotFound) {
		return err
	}
	return &exitcode.UsageError{Message: err.Error(), Hint: "name a task or a branch"}
}

func (o *options) print(ctx context.Context, r *api.StackReport) error {
	if o.output.On() {
		return o.output.Write(ctx, r)
	}
	o.name(r.GitSpice)
	st := o.io.OutStyle()
	width := 0
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	tb := table.New(width, st.Dim)
	for i := range r.Branches {
		tb.Cells(line(st, &r.Branches[i])...)
	}
	if err := tb.Render(o.io.Out); err != nil {
		return err
	}
	for _, n := range r.Notes {
		if _, err := fmt.Fprintf(o.io.Err, "note: %s\n", sanitize.Line(n)); err != nil {
			return err
		}
	}
	return nil
}

// name says which git-spice it is, where somebody wants to know or must.
func (o *options) name(g *api.GitSpice) {
	if g == nil {
		return
	}
	if o.verbose {
		_, _ = fmt.Fprintf(o.io.Err, "git-spice %s (%s)\n", sanitize.Line(g.Version), sanitize.Line(g.Path)) // on the side
	}
	if g.Hint != "" {
		_, _ = fmt.Fprintf(o.io.Err, "hint: %s\n", sanitize.Line(g.Hint))
	}
}

// line says what became of a branch, and why.
func line(st iostreams.Style, b *api.StackResult) []table.Cell {
	mark, what := table.Cell{Text: "✓", Style: st.Green}, strings.ReplaceAll(string(b.Outcome), "_", " ")
	switch b.Outcome {
	case api.OutcomeUpToDate, api.OutcomeUntracked:
		mark = table.Cell{Text: "·", Style: st.Dim}
	case api.OutcomeBlocked, api.OutcomeBusy, api.OutcomeDirty:
		mark = table.Cell{Text: "!", Style: st.Yellow}
		what = "not moved: " + b.Detail
	case api.OutcomeConflict:
		mark = table.Cell{Text: "✗", Style: st.Red}
		what = "conflict in " + strings.Join(b.Files, ", ")
	case api.OutcomeFailed:
		mark = table.Cell{Text: "✗", Style: st.Red}
		what = "not moved: " + b.Detail
	case api.OutcomeRestacked, api.OutcomeMoved, api.OutcomeTracked:
		if b.Base != "" {
			what += " onto " + b.Base
		}
		if b.Detail != "" {
			what += ": " + b.Detail
		}
	case api.OutcomeMerged, api.OutcomeSubmitted, api.OutcomeFolded, api.OutcomeRestored:
		if b.Detail != "" {
			what += ": " + b.Detail
		}
		if b.PullRequest != "" {
			what += " " + b.PullRequest
		}
	}
	moved := ""
	if b.Before != "" && b.After != "" && b.Before != b.After {
		moved = fmt.Sprintf("%.7s..%.7s", b.Before, b.After)
	}
	return []table.Cell{mark, {Text: b.Branch}, {Text: what}, {Text: moved, Style: st.Dim}}
}
