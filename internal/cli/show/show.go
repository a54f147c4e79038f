// Package show is `hf show`.
package show

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/cli/wrap"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// shower is what the command asks of the daemon.
type shower interface {
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
}

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Client  func() (shower, error)
	Output  *output.Flags
	Now     func() time.Time
	Task    string
	Explain bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (shower, error) { return f.Client() }, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "show TASK",
		Short: "Show a task",
		Long: `Show a task: its status, where it lives, the step its provisioning is at or
failed at, the permissions it waits for and the messages it has not got yet.

--explain prints the facts its status follows from and when each was observed.`,
		Example: `  hf show .
  hf show k3f9 --explain
  hf show k3f9 --json status,reason`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Explain, "explain", false, "print the facts behind the status")
	opts.Output = output.Add(cmd, f, api.TaskDetail{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	d, err := c.Task(ctx, opts.Task, opts.Explain)
	if err != nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, d)
	}
	v := view{st: opts.IO.OutStyle(), now: opts.Now()}
	if opts.IO.OutTTY() {
		v.width = opts.IO.Width()
	}
	v.task(&d)
	v.prompt(d.Prompt, d.Title)
	v.pull(d.PullDetail)
	v.operation(d.Operation)
	v.permissions(&d)
	v.messages(d.Messages)
	if opts.Explain {
		if err := v.explain(&d); err != nil {
			return err
		}
	}
	_, err = fmt.Fprint(opts.IO.Out, v.b.String())
	return err
}

// view collects what is printed.
type view struct {
	b   strings.Builder
	st  iostreams.Style
	now time.Time

	width int // columns of the terminal, 0 away from one
}

func (v *view) section(title string) { fmt.Fprintf(&v.b, "\n%s\n", v.st.Bold(title)) }

func (v *view) task(d *api.TaskDetail) {
	fmt.Fprintln(&v.b, v.st.Bold(sanitize.Line(d.Title)))
	parent, _ := d.Parent.Get()
	diff, result := "", ""
	if d.Diff != nil {
		diff = render.DiffLong(d.Diff)
	}
	if d.Result != nil {
		result = render.Result(d.Result)
	}
	restack := ""
	if d.Restack != nil && *d.Restack {
		restack = "needed: what the branch stands on has moved"
	}
	turn := ""
	if d.TurnStart != nil {
		turn = "for " + render.Elapsed(v.now.Sub(*d.TurnStart))
	}
	v.b.WriteString(render.FieldsIn(v.width, v.st,
		"id", d.ID,
		"status", render.StatusStyle(v.st, d.Status)(render.Status(&d.Task)),
		"turn", turn,
		"result", result,
		"agent", sanitize.Line(d.Agent),
		"model", sanitize.Line(d.Model),
		"mode", sanitize.Line(d.Mode),
		"repo", sanitize.Line(d.Repo),
		"branch", sanitize.Line(d.Branch),
		"base", sanitize.Line(d.Base),
		"parent", parent,
		"commits", render.Commits(&d.Task),
		"restack", restack,
		"conflicts", strings.Join(render.Conflicts(d.Conflicts), "; "),
		"diff", diff,
		"path", sanitize.Line(d.Path),
		"workspace", sanitize.Line(d.Workspace),
		"provider", sanitize.Line(d.Provider),
		"session", d.Session,
		"created", d.CreatedAt.Local().Format(time.DateTime)+" ("+render.Age(v.now, d.CreatedAt)+" ago)",
	))
	if d.Result != nil && d.Result.Check != nil && d.Result.Check.ExitCode != 0 {
		v.section("Check output")
		v.b.WriteString(render.Indent("  ", sanitize.Text(d.Result.Check.Output)))
	}
}

// promptLines is how much of a prompt is shown.
const promptLines = 5

// prompt shows the beginning of what was asked for, unless the title says it.
func (v *view) prompt(prompt, title string) {
	prompt = strings.TrimSpace(prompt)
	if prompt == "" || prompt == title {
		return
	}
	v.section("Prompt")
	lines := strings.SplitN(sanitize.Text(prompt), "\n", promptLines+1)
	for i, line := range lines {
		if i == promptLines {
			more := 1 + strings.Count(line, "\n")
			v.b.WriteString(v.st.Dim(fmt.Sprintf("  … and %s", render.Count(more, "more line"))) + "\n")
			break
		}
		v.b.WriteString(wrap.Cut("  "+beginning(line), cmp.Or(v.width, maxLine)) + "\n")
	}
}

