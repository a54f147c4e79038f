package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	mostLogs    = 4       // of failing checks that are read
	mostLog     = 6 << 10 // of the end of each, in bytes
	mostThreads = 30
	mostComment = 2 << 10 // of each, in bytes
)

// gathering looks for what is wrong with the branches of a stack.
type gathering struct {
	s       *Service
	t       *task.Task
	repo    *task.Repo
	layers  []layer
	forge   *Forge
	one     bool // only one kind is asked for
	pulls   map[string]*forge.PullRequest
	pending error // why nothing is known yet
}

// of finds what of a kind is wrong, on the lowest branch where it is.
func (g *gathering) of(ctx context.Context, kind api.FixKind) (*trouble, error) {
	if kind == api.FixConflicts {
		return g.conflicts(ctx)
	}
	if g.forge == nil {
		return nil, nil
	}
	known := false
	for _, l := range g.layers {
		p, err := g.pull(ctx, l.branch)
		if errors.Is(err, errNoPull) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known = true
		var tr *trouble
		if kind == api.FixCI {
			tr, err = g.checks(ctx, l, p)
		} else {
			tr, err = g.reviews(ctx, l, p)
		}
		if err != nil || tr != nil {
			return g.addressed(tr, l), err
		}
	}
	if !known && g.one {
		return nil, &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("task %s has no open pull request", g.t.ID), Hint: fmt.Sprintf("`hf pr create %s` makes one", g.t.ID),
		}
	}
	return nil, nil
}

// addressed says who is to mend something: the task of the branch, or the one
// that was asked about where that is no task's.
func (g *gathering) addressed(tr *trouble, l layer) *trouble {
	if tr == nil {
		return nil
	}
	tr.Branch, tr.Task = l.branch, g.t.ID
	if l.task != nil {
		tr.Task = l.task.ID
	}
	return tr
}

// pull is the open pull request of a branch as it is now.
func (g *gathering) pull(ctx context.Context, branch string) (*forge.PullRequest, error) {
	if p, ok := g.pulls[branch]; ok {
		if p == nil {
			return nil, errNoPull
		}
		return p, nil
	}
	p, err := g.forge.pullOf(ctx, branch)
	if err != nil {
		return nil, err
	}
	if p != nil && p.State != api.PullRequestOpen {
		p = nil
	}
	if g.pulls == nil {
		g.pulls = map[string]*forge.PullRequest{}
	}
	g.pulls[branch] = p
	if p == nil {
		return nil, errNoPull
	}
	return p, nil
}

// checks tells of the checks of a pull request that fail.
func (g *gathering) checks(ctx context.Context, l layer, p *forge.PullRequest) (*trouble, error) {
	failing := p.Checks.Failing()
	if len(failing) == 0 {
		if p.Checks.Pending > 0 {
			g.pending = &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("no check of #%d failed; %d of %d are not done", p.Number, p.Checks.Pending, p.Checks.Total),
				Hint: fmt.Sprintf("`hf pr checks %s --watch` waits for them", g.t.ID), Retryable: true,
			}
		}
		return nil, nil
	}
	tr := &trouble{Kind: api.FixCI, What: names(failing), Of: p.HeadCommit}
	slices.Sort(tr.What)
	tr.Signature = p.HeadCommit + " " + strings.Join(tr.What, "\n")
	var b strings.Builder
	fmt.Fprintf(&b, "Checks fail on pull request #%d (%s into %s) at commit %.12s:\n", p.Number, l.branch, p.BaseBranch, p.HeadCommit)
	for _, c := range failing {
		fmt.Fprintf(&b, "- %s (%s)\n", word(c.FullName()), word(or(c.Result, "failed")))
	}
	for i, c := range failing {
		if i == mostLogs {
			fmt.Fprintf(&b, "\nThe logs of %d more are not here.\n", len(failing)-i)
			break
		}
		text, err := g.log(ctx, c)
		if err != nil {
			return nil, err
		}
		if text != "" {
			b.WriteString("\n" + quoted("end of the log of "+c.FullName(), text))
		}
	}
	tr.Text = b.String()
	return tr, nil
}

// log is the end of what a check wrote, or what it says of itself.
func (g *gathering) log(ctx context.Context, c forge.CheckRun) (string, error) {
	if c.JobID == 0 {
		return c.Summary, nil
	}
	l, err := g.forge.Client.JobLog(ctx, g.forge.At, c.JobID, mostLog)
	if api.IsCode(err, api.CodeNotFound) {
		return c.Summary, nil
	}
	return l.Text, err
}

