package pr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hf-dev/hf/internal/cli/browser"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// maxBody bounds what is read for a body, in bytes. No forge takes more.
const maxBody = 1 << 18

// createOptions is one parsed call of create.
type createOptions struct {
	options
	in       api.CreatePull
	body     string
	bodyFile string
	draft    bool
	ready    bool
	web      bool
	dryRun   bool
	noWait   bool
}

func newCreate(f *factory.Factory) *cobra.Command {
	o := &createOptions{options: newOptions(f)}
	cmd := &cobra.Command{
		Use:   "create [TASK]",
		Short: "Push a task's branch and make its pull request",
		Long: `Push a task's branch, as hf push does, and make its pull request. One that is
there already is left as it is, but for --draft and --ready, its address is
printed, and that is no error.

The title is the task's. The body says what the commits say, in the repository's
template where it has one: .github/pull_request_template.md, one of that name at
the top or in docs, or the first of those in .github/PULL_REQUEST_TEMPLATE. What
the agent was asked is not published. The base is the branch that the task's
stands on: in a stack, that of the task below it.

"pull_request.draft" of the configuration says whether it is a draft when neither
--draft nor --ready does.`,
		Example: `  hf pr create k3f9
  hf pr create . --draft --title "Retry uploads" --body-file notes.md
  hf pr create k3f9 --dry-run`,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.in.Title, "title", "", "the `title`, instead of the task's")
	flags.StringVarP(&o.body, "body", "b", "", "the `text`, instead of what the commits say")
	flags.StringVarP(&o.bodyFile, "body-file", "F", "", "a `file` with the text; - is standard input")
	flags.StringVarP(&o.in.Base, "base", "B", "", "the `branch` it is to go into")
	flags.StringVar(&o.in.Template, "body-template", "", "the `name` of one of the repository's templates")
	flags.BoolVarP(&o.in.Fill, "fill", "f", false, "take the title from the commit, too, where there is one only")
	flags.BoolVarP(&o.draft, "draft", "d", false, "make it a draft")
	flags.BoolVar(&o.ready, "ready", false, "make it ready for review")
	flags.BoolVar(&o.web, "web", false, "push, then go on in a browser")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would be made; push nothing")
	flags.BoolVar(&o.noWait, "no-wait", false, "return as soon as it is accepted")
	for _, name := range []string{"title", "body", "body-template"} {
		complete.Flag(cmd, name, complete.Nothing)
	}
	complete.Flag(cmd, "base", complete.Branches(f))
	complete.Flag(cmd, "body-file", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault // files
	})
	o.output = output.Add(cmd, f, api.PullRequest{})
	return forTask(cmd, f, &o.options, func(ctx context.Context) error {
		if err := o.resolve(flags); err != nil {
			return err
		}
		return o.run(ctx)
	})
}

// resolve turns the flags into the request.
func (o *createOptions) resolve(flags *pflag.FlagSet) error {
	if o.draft || o.ready {
		o.in.Draft = &o.draft
	}
	for _, pair := range [][2]string{{"draft", "ready"}, {"body", "body-file"}, {"web", "dry-run"}, {"web", "no-wait"}} {
		if flags.Changed(pair[0]) && flags.Changed(pair[1]) {
			return exitcode.Usagef("--%s and --%s exclude one another", pair[0], pair[1])
		}
	}
	switch {
	case flags.Changed("title") && o.in.Title == "":
		return exitcode.Usagef("--title is empty")
	case flags.Changed("body"):
		o.in.Body = &o.body
	case o.bodyFile != "":
		text, err := o.readBody()
		if err != nil {
			return err
		}
		o.in.Body = &text
	}
	return nil
}

func (o *createOptions) readBody() (string, error) {
	from := o.io.In
	if o.bodyFile != "-" {
		f, err := os.Open(o.bodyFile)
		if err != nil {
			return "", exitcode.Usagef("--body-file: %v", err)
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	if err != nil {
		return "", fmt.Errorf("read the body: %w", err)
	}
	if len(b) > maxBody {
		return "", exitcode.Usagef("the body is longer than %d bytes", maxBody)
	}
	return string(b), nil
}

func (o *createOptions) run(ctx context.Context) error {
	c, err := o.client()
	if err != nil {
		return err
	}
	if o.in.Env, err = o.env(ctx); err != nil {
		return err
	}
	if o.dryRun {
		return o.plan(ctx, c)
	}
	if o.web {
		return o.inBrowser(ctx, c)
	}
	a, err := c.CreatePull(ctx, o.task, o.in)
	if err != nil {
		return err
	}
	if o.noWait {
		_, err = fmt.Fprintf(o.io.Err, "hfd goes on: `hf pr status %s` shows it\n", a.Task.ID)
		return err
	}
	op, err := follow.Operation(ctx, c, o.io, a)
	if err == nil {
		err = follow.Failed(a.Task.ID, &op)
	}
	if err != nil {
		return err
	}
	p, err := c.PullRequest(ctx, a.Task.ID)
	if err != nil {
		return err
	}
	if o.output.On() {
		return o.output.Write(ctx, p)
	}
	_, err = fmt.Fprintln(o.io.Out, sanitize.Line(p.URL))
	return err
}

// plan shows what would be made.
func (o *createOptions) plan(ctx context.Context, c puller) error {
	p, err := c.PlanPull(ctx, o.task, o.in)
	if err != nil {
		return err
	}
	if p.Existing != nil {
		_, err := fmt.Fprintf(o.io.Out, "#%d is there already: %s\n", p.Existing.Number, sanitize.Line(p.Existing.URL))
		return err
	}
	state := map[bool]string{true: "draft", false: "ready for review"}[p.Draft]
	_, err = fmt.Fprintf(o.io.Out, "%s\n%s\n", render.Fields(o.io.OutStyle(),
		"title", sanitize.Line(p.Title), "from", sanitize.Line(p.Head), "into", sanitize.Line(p.Base),
		"commits", fmt.Sprint(p.Commits), "state", state,
	), sanitize.Text(p.Body))
	return err
}

// inBrowser pushes, and lets a person do the rest.
func (o *createOptions) inBrowser(ctx context.Context, c puller) error {
	a, err := c.Push(ctx, o.task, api.PushTask{Env: o.in.Env})
	if err != nil {
		return err
	}
	op, err := follow.Operation(ctx, c, o.io, a)
	if err == nil {
		err = follow.Failed(a.Task.ID, &op)
	}
	if err != nil {
		return err
	}
	p, err := c.PlanPull(ctx, o.task, o.in)
	if err != nil {
		return err
	}
	page := p.URL
	if p.Existing != nil {
		page = p.Existing.URL
	}
	return o.show(page)
}

// show opens a page, or prints its address where nothing opens one.
func (o *options) show(page string) error {
	err := o.browse(page)
	if err != nil && !errors.Is(err, browser.ErrNone) {
		_, _ = fmt.Fprintf(o.io.Err, "hf: %s\n", sanitize.Line(err.Error())) // the address is what counts
	}
	_, err = fmt.Fprintln(o.io.Out, sanitize.Line(page))
	return err
}
