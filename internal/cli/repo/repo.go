// Package repo is `hf repo`: the repositories of a workspace.
package repo

import (
	"context"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/trust"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// manager is what the commands ask of the daemon.
type manager interface {
	trust.Truster
	Repos(ctx context.Context) (api.RepoList, error)
	AddRepo(ctx context.Context, in api.AddRepo) (api.Repo, error)
	RemoveRepo(ctx context.Context, repo string) error
	RepoOverview(ctx context.Context, repo string) (api.RepoOverview, error)
	Events(ctx context.Context, f client.EventFilter) iter.Seq2[api.Event, error]
}

// options is one parsed call.
type options struct {
	io     *iostreams.IOStreams
	client func() (manager, error)
	env    func(context.Context) (api.Env, error)
	output *output.Flags
	now    func() time.Time
	repo   string // name, path, URL or owner/name
	name   string
	noWait bool
	yes    bool
}

type runFunc func(context.Context, *options) error

func newOptions(f *factory.Factory) *options {
	return &options{io: f.IO, client: func() (manager, error) { return f.Client() }, env: f.Env, now: time.Now}
}

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repo",
		Short: "Add, list, look at and trust repositories",
		Long: `Add, list, look at and trust repositories. ` + "`hf create`" + ` in a checkout adds that checkout by
itself.`,
		Example: `  hf repo add cli/cli
  hf repo list
  hf repo overview`,
	}
	return args.Group(cmd, newAdd(f, runAdd), newImport(f, runImport), newList(f, runList), newOverview(f, runOverview), newRemove(f, runRemove), newTrust(f, runTrust))
}
