// Package pr is `hf pr`: the pull requests of tasks.
package pr

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/browser"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// puller is what the commands ask of the daemon.
type puller interface {
	follow.Watcher
	Push(ctx context.Context, task string, in api.PushTask) (api.Accepted, error)
	PullRequests(ctx context.Context, f client.PullFilter) (api.PullRequestList, error)
	PullRequest(ctx context.Context, task string) (api.PullRequest, error)
	LookAtPull(ctx context.Context, task string, in api.LookAtPull) (api.PullRequest, error)
	CreatePull(ctx context.Context, task string, in api.CreatePull) (api.Accepted, error)
	PlanPull(ctx context.Context, task string, in api.CreatePull) (api.PullPlan, error)
	Comments(ctx context.Context, task string, in api.ReadComments) (api.Conversation, error)
}

// options is one parsed call.
type options struct {
	io     *iostreams.IOStreams
	client func() (puller, error)
	env    func(context.Context) (api.Env, error)
	browse func(url string) error
	now    func() time.Time
	output *output.Flags
	task   string
}

func newOptions(f *factory.Factory) options {
	return options{
		io: f.IO, client: func() (puller, error) { return f.Client() }, env: f.Env, now: time.Now,
		browse: func(url string) error { return browser.Open(f.Environ, url) },
	}
}

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pr",
		Short: "Make pull requests of tasks, and see how they stand",
		Long: `Make pull requests of tasks, and see how they stand. TASK is by default the one of
the current directory.

hfd looks at the pull requests of every repo with live tasks by itself, see
"pull_request" in the configuration; lists show what it saw. The commands here
look at the forge when they are called.`,
		Example: `  hf pr create k3f9
  hf pr checks --watch`,
	}
	return args.Group(cmd, newCreate(f), newStatus(f), newList(f), newChecks(f), newComments(f), newOpen(f))
}

// forTask makes cmd one that takes a task, by default that of the directory.
func forTask(cmd *cobra.Command, f *factory.Factory, o *options, run func(ctx context.Context) error) *cobra.Command {
	cmd.Args = args.Range(0, "TASK")
	cmd.ValidArgsFunction = complete.Tasks(f, 1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.task = api.TaskOfCwd
		if len(args) > 0 {
			o.task = factory.Task(args[0])
		}
		return run(cmd.Context())
	}
	return cmd
}

// look returns a task's pull request as the forge has it or, where that cannot
// be asked, as hfd saw it last.
func (o *options) look(ctx context.Context, c puller) (api.PullRequest, error) {
	env, err := o.env(ctx)
	if err != nil {
		return api.PullRequest{}, err
	}
	p, err := c.LookAtPull(ctx, o.task, api.LookAtPull{Env: env})
	if err == nil || api.IsCode(err, api.CodeNotFound) || ctx.Err() != nil {
		return p, err
	}
	known, knownErr := c.PullRequest(ctx, o.task)
	if knownErr != nil {
		return p, err // of the look: it says more
	}
	_, err = fmt.Fprintf(o.io.Err, "hf: what hfd saw last: %s\n", sanitize.Line(err.Error()))
	return known, err
}
