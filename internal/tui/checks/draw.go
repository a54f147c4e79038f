package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// maxBody is how much is shown of what somebody wrote, in bytes. The browser
// shows all of it.
const maxBody = 16 << 10

// drawing is a document that is being made.
type drawing struct {
	document
	p     *Pane
	t     *theme.Theme
	width int
}

// draw makes the document of a page.
func (p *Pane) draw(g *page) document {
	b := &drawing{p: p, t: p.d.Theme, width: p.width}
	switch {
	case !g.known:
		b.line("") // it comes in a moment
	case g.pull == nil && g.wrong != nil:
		b.blank()
		b.failed("The pull request is not known", g.wrong)
	case g.pull == nil:
		b.none()
	default:
		b.pull(g)
		b.checks(g.pull)
		b.reviews(g.pull)
		b.talk(g)
	}
	return b.document
}

func (b *drawing) line(l string) { b.lines = append(b.lines, l) }

// blank parts what stands above from what comes.
func (b *drawing) blank() {
	if len(b.lines) > 0 {
		b.line("")
	}
}

// text draws words, with other lines below the first.
func (b *drawing) text(indent int, style theme.Style, s string) {
	for _, part := range widget.Wrap(s, max(b.width-indent-1, 1)) {
		b.line(widget.Spaces(indent) + style.Render(part))
	}
}

// item begins what has a page of its own.
func (b *drawing) item(key, url string) {
	for n := 2; b.find(key) >= 0; n++ { // two checks of one name
		key += "#" + strconv.Itoa(n)
	}
	b.items = append(b.items, item{key, url, len(b.lines)})
}

// heading begins a part; says is how it stands.
func (b *drawing) heading(title, says string) {
	b.blank()
	b.line(" " + widget.Cut(b.t.Heading.Render(title)+"  "+says, b.width-1, b.t.Sign.Ellipsis))
}

// failed says why something is not shown, and what to do about it.
func (b *drawing) failed(what string, err error) {
	f := command.Failed{Err: err}
	b.text(1, b.t.Bad, what+": "+widget.Name(f.Text()))
	if k := b.p.d.Keys.Hint("checks.refresh"); k != "" {
		b.text(1, b.t.Dim, k+" tries again")
	}
}

// none says that there is no pull request, and how there is one.
func (b *drawing) none() {
	b.line("")
	b.text(1, b.t.Bold, "There is no pull request yet.")
	task := b.p.d.Store.Task(b.p.task)
	if task == nil {
		return
	}
	b.blank()
	for _, l := range [][2]string{{"pr.create", "pushes the branch and makes one"}, {"stack.submit", "makes one for each branch of its stack"}} {
		if k := b.p.d.Keys.Hint(l[0]); k != "" {
			b.line("  " + b.t.Key.Render(widget.Fit(k, 3, "")) + " " + widget.Cut(l[1], b.width-7, b.t.Sign.Ellipsis))
		}
	}
	if task.Base != "" {
		b.blank()
		b.text(1, b.t.Dim, widget.Name(task.Branch)+" would go into "+widget.Name(task.Base))
	}
}

// pull says how the pull request stands.
func (b *drawing) pull(g *page) {
	p := g.pull
	b.item("pull", p.URL)
	b.text(1, b.t.Bold, "#"+strconv.Itoa(p.Number)+" "+widget.Name(p.Title))
	short := *p
	short.Base = widget.Name(p.Base)
	b.text(1, b.stateStyle(p), render.PullState(&short))
	facts := []string{widget.Name(p.Branch)}
	if p.Author != "" {
		facts = append(facts, "by "+widget.Name(p.Author))
	}
	facts = append(facts, "seen "+b.ago(p))
	b.text(1, b.t.Dim, strings.Join(facts, " "+b.t.Sign.Gone+" "))
	b.line(" " + b.t.Link.Render(widget.Cut(widget.Name(p.URL), b.width-1, b.t.Sign.Ellipsis)))
	if task := b.p.d.Store.Task(b.p.task); task != nil && task.Unpushed != nil && *task.Unpushed > 0 && !p.Ended() {
		b.text(1, b.t.Warn, render.Count(*task.Unpushed, "commit")+" of the branch not pushed: "+b.p.d.Keys.Hint("push")+" pushes")
	}
	switch {
	case g.wrong != nil:
		b.failed("This is what hfd saw last", g.wrong)
	case p.Stale:
		b.text(1, b.t.Warn, "hfd cannot look at the forge at present: this may be old")
	}
}

