package agent

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// lister is what the command asks of the daemon.
type lister interface {
	Agents(ctx context.Context, in api.ListAgents) (api.AgentList, error)
}

// listOptions is one parsed call of `hf agent list`.
type listOptions struct {
	io     *iostreams.IOStreams
	client func() (lister, error)
	env    func(context.Context) (api.Env, error)
	output *output.Flags
}

func newList(f *factory.Factory, runF func(context.Context, *listOptions) error) *cobra.Command {
	opts := &listOptions{io: f.IO, client: func() (lister, error) { return f.Client() }, env: f.Env}
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the agents",
		Long:    "List the agents: which are installed, in which version, whether signed in, and how\nto get the others.",
		Example: `  hf agent list
  hf agent list --jq '.[] | select(.installed) | .name'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runList(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.Agent{}, output.Array)
	return cmd
}

func runList(ctx context.Context, opts *listOptions) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	l, err := c.Agents(ctx, api.ListAgents{Env: env})
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, append([]api.Agent{}, l.Agents...))
	}
	width, st := 0, opts.io.OutStyle()
	if opts.io.OutTTY() {
		width = opts.io.Width()
	}
	tb := table.New(width, st.Dim, "AGENT", "INSTALLED", "VERSION", "SIGNED IN", "PERMISSION", "NOTE")
	for i := range l.Agents {
		tb.Cells(row(st, &l.Agents[i])...)
	}
	return tb.Render(opts.io.Out)
}

func row(st iostreams.Style, a *api.Agent) []table.Cell {
	installed := table.Cell{Text: "no", Style: st.Dim}
	note := ""
	switch {
	case a.Installed:
		installed = table.Cell{Text: "yes", Style: st.Green}
	case a.Install != "":
		note = "install: " + a.Install
	}
	signedIn := ""
	switch {
	case a.SignedIn == nil && a.Installed:
		signedIn = "cannot be told"
	case a.SignedIn != nil && *a.SignedIn:
		signedIn = "yes"
		if a.SignedInBy != "" {
			signedIn = "yes (" + a.SignedInBy + ")"
		}
	case a.SignedIn != nil:
		signedIn = "no"
		if a.SignInHint != "" && a.Installed {
			note = a.SignInHint
		}
	}
	name := a.Name
	if a.Default {
		name = fmt.Sprintf("%s (default)", a.Name)
	}
	return []table.Cell{{Text: name, Style: st.Bold}, installed, {Text: a.Version}, {Text: signedIn}, {Text: a.Permission}, {Text: note}}
}
