package db

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// checker is what `hf db check` asks of the daemon.
type checker interface {
	CheckDatabase(ctx context.Context) (api.DatabaseCheck, error)
}

// checkOptions is one parsed call of `hf db check`.
type checkOptions struct {
	io     *iostreams.IOStreams
	client func() (checker, error)
	output *output.Flags
}

func newCheck(f *factory.Factory, runF func(context.Context, *checkOptions) error) *cobra.Command {
	opts := &checkOptions{io: f.IO, client: func() (checker, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for damage in the database",
		Long: `Look for damage in the database, and whether it agrees with the sessions and
worktrees on disk. The exit code is 1 when something is wrong, and each line that
is says how to mend it. It also tells of the last time that hfd had to rebuild the
database, and ends the notice about that.`,
		Example: `  hf db check
  hf db check --jq '.checks[] | select(.ok | not)'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			f.Quiet() // the answer says it all
			return runCheck(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.DatabaseCheck{})
	return cmd
}

func runCheck(ctx context.Context, opts *checkOptions) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	report, err := c.CheckDatabase(ctx)
	if err != nil {
		return err
	}
	if opts.output.On() {
		err = opts.output.Write(ctx, report)
	} else {
		_, err = fmt.Fprint(opts.io.Out, describe(opts.io.OutStyle(), &report))
	}
	if err == nil && !report.OK {
		return exitcode.SilentError(exitcode.Failed)
	}
	return err
}

// describe shows a report, one thing that was looked at a line.
func describe(st iostreams.Style, report *api.DatabaseCheck) string {
	width := 0
	for _, c := range report.Checks {
		width = max(width, len(c.Name))
	}
	var b strings.Builder
	for _, c := range report.Checks {
		mark := st.Green("ok  ")
		if !c.OK {
			mark = st.Red("BAD ")
		}
		indent := strings.Repeat(" ", len("BAD ")+width+2)
		text := strings.ReplaceAll(sanitize.Text(c.Detail), "\n", "\n"+indent)
		fmt.Fprintf(&b, "%s%-*s  %s\n", mark, width, sanitize.Line(c.Name), text)
		if c.Hint != "" {
			fmt.Fprintf(&b, "%s%s %s\n", indent, st.Dim("hint:"), sanitize.Line(c.Hint))
		}
	}
	if r := report.Recovery; r != nil {
		for _, id := range r.Tasks {
			fmt.Fprintf(&b, "brought back: task %s\n", sanitize.Line(id))
		}
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "%s %s\n", st.Yellow("not brought back:"), sanitize.Line(p))
		}
	}
	return b.String()
}
