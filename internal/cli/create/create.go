// Package create is `hf create`.
package create

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/prompt"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/trust"
	"github.com/hf-dev/hf/internal/cli/upload"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// creator is what the command asks of the daemon.
type creator interface {
	follow.Watcher
	trust.Truster
	CreateTask(ctx context.Context, in api.CreateTask) (api.Accepted, error)
	Retry(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
	Preferences(ctx context.Context) (api.Preferences, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (creator, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Prompt prompt.Source
	Attach upload.Files

	Task    api.CreateTask
	NoWait  bool
	Wait    bool
	Timeout time.Duration

	Window   func(context.Context, *api.Task) error // nil outside of tmux
	NoWindow bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Client: func() (creator, error) { return f.Client() }, Env: f.Env,
		Prompt: prompt.Source{IO: f.IO, Environ: f.Environ}, Window: windowOf(f),
	}
	var permission string
	cmd := &cobra.Command{
		Use:   "create [PROMPT...]",
		Short: "Give a new task to an agent",
		Long: `Give a new task to an agent, on a branch and in a sandbox of its own.

The prompt is the arguments, or --file, or what is piped in, or is written in
$VISUAL or $EDITOR. Title and branch are derived from it. The repository is that
of the current directory, or --repo.

The task is safe as soon as its id is printed: it goes on whatever happens to
this command. Its provisioning is shown until the agent has the prompt
(--no-wait returns before that). --wait returns at the end of the agent's turn, or
when it needs a permission or an answer, with an exit code that says which; see
` + "`hf help exit-codes`" + `.`,
		Example: `  hf create "fix the flaky test in ./store"
  hf create --agent claude --check "go test ./..." --wait "make the tests pass"
  hf create --on feat/login "add a logout button"
  hf create --attach mockup.png --model opus "build this page"
  hf create --file task.md --json`,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task.Permission = api.Permission(permission)
			opts.Prompt.Args = args
			if err := opts.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	fs, t := cmd.Flags(), &opts.Task
	fs.StringVarP(&t.Repo, "repo", "R", "", "the `repo`: a name, path, URL or OWNER/NAME")
	fs.StringVar(&t.On, "on", "", "stack on this `task or branch`")
	fs.StringVar(&t.Base, "base", "", "start from this `branch` instead of the default one")
	fs.StringVarP(&t.Branch, "branch", "b", "", "the `name` of the new branch")
	fs.StringVar(&t.Title, "title", "", "the `title` of the task")
	fs.StringVar(&t.Agent, "agent", "", "the `agent`, see `hf agent list`")
	fs.StringVar(&t.Model, "model", "", "the `model` the agent uses, of those it offers")
	fs.StringVar(&t.Mode, "mode", "", "the agent's own `mode`, instead of the one that --permission means")
	fs.StringVar(&t.Provider, "provider", "", "the `provider` of the sandbox")
	fs.StringVar(&permission, "permission", "", "the `policy`: what the agent may do without asking: ask, edits or all")
	fs.StringVar(&t.Check, "check", "", "a shell `command` that must pass after the turn")
	fs.StringVarP(&opts.Prompt.File, "file", "F", "", "read the prompt from a `file`, - for standard input")
	fs.BoolVar(&opts.NoWait, "no-wait", false, "return as soon as the task is accepted")
	fs.BoolVar(&opts.Wait, "wait", false, "return at the end of the turn and of the check, or when a person is needed")
	fs.BoolVar(&opts.NoWindow, "no-window", false, "open no tmux window, even if the configuration has [tmux] window = true")
	fs.DurationVar(&opts.Timeout, "timeout", 0, "stop waiting after this `duration`; the task goes on")
	upload.Add(cmd, &opts.Attach)
	opts.Output = output.Add(cmd, f, api.Task{})
	completions(cmd, f)
	return cmd
}

func completions(cmd *cobra.Command, f *factory.Factory) {
	complete.Flag(cmd, "repo", complete.Repos(f, -1))
	complete.Flag(cmd, "on", complete.Tasks(f, -1))
	complete.Flag(cmd, "base", complete.BranchesHere(f))
	complete.Flag(cmd, "agent", complete.Agents(f, -1))
	complete.Flag(cmd, "provider", complete.Fixed("worktree"))
	complete.Flag(cmd, "permission", complete.Fixed(permissions()...))
	for _, name := range []string{"branch", "title", "check", "timeout", "model", "mode"} {
		complete.Flag(cmd, name, complete.Nothing)
	}
}

func permissions() []string {
	return []string{string(api.PermissionAsk), string(api.PermissionEdits), string(api.PermissionAll)}
}

// check refuses flags that cannot mean anything, before anything is asked.
func (o *Options) check() error {
	switch o.Task.Permission {
	case "", api.PermissionAsk, api.PermissionEdits, api.PermissionAll:
	default:
		return exitcode.Usagef("--permission is one of %s, not %q", strings.Join(permissions(), ", "), o.Task.Permission)
	}
	if o.Task.On != "" && o.Task.Base != "" {
		return exitcode.Usagef("--on and --base both say where the branch starts: give one of them")
	}
	if o.Task.Mode != "" && o.Task.Permission != "" {
		return exitcode.Usagef("--mode and --permission both say what the agent may do without asking: give one of them")
	}
	if o.Wait && o.NoWait {
		return exitcode.Usagef("--wait and --no-wait exclude one another")
	}
	if o.Timeout < 0 {
		return exitcode.Usagef("--timeout is negative")
	}
	return nil
}

func run(ctx context.Context, opts *Options) error {
	text, err := opts.Prompt.Read(ctx)
	if err != nil {
		return err
	}
	files, err := opts.Attach.Read()
	if err != nil {
		return err
	}
	c, err := opts.Client()
	if err != nil {
		return err
	}
	in := opts.Task
	in.Prompt, in.Attachments = text, files
	if in.Env, err = opts.Env(ctx); err != nil {
		return err
	}
	in.On, in.Repo = factory.Task(in.On), factory.Repo(in.Repo)
	accepted, err := c.CreateTask(ctx, in)
	if err != nil {
		return err
	}
	for _, w := range accepted.Warnings {
		_, _ = fmt.Fprintf(opts.IO.Err, "warning: %s\n", sanitize.Line(w)) // the task exists: go on
	}
	if !opts.Output.On() {
		if err := announce(opts.IO, &accepted.Task); err != nil {
			return err
		}
	}
	opts.openWindow(ctx, c, &accepted.Task)
	if opts.NoWait {
		return opts.print(ctx, &accepted.Task)
	}
	return opts.follow(ctx, c, in.Env, accepted)
}

// announce prints what a person needs to go on with the task.
func announce(io *iostreams.IOStreams, t *api.Task) error {
	st := io.OutStyle()
	_, err := fmt.Fprint(io.Out, render.Fields(st,
		"id", st.Bold(t.ID),
		"branch", sanitize.Line(t.Branch),
		"status", render.StatusStyle(st, t.Status)(render.Status(t)),
		"attach", "hf attach "+t.ID,
	))
	return err
}

// follow shows the provisioning, and waits for the turn when that was asked.
func (o *Options) follow(ctx context.Context, c creator, env api.Env, accepted api.Accepted) error {
	id := accepted.Task.ID
	limited, cancel := follow.Timeout(ctx, o.Timeout, id)
	defer cancel()
	err := o.provision(limited, c, env, accepted)
	if err == nil && o.Wait {
		_, err = follow.Until(limited, c, id, follow.Done, follow.Notices(o.IO))
	}
	if ctx.Err() != nil {
		_, _ = fmt.Fprintf(o.IO.Err, "task %s goes on; `hf attach %s` shows it\n", id, id)
		return err
	}
	return errors.Join(o.printLatest(ctx, c, id), err)
}

// provision follows the operation that makes the task. Commands of the
// repository that were not allowed yet are shown to the person, who may allow
// them; the operation then goes on.
func (o *Options) provision(ctx context.Context, c creator, env api.Env, a api.Accepted) error {
	for {
		op, err := follow.Operation(ctx, c, o.IO, a)
		if err != nil || op.Error == nil {
			return err
		}
		if op.Error.Code != api.CodeUntrusted || !o.IO.CanAsk() {
			return follow.Failed(a.Task.ID, &op)
		}
		ok, err := trust.Ask(ctx, c, o.IO, a.Task.Repo)
		if err != nil {
			return err
		}
		if !ok {
			return follow.Failed(a.Task.ID, &op)
		}
		if a, err = c.Retry(ctx, a.Task.ID, api.TaskAction{Env: env}); err != nil {
			return err
		}
	}
}

// printLatest prints the task as it now is, where that was not said yet.
func (o *Options) printLatest(ctx context.Context, c creator, id string) error {
	if !o.Output.On() && !o.Wait {
		return nil
	}
	d, err := c.Task(ctx, id, false)
	if err != nil {
		return err
	}
	if o.Output.On() {
		return o.print(ctx, &d.Task)
	}
	if d.Result != nil {
		_, err = fmt.Fprint(o.IO.Out, render.Fields(o.IO.OutStyle(), "result", render.Result(d.Result)))
	}
	return err
}

func (o *Options) print(ctx context.Context, t *api.Task) error {
	if !o.Output.On() {
		return nil
	}
	return o.Output.Write(ctx, t)
}