// reviews tells of what reviewers said that is not resolved.
func (g *gathering) reviews(ctx context.Context, l layer, p *forge.PullRequest) (*trouble, error) {
	if p.Unresolved == 0 && p.Review.Decision != api.ReviewChangesRequested {
		return nil, nil
	}
	talk, err := g.forge.Client.Conversation(ctx, g.forge.At, p.Number)
	if err != nil {
		return nil, err
	}
	tr := &trouble{Kind: api.FixReviews}
	var ids []string
	var b strings.Builder
	fmt.Fprintf(&b, "Reviewers of pull request #%d (%s into %s) have said what is not resolved yet.\n", p.Number, l.branch, p.BaseBranch)
	for i := range talk.Threads {
		th := &talk.Threads[i]
		if th.Resolved || len(th.Comments) == 0 {
			continue
		}
		place := th.Path
		if th.Line > 0 {
			place = fmt.Sprintf("%s:%d", th.Path, th.Line)
		}
		ids = append(ids, th.ID+"@"+th.Comments[len(th.Comments)-1].ID)
		if len(tr.What) == mostThreads {
			continue
		}
		tr.What = append(tr.What, place)
		where := place
		if th.Outdated {
			where += " (the line has changed since)"
		}
		var t strings.Builder
		for _, c := range th.Comments {
			fmt.Fprintf(&t, "%s: %s\n", word(c.Author), shorten(c.Body, mostComment))
		}
		b.WriteString("\n" + quoted(where, t.String()))
	}
	if p.Review.Decision == api.ReviewChangesRequested {
		for _, r := range talk.Reviews {
			if slices.ContainsFunc(p.Review.Reviewers, func(v forge.Reviewer) bool { return v.Login == r.Author && v.State == api.ReviewChangesRequested }) {
				ids = append(ids, r.ID)
				tr.What = append(tr.What, "review by "+r.Author)
				b.WriteString("\n" + quoted("review by "+r.Author, shorten(r.Body, mostComment)))
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if talk.More || len(ids) > len(tr.What) {
		b.WriteString("\nThere is more: " + p.URL + "\n")
	}
	slices.Sort(ids)
	tr.Signature = strings.Join(ids, " ")
	tr.Of, tr.Text = tr.Signature, b.String()
	return tr, nil
}

// conflicts tells of the lowest branch that stops a merge into the trunk: it is
// in the middle of a rebase that stopped, or conflicts with what it stands on.
func (g *gathering) conflicts(ctx context.Context) (*trouble, error) {
	for i, l := range g.layers {
		at, there, err := g.s.cfg.Git.Branch(ctx, gitOf(g.repo), l.branch)
		if err != nil || !there {
			return nil, err
		}
		if tr, err := g.stopped(ctx, l, at); err != nil || tr != nil {
			return g.addressed(tr, l), err
		}
		base, onto, err := g.base(ctx, l, i == 0)
		if err != nil {
			return nil, err
		}
		if onto == "" {
			continue
		}
		_, err = g.s.cfg.Git.MergeTree(ctx, gitOf(g.repo), onto, at)
		conflict, ok := errors.AsType[*git.ConflictError](err)
		if err != nil && !ok {
			return nil, err
		}
		if !ok {
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "Your branch %s conflicts with %s, which it is to be merged into, in these files:\n", l.branch, base)
		for _, f := range conflict.Files {
			fmt.Fprintf(&b, "- %s\n", word(f))
		}
		fmt.Fprintf(&b, `
Rebase the branch: git rebase %s (commit %.12s). Look at both sides of each conflict, keep
what each of them means to do, git add the files, and git rebase --continue until it is done.
`, base, onto)
		tr := &trouble{Kind: api.FixConflicts, What: conflict.Files, Signature: onto + " " + at, Of: onto + " " + at, Text: b.String()}
		return g.addressed(tr, l), nil
	}
	return nil, nil
}

// stopped tells of a rebase that waits in the worktree of a branch.
func (g *gathering) stopped(ctx context.Context, l layer, at string) (*trouble, error) {
	w, out, err := g.s.cfg.Git.WorktreeOf(gitOf(g.repo), l.branch)
	if err != nil || !out {
		return nil, err
	}
	state, ok := w.Rebasing()
	if !ok || !state.Stopped {
		return nil, nil
	}
	files, err := g.s.cfg.Git.Unmerged(ctx, w)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "A rebase of your branch %s has stopped in your worktree on conflicts in these files:\n", l.branch)
	for _, f := range files {
		fmt.Fprintf(&b, "- %s\n", word(f))
	}
	b.WriteString("\nKeep what both sides mean to do, git add the files, and git rebase --continue until it is done.\n")
	of := state.Onto + " " + at
	return &trouble{Kind: api.FixConflicts, What: files, Signature: of + " stopped", Of: of + " stopped", Text: b.String()}, nil
}

// base is what a branch is to be merged into, as a person names it, and its
// commit: of the lowest one the remote's state of the trunk, where it is further.
func (g *gathering) base(ctx context.Context, l layer, lowest bool) (name, commit string, err error) {
	if l.base == "" {
		return "", "", nil
	}
	repo := gitOf(g.repo)
	at, there, err := g.s.cfg.Git.Branch(ctx, repo, l.base)
	if err != nil {
		return "", "", err
	}
	if !lowest {
		return l.base, at, nil
	}
	remote, _, err := g.s.cfg.Git.Remote(ctx, repo)
	if err != nil {
		return "", "", err
	}
	theirs, err := g.s.cfg.Git.ResolveCommit(ctx, repo, "refs/remotes/"+remote+"/"+l.base)
	if remote == "" || api.IsCode(err, api.CodeNotFound) {
		return l.base, at, nil
	}
	if err != nil {
		return "", "", err
	}
	if there {
		if further, err := g.s.cfg.Git.Contains(ctx, repo, at, theirs); err != nil || further {
			return l.base, at, err
		}
	}
	return remote + "/" + l.base, theirs, nil
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
