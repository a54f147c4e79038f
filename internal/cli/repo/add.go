package repo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func newAdd(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "add [PATH | URL | OWNER/NAME]",
		Short: "Add a repository to the workspace",
		Long: `Add a repository to the workspace: the checkout at PATH, by default that of the
current directory, or a remote one, which hfd clones. Two spellings of one remote
are one repository, and adding it again is no error.`,
		Example: `  hf repo add
  hf repo add cli/cli
  hf repo add git@example.com:team/app.git --name app`,
		Args: args.Range(0, "REPO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.repo = "."
			if len(args) > 0 {
				opts.repo = args[0]
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.name, "name", "", "call it by this `name`")
	cmd.Flags().BoolVar(&opts.noWait, "no-wait", false, "do not wait for the clone")
	complete.Flag(cmd, "name", complete.Nothing)
	opts.output = output.Add(cmd, f, api.Repo{})
	return cmd
}

func runAdd(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	r, err := c.AddRepo(ctx, api.AddRepo{Spec: opts.repo, Name: opts.name, Env: env})
	if err != nil {
		return err
	}
	if r.State == api.RepoCloning && !opts.noWait {
		if r, err = opts.cloned(ctx, c, r); err != nil {
			return err
		}
	}
	if err := opts.print(ctx, &r); err != nil {
		return err
	}
	if r.State == api.RepoError {
		return notCloned(&r)
	}
	return nil
}

func notCloned(r *api.Repo) error {
	e := api.Error{Code: api.CodeGit, Message: r.Reason}
	if r.Error != nil {
		e = *r.Error
	}
	return &api.Error{
		Code: e.Code, Message: fmt.Sprintf("clone %s: %s", r.Name, e.Message),
		Hint: strings.TrimPrefix(e.Hint+"; `hf repo add` tries it again", "; "),
	}
}

func (o *options) print(ctx context.Context, r *api.Repo) error {
	if o.output.On() {
		return o.output.Write(ctx, r)
	}
	where := r.Path
	if where == "" {
		where = r.Remote
	}
	_, err := fmt.Fprintf(o.io.Out, "%s  %s  %s\n", sanitize.Line(r.Name), r.State, sanitize.Line(where))
	return err
}

// cloned waits for the end of a clone and shows how it goes on.
func (o *options) cloned(ctx context.Context, c manager, r api.Repo) (api.Repo, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := ""
	// The snapshot comes first, so that the look that follows it is of a state
	// behind which every change is told.
	for e, err := range c.Events(ctx, client.EventFilter{Snapshot: true}) {
		if err != nil {
			return r, err
		}
		if e.Kind != api.EventSnapshot && e.Kind != api.EventRepoChanged {
			continue
		}
		l, err := c.Repos(ctx)
		if err != nil {
			return r, err
		}
		i := slices.IndexFunc(l.Repos, func(x api.Repo) bool { return x.ID == r.ID })
		if i < 0 {
			return r, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("repo %s was removed meanwhile", r.Name)}
		}
		if r = l.Repos[i]; r.State != api.RepoCloning {
			o.progress("")
			return r, nil
		}
		if r.Progress != shown {
			shown = r.Progress
			o.progress(fmt.Sprintf("cloning %s  %s", sanitize.Line(r.Name), sanitize.Line(shown)))
		}
	}
	return r, errors.Join(context.Cause(ctx), errors.New("hfd ended the stream of events"))
}

// progress shows a line: in the place of the last on a terminal, below it else.
// "" removes the last.
func (o *options) progress(line string) {
	switch {
	case o.io.ErrTTY():
		_, _ = fmt.Fprint(o.io.Err, "\r\x1b[K"+line) // progress only
	case line != "":
		_, _ = fmt.Fprintln(o.io.Err, line) // progress only
	}
}
