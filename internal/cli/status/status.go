// Package status is `hf status`.
package status

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// summarizer is what the command asks of the daemon.
type summarizer interface {
	Status(ctx context.Context) (api.Summary, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (summarizer, error)
	Output *output.Flags
	Now    func() time.Time
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (summarizer, error) { return f.Client() }, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Count the tasks of the workspace",
		Long: `Count the tasks of the workspace by status, agent and provider, and say which
hfd serves them.

Of each host whose pull requests hfd looks at there is a line: what is left of
its rate limit, when it was looked at last, and what is wrong, if anything.`,
		Example: `  hf status
  hf status --jq .byStatus.waiting
  hf status --jq '.forges[].remaining'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	opts.Output = output.Add(cmd, f, api.Summary{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	s, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, s)
	}
	st := opts.IO.OutStyle()
	fields := []string{
		"workspace", sanitize.Line(s.Workspace),
		"tasks", fmt.Sprint(s.Tasks),
		"status", counts(s.ByStatus, func(k api.Status) string { return render.StatusStyle(st, k)(sanitize.Line(string(k))) }),
		"agents", counts(s.ByAgent, sanitize.Line),
		"providers", counts(s.Providers, sanitize.Line),
		"hfd", fmt.Sprintf("%s, pid %d", sanitize.Line(s.Backend.Version), s.Backend.PID),
	}
	fields = append(fields, forges(st, opts.Now(), s.Forges)...)
	_, err = fmt.Fprint(opts.IO.Out, render.Fields(st, fields...))
	return err
}

// counts lists what is there, most first.
func counts[K ~string](m map[K]int, name func(K) string) string {
	keys := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(keys, func(a, b K) int { return m[b] - m[a] })
	var parts []string
	for _, k := range keys {
		if m[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", m[k], name(k)))
		}
	}
	return strings.Join(parts, ", ")
}
