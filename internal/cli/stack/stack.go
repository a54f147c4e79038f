// Package stack is `hf stack`: the branches of tasks as they stand on one
// another.
package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// stacker is what the commands ask of the daemon.
type stacker interface {
	follow.Eventer
	Stack(ctx context.Context, f client.StackFilter) (api.Stack, error)
	StackAction(ctx context.Context, in api.StackAction) (api.ChangeAccepted, error)
	Operation(ctx context.Context, id string) (api.OperationDetail, error)
}

// options is one parsed call.
type options struct {
	io      *iostreams.IOStreams
	client  func() (stacker, error)
	env     func(context.Context) (api.Env, error)
	environ []string // this process's variables
	output  *output.Flags
	task    string // of the tree
	repo    string
	verbose bool
	noWait  bool
	action  api.StackAction
}

type runFunc func(context.Context, *options) error

func newOptions(f *factory.Factory) *options {
	return &options{io: f.IO, client: func() (stacker, error) { return f.Client() }, env: f.Env, environ: f.Environ}
}

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := newTree(f, runTree)
	for _, build := range []func(*factory.Factory, runFunc) *cobra.Command{
		newRestack, newOnto, newSync, newSubmit, newTrack, newUntrack, newFold, newContinue, newAbort, newResolve, newUndo,
	} {
		cmd.AddCommand(build(f, act))
	}
	return cmd
}

func newTree(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "stack [TASK]",
		Short: "Draw how branches stand on one another, and move them",
		Long: `Draw the stacks of a repository: each branch behind the one it stands on, with
its task and status, its commits against its base, whether its base has moved
since (needs restack), its pull request and the checks of that. TASK names the
repository and is marked; without it the current directory does.

Stacks are kept by git-spice (HF_GIT_SPICE_BIN, else git-spice in PATH); the
drawing needs none, what moves branches does. Branches of a stack may be checked
out in as many worktrees as like to: each is rebased where it is checked out,
bottom-up, and changes that are not committed stay. A branch whose agent is in
the middle of a turn waits for its end, unless --now.

A conflict stops there with exit code 6. The rebase waits in that worktree and
what is above is not touched. Resolve it and hf stack continue goes on; hf stack
resolve gives it to the task's own agent; hf stack abort puts everything back.`,
		Example: `  hf stack
  hf stack restack --all
  hf stack onto k3f9 main
  hf stack --json`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.task = factory.Task(args[0])
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.repo, "repo", "R", "", "the stacks of this `repo`")
	cmd.Flags().BoolVarP(&opts.verbose, "verbose", "v", false, "say which git-spice it is, too")
	complete.Flag(cmd, "repo", complete.Repos(f, -1))
	opts.output = output.Add(cmd, f, api.Stack{})
	return cmd
}

func runTree(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	s, err := c.Stack(ctx, client.StackFilter{Task: opts.task, Repo: factory.Repo(opts.repo)})
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, s)
	}
	opts.name(s.GitSpice)
	if err := drawTree(opts.io, &s); err != nil {
		return err
	}
	if s.GitSpice == nil && !installed(opts.environ) {
		_, err = fmt.Fprintln(opts.io.Err, "hint: git-spice, which moves branches, is not installed: https://abhinav.github.io/git-spice/start/install/")
	}
	return err
}

// installed reports whether there is something that may be git-spice. Only who
// uses it asks it what it is.
func installed(environ []string) bool {
	name := "git-spice"
	for _, kv := range environ {
		if at, ok := strings.CutPrefix(kv, "HF_GIT_SPICE_BIN="); ok && at != "" {
			name = at
		}
	}
	_, err := xec.LookPath(name, environ)
	return err == nil
}
