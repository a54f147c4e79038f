package pr

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// commentsOptions is one parsed call of comments.
type commentsOptions struct {
	options
	all bool
}

func newComments(f *factory.Factory) *cobra.Command {
	o := &commentsOptions{options: newOptions(f)}
	cmd := &cobra.Command{
		Use:   "comments [TASK]",
		Short: "Show what reviewers wrote about a task's pull request",
		Long: `Show the review threads of a task's pull request that are not resolved: the line
they are about, who wrote what. --all adds resolved ones, the texts of reviews and
the comments about the whole. --json has all of them.`,
		Example: `  hf pr comments k3f9
  hf pr comments --jq '.threads[] | select(.resolved | not) | .path'`,
	}
	cmd.Flags().BoolVarP(&o.all, "all", "a", false, "everything that was written")
	o.output = output.Add(cmd, f, api.Conversation{})
	return forTask(cmd, f, &o.options, o.run)
}

func (o *commentsOptions) run(ctx context.Context) error {
	c, err := o.client()
	if err != nil {
		return err
	}
	env, err := o.env(ctx)
	if err != nil {
		return err
	}
	talk, err := c.Comments(ctx, o.task, api.ReadComments{Env: env})
	if err != nil {
		return err
	}
	if o.output.On() {
		return o.output.Write(ctx, talk)
	}
	var b strings.Builder
	v := talkView{b: &b, st: o.io.OutStyle(), o: &o.options}
	if o.all {
		for i := range talk.Comments {
			v.section("Comment", nil, talk.Comments[i:i+1])
		}
		for i := range talk.Reviews {
			v.section("Review", nil, talk.Reviews[i:i+1])
		}
	}
	for i := range talk.Threads {
		if t := &talk.Threads[i]; o.all || !t.Resolved {
			v.section(place(t), t, t.Comments)
		}
	}
	if b.Len() == 0 {
		_, err = fmt.Fprintf(o.io.Err, "#%d has no unresolved review threads.\n", talk.PullRequest.Number)
		return err
	}
	if _, err := io.WriteString(o.io.Out, b.String()); err != nil {
		return err
	}
	if talk.More {
		_, err = fmt.Fprintln(o.io.Err, "There is more than this: `hf pr open` shows it all.")
	}
	return err
}

// place is what a thread is about.
func place(t *api.PullThread) string {
	if t.Line == 0 {
		return sanitize.Line(t.Path)
	}
	return fmt.Sprintf("%s:%d", sanitize.Line(t.Path), t.Line)
}

// talkView collects what is printed.
type talkView struct {
	b  *strings.Builder
	st iostreams.Style
	o  *options
}

func (v *talkView) section(title string, t *api.PullThread, comments []api.PullComment) {
	if v.b.Len() > 0 {
		v.b.WriteByte('\n')
	}
	v.b.WriteString(v.st.Bold(title))
	if t != nil && t.Resolved {
		v.b.WriteString(v.st.Green(" resolved"))
	}
	if t != nil && t.Outdated {
		v.b.WriteString(v.st.Dim(" outdated"))
	}
	v.b.WriteByte('\n')
	for _, c := range comments {
		author := sanitize.Line(c.Author)
		if author == "" {
			author = "somebody"
		}
		fmt.Fprintf(v.b, "  %s %s\n", v.st.Cyan(author), v.st.Dim(render.Age(v.o.now(), c.At)+" ago"))
		v.b.WriteString(render.Indent("    ", sanitize.Text(strings.ReplaceAll(c.Body, "\r\n", "\n"))))
	}
}
