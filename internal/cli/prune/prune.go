// Package prune is `hf prune`.
package prune

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// pruner is what the command asks of the daemon.
type pruner interface {
	Prune(ctx context.Context, in api.Prune) (api.PruneList, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (pruner, error)
	Output *output.Flags
	Now    func() time.Time

	Repo      string
	OlderThan *time.Duration // nil: as the configuration says
	DryRun    bool
	Yes       bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (pruner, error) { return f.Client() }, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Free what is finished; says why for each",
		Long: `Free what is finished, and say of each thing why it is freed or kept:

  task        one whose work is merged (squash and rebase, too): it is killed
  trash       a worktree that was removed, with what could not be saved of it
  saved       the work of a task that was killed long ago
  transcript  the conversation of such a task
  directory   one where worktrees are, and that belongs to no task

Kept is whatever is in use, uncommitted or unmerged, and all of archived tasks.
What changed since it was saved is saved before it goes. [prune] in the
configuration says for how long things are kept: saved work for 30 days, the
trash for 7. On a terminal it shows the list and asks; elsewhere it only shows
it, unless --yes is given.`,
		Example: `  hf prune --dry-run
  hf prune --yes --older-than 14d
  hf prune --dry-run --json name,bytes,why --jq '.[] | select(.free)'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Repo = factory.Repo(opts.Repo)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.DryRun, "dry-run", "n", false, "only say what would be freed")
	cmd.Flags().BoolVarP(&opts.Yes, "yes", "y", false, "do not ask")
	cmd.Flags().Var(&age{&opts.OlderThan}, "older-than", "keep what is younger than this `duration`, such as 12h or 14d, instead of what the configuration says")
	cmd.Flags().StringVarP(&opts.Repo, "repo", "R", "", "only what belongs to this `repo`")
	opts.Output = output.Add(cmd, f, api.PruneItem{})
	complete.Flag(cmd, "repo", complete.Repos(f, -1))
	complete.Flag(cmd, "older-than", complete.Fixed("12h", "7d", "30d"))
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	in := api.Prune{Repo: opts.Repo}
	if opts.OlderThan != nil {
		ms := opts.OlderThan.Milliseconds()
		in.OlderThanMS = &ms
	}
	in.DryRun = opts.DryRun || !opts.Yes
	list, err := c.Prune(ctx, in)
	if err != nil {
		return err
	}
	if !in.DryRun || !free(list) || opts.DryRun {
		return opts.print(ctx, list, opts.DryRun)
	}
	if !opts.IO.CanAsk() {
		if err := opts.print(ctx, list, true); err != nil {
			return err
		}
		_, err = fmt.Fprintln(opts.IO.Err, "Nothing was freed: --yes frees it.")
		return err
	}
	if err := opts.table(opts.IO.Err, opts.IO.ErrStyle(), list); err != nil {
		return err
	}
	ok, err := opts.IO.Confirm("Free " + render.Bytes(list.Bytes) + "?")
	if err != nil || !ok {
		return err
	}
	in.DryRun = false
	if list, err = c.Prune(ctx, in); err != nil {
		return err
	}
	return opts.print(ctx, list, false)
}

func free(list api.PruneList) bool {
	for i := range list.Items {
		if list.Items[i].Free {
			return true
		}
	}
	return false
}

// print writes the answer.
func (o *Options) print(ctx context.Context, list api.PruneList, dry bool) error {
	if o.Output.On() {
		return o.Output.Write(ctx, append([]api.PruneItem{}, list.Items...)) // [] rather than null
	}
	if len(list.Items) == 0 {
		_, err := fmt.Fprintln(o.IO.Err, "There is nothing to free.")
		return err
	}
	if err := o.table(o.IO.Out, o.IO.OutStyle(), list); err != nil {
		return err
	}
	what := "freed"
	if dry {
		what = "can be freed"
	}
	_, err := fmt.Fprintf(o.IO.Out, "%s %s\n", render.Bytes(list.Bytes), what)
	return err
}

// table writes a line for each thing, those that are freed first.
func (o *Options) table(w io.Writer, st iostreams.Style, list api.PruneList) error {
	width := 0
	if o.IO.OutTTY() {
		width = o.IO.Width()
	}
	now := o.Now()
	tb := table.New(width, st.Dim, "", "WHAT", "NAME", "SIZE", "AGE", "WHY")
	for _, freed := range []bool{true, false} {
		for i := range list.Items {
			it := &list.Items[i]
			if it.Free != freed {
				continue
			}
			mark := table.Cell{Text: "keep", Style: st.Dim}
			if it.Free {
				mark = table.Cell{Text: "free", Style: st.Green}
			}
			size := ""
			if it.Bytes > 0 {
				size = render.Bytes(it.Bytes)
			}
			tb.Cells(mark, table.Cell{Text: string(it.Kind)}, table.Cell{Text: it.Name}, table.Cell{Text: size},
				table.Cell{Text: render.Age(now, it.Since), Style: st.Dim}, table.Cell{Text: it.Why})
		}
	}
	return tb.Render(w)
}
