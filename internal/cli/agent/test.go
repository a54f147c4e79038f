package agent

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
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// tester is what the command asks of the daemon.
type tester interface {
	TestAgent(ctx context.Context, agent string, in api.TestAgent) (api.AgentTest, error)
}

// testOptions is one parsed call of `hf agent test`.
type testOptions struct {
	io     *iostreams.IOStreams
	client func() (tester, error)
	env    func(context.Context) (api.Env, error)
	output *output.Flags
	agent  string
}

func newTest(f *factory.Factory, runF func(context.Context, *testOptions) error) *cobra.Command {
	opts := &testOptions{io: f.IO, client: func() (tester, error) { return f.Client() }, env: f.Env}
	cmd := &cobra.Command{
		Use:   "test AGENT",
		Short: "Start an agent and greet it",
		Long: `Start an agent in an empty directory, greet it, begin a session and end it again.
No prompt is sent, so nothing is used up.`,
		Example:           "  hf agent test claude",
		Args:              args.Exact("AGENT"),
		ValidArgsFunction: complete.Agents(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.agent = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runTest(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.AgentTest{})
	return cmd
}

func runTest(ctx context.Context, opts *testOptions) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	r, err := c.TestAgent(ctx, opts.agent, api.TestAgent{Env: env})
	if err != nil {
		return err
	}
	if opts.output.On() {
		err = opts.output.Write(ctx, r)
	} else {
		err = show(opts.io, &r)
	}
	switch {
	case err != nil || r.OK:
		return err
	case r.Error != nil:
		return r.Error
	}
	return exitcode.SilentError(exitcode.Agent)
}

func show(io *iostreams.IOStreams, r *api.AgentTest) error {
	st := io.OutStyle()
	verdict, times := st.Red("failed"), ""
	if r.OK {
		verdict = st.Green("ok")
		times = fmt.Sprintf("initialize %d ms, session %d ms", r.InitializeMS, r.SessionMS)
	}
	_, err := fmt.Fprint(io.Out, render.Fields(st,
		"agent", sanitize.Line(r.Agent),
		"result", verdict,
		"is", sanitize.Line(r.Info),
		"times", times,
		"modes", sanitize.Line(strings.Join(r.Modes, ", ")),
	)+st.Dim(render.Indent("stderr: ", sanitize.Text(r.Stderr))))
	return err
}