func (b *drawing) ago(p *api.PullRequest) string {
	return render.Age(b.p.d.Now(), p.ObservedAt) + " ago"
}

func (b *drawing) stateStyle(p *api.PullRequest) theme.Style {
	switch {
	case p.State == api.PullRequestMerged:
		return b.t.Keyword
	case p.State == api.PullRequestClosed:
		return b.t.Gone
	case p.Mergeable != nil && !*p.Mergeable:
		return b.t.Bad
	case p.State == api.PullRequestDraft:
		return b.t.Dim
	}
	return b.t.Good
}

// rank orders checks: those that failed come first.
func rank(s api.ChecksState) int {
	switch s {
	case api.ChecksFail:
		return 0
	case api.ChecksPending:
		return 1
	case api.ChecksPass, api.ChecksNone:
	}
	return 2
}

func (b *drawing) checks(p *api.PullRequest) {
	runs := slices.Clone(p.CheckRuns)
	slices.SortStableFunc(runs, func(x, y api.CheckRun) int { return cmp.Compare(rank(x.State), rank(y.State)) })
	b.heading("Checks", b.counts(runs))
	names, widest := make([]string, len(runs)), 0
	for i := range runs {
		names[i] = widget.Name(runs[i].FullName())
		widest = max(widest, widget.Width(names[i]))
	}
	const beside = 16 // for how it ended
	widest = min(widest, max(b.width-5-beside, 8))
	for i := range runs {
		r := &runs[i]
		result := cmp.Or(r.Result, string(r.State))
		b.item("check/"+r.FullName(), r.URL)
		mark := cmp.Or(b.t.Checks(r.State), b.t.Dim.Render(b.t.Sign.Bullet))
		b.line(widget.Cut("  "+mark+" "+widget.Fit(names[i], widest, b.t.Sign.Ellipsis)+"  "+b.t.Dim.Render(widget.Name(result)), b.width, b.t.Sign.Ellipsis))
	}
}

// counts says how many checks are how.
func (b *drawing) counts(runs []api.CheckRun) string {
	n := map[api.ChecksState]int{}
	for i := range runs {
		n[runs[i].State]++
	}
	var parts []string
	add := func(s api.ChecksState, style theme.Style, word string) {
		if n[s] > 0 {
			parts = append(parts, style.Render(fmt.Sprintf("%d %s", n[s], word)))
		}
	}
	add(api.ChecksFail, b.t.Bad, "failed")
	add(api.ChecksPending, b.t.Warn, "not done")
	add(api.ChecksPass, b.t.Good, "passed")
	add(api.ChecksNone, b.t.Dim, "without a result")
	if len(parts) == 0 {
		return b.t.Dim.Render("none")
	}
	return strings.Join(parts, ", ")
}

// decision is what the reviewers decided, in words.
func (b *drawing) decision(r api.ReviewState) string {
	switch r {
	case api.ReviewApproved:
		return b.t.Good.Render("approved")
	case api.ReviewChangesRequested:
		return b.t.Bad.Render("changes requested")
	case api.ReviewPending:
		return b.t.Warn.Render("waits for a review")
	case api.ReviewNone:
	}
	return b.t.Dim.Render("none")
}

func (b *drawing) reviews(p *api.PullRequest) {
	b.heading("Review", b.decision(p.Review))
	var who []string
	for _, r := range p.Reviewers {
		name := widget.Name(r.Login)
		switch r.State {
		case api.ReviewApproved:
			name = b.t.Good.Render(b.t.Sign.Done) + " " + name
		case api.ReviewChangesRequested:
			name = b.t.Bad.Render(b.t.Sign.Failed) + " " + name
		case api.ReviewPending:
			name = b.t.Warn.Render(b.t.Sign.Pending) + " " + name + b.t.Dim.Render(" asked")
		case api.ReviewNone:
			name = b.t.Dim.Render(b.t.Sign.Bullet) + " " + name
		}
		who = append(who, name)
	}
	if len(who) > 0 {
		b.text(2, b.t.Text, strings.Join(who, "  "))
	}
}
