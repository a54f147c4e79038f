// Package workspace is `hf workspace`: namespaces for repos and tasks.
package workspace

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// manager is what the commands ask of the daemon.
type manager interface {
	Workspaces(ctx context.Context) (api.WorkspaceList, error)
	UseWorkspace(ctx context.Context, name string) (api.Workspace, error)
}

// options is one parsed call.
type options struct {
	io     *iostreams.IOStreams
	client func() (manager, error)
	output *output.Flags
	name   string
}

type runFunc func(context.Context, *options) error

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "workspace",
		Short: "Switch between workspaces",
		Long: `Switch between workspaces: named namespaces for repos and tasks. The flag
--workspace wins over HF_WORKSPACE, and that over the current one.`,
		Example: `  hf workspace use work
  hf workspace list`,
	}
	return args.Group(cmd, newUse(f, runUse), newList(f, runList))
}

func newOptions(f *factory.Factory) *options {
	return &options{io: f.IO, client: func() (manager, error) { return f.Client() }}
}

func newUse(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	return &cobra.Command{
		Use:               "use NAME",
		Short:             "Make a workspace the current one",
		Long:              "Make a workspace the current one. It is created on first use.",
		Example:           "  hf workspace use work",
		Args:              args.Exact("NAME"),
		ValidArgsFunction: complete.Workspaces(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.name = args[0]
			return run(cmd.Context(), opts)
		},
	}
}

func runUse(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	w, err := c.UseWorkspace(ctx, opts.name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(opts.io.Out, "using workspace %s\n", w.Name)
	return err
}

func newList(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the workspaces",
		Long:    "List the workspaces. The current one is marked with a star.",
		Example: `  hf workspace list
  hf workspace list --jq '.[] | select(.current) | .name'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), opts) },
	}
	opts.output = output.Add(cmd, f, api.Workspace{}, output.Array)
	return cmd
}

func runList(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	l, err := c.Workspaces(ctx)
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, append([]api.Workspace{}, l.Workspaces...))
	}
	st := opts.io.OutStyle()
	tb := table.New(0, st.Dim, "", "WORKSPACE", "REPOS", "TASKS")
	for _, w := range l.Workspaces {
		mark := ""
		if w.Current {
			mark = "*"
		}
		tb.Row(mark, w.Name, strconv.Itoa(w.Repos), strconv.Itoa(w.Tasks))
	}
	return tb.Render(opts.io.Out)
}
