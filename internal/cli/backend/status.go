package backend

import (
	"context"
	"fmt"
	"strconv"
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

// statusOptions is one parsed call of `hf backend status`.
type statusOptions struct {
	io     *iostreams.IOStreams
	keeper func() (keeper, error)
	output *output.Flags
}

func newStatus(f *factory.Factory, runF func(context.Context, *statusOptions) error) *cobra.Command {
	opts := &statusOptions{io: f.IO, keeper: func() (keeper, error) { return f.Launcher(false) }}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether hfd runs, and which",
		Long:  "Say whether hfd runs, which build it is and where its files are. It is never\nstarted for that.",
		Example: `  hf backend status
  hf backend status --json running,pid`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runStatus(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.Backend{})
	return cmd
}

func runStatus(ctx context.Context, opts *statusOptions) error {
	k, err := opts.keeper()
	if err != nil {
		return err
	}
	b, err := k.Look(ctx)
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, b)
	}
	_, err = fmt.Fprint(opts.io.Out, Describe(opts.io.OutStyle(), &b))
	return err
}

// Describe shows what is known of hfd, one fact a line.
func Describe(st iostreams.Style, b *api.Backend) string {
	state := st.Yellow("not running")
	build, pid, uptime, memory, sessions := "", "", "", "", ""
	if b.Running {
		state = st.Green("running")
		build = "current"
		if b.Outdated {
			build = st.Yellow("outdated")
		}
		sessions = strconv.Itoa(b.Sessions)
		uptime = render.Elapsed(time.Duration(b.UptimeMS) * time.Millisecond)
	}
	if b.PID != 0 {
		pid = strconv.Itoa(b.PID)
	}
	if b.RSSBytes > 0 {
		memory = render.Bytes(b.RSSBytes)
	}
	if b.Phase != "" && b.Phase != api.PhaseServing {
		state += " (" + sanitize.Line(b.Phase) + ")"
	}
	why := sanitize.Line(b.Why)
	if !b.Running && b.Why == "hfd is not running" {
		why = ""
	}
	version := sanitize.Line(b.Version)
	if b.Build != 0 {
		version += fmt.Sprintf(" (build %d)", b.Build)
	}
	return render.Fields(st,
		"hfd", state,
		"why", why,
		"notice", sanitize.Line(strings.Join(b.Notices, "; ")),
		"pid", pid,
		"version", version,
		"build", build,
		"uptime", uptime,
		"sessions", sessions,
		"memory", memory,
		"socket", sanitize.Line(b.Socket),
		"state", sanitize.Line(b.StateDir),
		"database", sanitize.Line(b.Database),
		"log", sanitize.Line(b.Log),
		"config", sanitize.Line(b.Config),
	)
}