// operation shows an operation unless it ended well.
func (v *view) operation(op *api.Operation) {
	if op == nil || op.State == api.OperationDone {
		return
	}
	v.section("Operation " + op.Kind + ": " + string(op.State))
	for _, s := range op.Steps {
		v.step(s)
	}
	if e := op.Error; e != nil {
		v.b.WriteString(v.st.Red("error: ") + sanitize.Text(e.Message) + "\n")
		if e.Hint != "" {
			v.b.WriteString(v.st.Dim("hint: "+sanitize.Text(e.Hint)) + "\n")
		}
	}
}

func (v *view) step(s api.Step) {
	mark, elapsed := "·", ""
	switch s.State {
	case api.StepDone:
		mark = v.st.Green("✓")
	case api.StepFailed:
		mark = v.st.Red("✗")
	case api.StepStarted:
		mark = v.st.Cyan("▸")
	case api.StepPending:
	}
	switch {
	case s.StartedAt != nil && s.EndedAt != nil:
		elapsed = "  " + render.Elapsed(s.EndedAt.Sub(*s.StartedAt))
	case s.StartedAt != nil && s.State == api.StepStarted:
		elapsed = "  " + render.Elapsed(v.now.Sub(*s.StartedAt))
		if s.LimitMS > 0 {
			elapsed += " of " + (time.Duration(s.LimitMS) * time.Millisecond).String()
		}
	}
	detail := ""
	if s.Detail != "" {
		detail = "  " + sanitize.Line(s.Detail)
	}
	fmt.Fprintf(&v.b, "  %s %s%s%s\n", mark, s.Name, detail, v.st.Dim(elapsed))
	if s.State != api.StepDone { // what went well is in `hf show --json`
		v.b.WriteString(v.st.Dim(render.Indent("      ", sanitize.Text(s.Log))))
	}
}

func (v *view) permissions(d *api.TaskDetail) {
	if len(d.Permissions) == 0 {
		return
	}
	v.section("Waiting for permission")
	for i := range d.Permissions {
		p := &d.Permissions[i]
		v.b.WriteString(render.Permission(v.st, p))
		answer := fmt.Sprintf("hf approve %s %s", d.ID, p.ID)
		if p.Kind == api.PermissionKindInput {
			answer = fmt.Sprintf("hf send %s ANSWER", d.ID)
		}
		fmt.Fprintf(&v.b, "    `%s` or `hf deny %s %s`\n", answer, d.ID, p.ID)
	}
}

func (v *view) messages(messages []api.Message) {
	if len(messages) == 0 {
		return
	}
	v.section("Messages on their way")
	for _, m := range messages {
		line := fmt.Sprintf("  %s  %s  ", m.ID, m.State)
		v.b.WriteString(wrap.Cut(line+sanitize.Line(beginning(m.Text)), cmp.Or(v.width, maxLine)) + "\n")
		for _, a := range m.Attachments {
			fmt.Fprintf(&v.b, "    + %s\n", render.Attachment(a))
		}
	}
}

// maxLine is what is shown of a message away from a terminal, in columns.
const maxLine = 200

// beginning is all of a text that a line could show: the rest may be a megabyte.
func beginning(text string) string {
	const bytes = 4 * maxLine
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes], "") + " …"
}

func (v *view) explain(d *api.TaskDetail) error {
	v.section("Facts")
	tb := table.New(v.width, v.st.Dim, "FACT", "VALUE", "FROM", "OBSERVED")
	for _, f := range d.Facts {
		tb.Row(f.Name, f.Value, f.Source, render.Age(v.now, f.ObservedAt)+" ago")
	}
	if err := tb.Render(&v.b); err != nil {
		return err
	}
	if len(d.Env) > 0 {
		v.section("Variables of its processes")
		v.b.WriteString(render.Indent("  ", sanitize.Text(strings.Join(d.Env, "\n"))))
	}
	return nil
}
