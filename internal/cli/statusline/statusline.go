// Package statusline is `hf statusline`: the counts of tasks for a prompt, a
// status bar or another program's status line.
package statusline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/cli/tmux"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// patience bounds all of it: whoever draws a status line does not wait.
	patience = time.Second
	// maxInput bounds what another program tells on standard input, in bytes.
	maxInput = 1 << 20
	// titleWidth is how much of a task's title is shown, in columns.
	titleWidth = 24
)

// The formats.
const (
	formatTable  = "table"
	formatClaude = "claude-code"
	formatTmux   = "tmux"
)

func formats() []string { return []string{formatTable, formatClaude, formatTmux} }

// order is that of the counts: what needs a person, what goes on, what rests.
func order() []api.Status {
	return []api.Status{
		api.StatusWaiting, api.StatusRunning, api.StatusProvisioning, api.StatusQueued, api.StatusError, api.StatusIdle,
	}
}

// onlooker is what the command asks of the daemon.
type onlooker interface {
	Status(ctx context.Context) (api.Summary, error)
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func(cwd string) (onlooker, error) // starts no daemon
	Color  bool
	Format string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Client: func(cwd string) (onlooker, error) { return f.LookingFrom(cwd) }, Color: f.Getenv("NO_COLOR") == "",
	}
	cmd := &cobra.Command{
		Use:   "statusline",
		Short: "Count the tasks in one line",
		Long: `Count the tasks of the workspace for a prompt, a status bar or another program's
status line: those that wait for you first. It starts nothing and never fails: where
hfd does not run, or there is no task, it prints nothing.

  table        a small table (default)
  claude-code  one line for Claude Code, whose JSON on standard input says where
               it works: the task of that directory stands first
  tmux         one line with tmux's own styles

In ~/.tmux.conf:

  set -g status-right \
    '#(cd "#{pane_current_path}"; hf statusline --format tmux)'

In ~/.claude/settings.json:

  "statusLine": {"type": "command",
                 "command": "hf statusline --format claude-code"}`,
		Example: `  hf statusline
  hf statusline --format tmux`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(formats(), opts.Format) {
				return exitcode.Usagef("--format is one of %s, not %q", strings.Join(formats(), ", "), opts.Format)
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.Format, "format", formatTable, "`table, claude-code or tmux`")
	complete.Flag(cmd, "format", complete.Fixed(formats()...))
	return cmd
}

// run prints what is known within its patience. An error would be drawn into
// somebody's status line, so there is none.
func run(ctx context.Context, opts *Options) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cwd := ""
	if opts.Format == formatClaude && !opts.IO.InTTY() {
		cwd = told(ctx, opts.IO.In)
	}
	c, err := opts.Client(cwd)
	if err != nil {
		return nil
	}
	sum, err := c.Status(ctx)
	if err != nil {
		return nil
	}
	if opts.Format == formatTable {
		return opts.table(sum.ByStatus)
	}
	var here *api.TaskDetail
	if d, err := c.Task(ctx, api.TaskOfCwd, false); err == nil {
		here = &d
	}
	p := painter{tmux: opts.Format == formatTmux, color: opts.Color}
	if line := p.line(here, sum.ByStatus); line != "" {
		_, err = io.WriteString(opts.IO.Out, line+"\n")
	}
	return err
}

// told is the directory that Claude Code says it works in, "" where what it
// says makes no sense.
func told(ctx context.Context, in io.Reader) string {
	said := make(chan string, 1)
	go func() { // ends with the process where standard input does not
		b, err := io.ReadAll(io.LimitReader(in, maxInput))
		var v struct {
			Cwd       string `json:"cwd"`
			Workspace struct {
				CurrentDir string `json:"current_dir"`
			} `json:"workspace"`
		}
		if err != nil || json.Unmarshal(b, &v) != nil {
			said <- ""
			return
		}
		if v.Workspace.CurrentDir != "" {
			v.Cwd = v.Workspace.CurrentDir
		}
		said <- v.Cwd
	}()
	select {
	case dir := <-said:
		return dir
	case <-ctx.Done():
		return ""
	}
}

func (o *Options) table(counts map[api.Status]int) error {
	st := o.IO.OutStyle()
	tb := table.New(0, nil)
	some := false
	for _, s := range order() {
		if n := counts[s]; n > 0 {
			some = true
			tb.Cells(table.Cell{Text: string(s), Style: render.StatusStyle(st, s)}, table.Cell{Text: strconv.Itoa(n)})
		}
	}
	if !some {
		return nil
	}
	return tb.Render(o.IO.Out)
}

// painter writes one line in the colours of a terminal or of tmux.
type painter struct{ tmux, color bool }

func (p painter) line(here *api.TaskDetail, counts map[api.Status]int) string {
	var parts []string
	if here != nil {
		title := displaywidth.TruncateString(sanitize.Line(here.Title), titleWidth, "…")
		parts = append(parts, p.text(here.ID+" "+title+": ")+p.status(here.Status, string(here.Status)))
	}
	for _, s := range order() {
		if n := counts[s]; n > 0 {
			parts = append(parts, p.status(s, fmt.Sprintf("%d %s", n, s)))
		}
	}
	return strings.Join(parts, " · ")
}

// text is text that is shown as it is.
func (p painter) text(s string) string {
	if p.tmux {
		return tmux.Escape(s)
	}
	return s
}

func (p painter) status(s api.Status, text string) string {
	color, ansi := "default", ""
	switch s {
	case api.StatusWaiting:
		color, ansi = "yellow", "33"
	case api.StatusRunning:
		color, ansi = "blue", "34"
	case api.StatusProvisioning, api.StatusQueued:
		color, ansi = "cyan", "36"
	case api.StatusError:
		color, ansi = "red", "31"
	case api.StatusIdle:
		color, ansi = "green", "32"
	case api.StatusArchived, api.StatusKilled:
	}
	text = p.text(sanitize.Line(text))
	switch {
	case !p.color || ansi == "":
		return text
	case p.tmux:
		return "#[fg=" + color + "]" + text + "#[default]"
	}
	return "\x1b[" + ansi + "m" + text + "\x1b[0m"
}
