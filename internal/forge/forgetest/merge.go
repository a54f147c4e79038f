package forgetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// mergeRequest says how to merge.
type mergeRequest struct {
	method   string // MERGE, SQUASH, REBASE
	headline string
	body     string
	expect   string // the head must be this commit; "" = any
}

// problem is an error in GitHub's words, with the status that REST gives it.
type problem struct {
	status  int
	typ     string // of GraphQL
	message string
}

func (p *problem) Error() string { return p.message }

func refused(format string, args ...any) error {
	return &problem{status: 422, typ: "UNPROCESSABLE", message: fmt.Sprintf(format, args...)}
}

func notMergeable(format string, args ...any) error {
	return &problem{status: 405, typ: "UNPROCESSABLE", message: fmt.Sprintf(format, args...)}
}

// mayMerge says why a pull request is not to be merged.
func (h *Hub) mayMerge(ctx context.Context, p *pull, m mergeRequest) error {
	set := p.repo.settings
	allowed := map[string]bool{"MERGE": !set.NoMergeCommit, "SQUASH": !set.NoSquash, "REBASE": !set.NoRebase}
	words := map[string]string{"MERGE": "Merge commits are", "SQUASH": "Squash merges are", "REBASE": "Rebase merges are"}
	failed, expected := p.repo.missing(p.headOid)
	switch {
	case !p.merged.IsZero() || !p.open():
		return notMergeable("Pull Request is not mergeable")
	case p.draft:
		return notMergeable("Pull Request is still a draft")
	case m.expect != "" && m.expect != p.headOid:
		return &problem{status: 409, typ: "UNPROCESSABLE", message: "Head branch was modified. Review and try the merge again."}
	case !allowed[m.method]:
		return notMergeable("%s not allowed on this repository.", words[m.method])
	case len(failed) > 0:
		return notMergeable("Required status check %q is failing.", failed[0])
	case len(expected) > 0:
		return notMergeable("Required status check %q is expected.", expected[0])
	case set.RequiredReviews > 0 && p.decision() == "CHANGES_REQUESTED":
		return notMergeable("Changes have been requested.")
	case p.decision() == "REVIEW_REQUIRED":
		return notMergeable("At least %d approving review is required by reviewers with write access.", set.RequiredReviews)
	}
	if !set.UpToDate {
		return nil
	}
	fresh, err := p.repo.git.ancestor(ctx, p.baseOid, p.headOid)
	if err == nil && !fresh {
		err = notMergeable("The head branch is not up to date with the base branch.")
	}
	return err
}

// merge merges a pull request into its base, by real commits.
func (h *Hub) merge(ctx context.Context, p *pull, by *user, m mergeRequest) error {
	if m.method == "" {
		m.method = "MERGE"
	}
	if err := h.mayMerge(ctx, p, m); err != nil {
		return err
	}
	oid, err := h.mergeCommit(ctx, p, by, m)
	if err != nil {
		return err
	}
	r, now := p.repo, h.now()
	if err := r.git.set(ctx, p.base, oid); err != nil {
		return err
	}
	p.merged, p.closed, p.updated = now, now, now
	p.mergedBy, p.mergeOid, p.auto = by, oid, nil
	if r.settings.DeleteBranchOnMerge {
		if err := r.git.set(ctx, p.head, ""); err != nil {
			return err
		}
	}
	return h.sync(ctx, r)
}

func (h *Hub) mergeCommit(ctx context.Context, p *pull, by *user, m mergeRequest) (string, error) {
	git := p.repo.git
	conflict := func(err error) error {
		if errors.Is(err, errConflict) {
			return notMergeable("Pull Request has merge conflicts")
		}
		return err
	}
	if m.method == "REBASE" {
		commits, err := git.commits(ctx, p.baseOid, p.headOid)
		if err != nil {
			return "", err
		}
		tip := p.baseOid
		for _, c := range commits {
			if tip, err = git.pick(ctx, c, tip); err != nil {
				return "", conflict(err)
			}
		}
		return tip, nil
	}
	tree, err := git.mergeTree(ctx, p.baseOid, p.headOid)
	if err != nil {
		return "", conflict(err)
	}
	headline, body, parents := m.headline, m.body, []string{p.baseOid}
	author := p.author
	if m.method == "MERGE" {
		parents, author = append(parents, p.headOid), by
		if headline == "" {
			headline = fmt.Sprintf("Merge pull request #%d from %s/%s", p.number, p.repo.owner.login, p.head)
		}
		if body == "" {
			body = p.title
		}
	} else {
		if headline == "" {
			headline = fmt.Sprintf("%s (#%d)", p.title, p.number)
		}
		if body == "" {
			body = p.body
		}
	}
	return git.commitTree(ctx, tree, strings.TrimSpace(headline+"\n\n"+body)+"\n", author.signature(), parents...)
}

func pullRef(p *pull) string { return fmt.Sprintf("refs/pull/%d/head", p.number) }

// openPull makes a pull request, or says why there cannot be one.
func (h *Hub) openPull(ctx context.Context, r *repo, by *user, want Pull) (*pull, error) {
	invalid := func(format string, args ...any) error {
		return refused(format, args...)
	}
	head := want.Head
	if owner, branch, ok := strings.Cut(head, ":"); ok {
		if !is(owner, r.owner.login) {
			return nil, invalid("Head sha can't be blank, Head ref must be a branch")
		}
		head = branch
	}
	if want.Base == "" {
		want.Base = r.settings.DefaultBranch
	}
	headOid, baseOid := r.refs[head], r.refs[want.Base]
	switch {
	case strings.TrimSpace(want.Title) == "":
		return nil, invalid("Title can't be blank")
	case baseOid == "" && headOid == "":
		return nil, invalid("Head sha can't be blank, Base sha can't be blank, No commits between %s and %s, Head ref must be a branch, Base ref must be a branch", want.Base, head)
	case baseOid == "":
		return nil, invalid("Base sha can't be blank, No commits between %s and %s, Base ref must be a branch", want.Base, head)
	case headOid == "":
		return nil, invalid("Head sha can't be blank, No commits between %s and %s, Head ref must be a branch", want.Base, head)
	}
	for _, p := range r.pulls {
		if p.open() && p.head == head && p.base == want.Base {
			return nil, invalid("A pull request already exists for %s:%s.", r.owner.login, head)
		}
	}
	inside, err := r.git.ancestor(ctx, headOid, baseOid)
	if err != nil {
		return nil, err
	}
	if inside {
		return nil, invalid("No commits between %s and %s", want.Base, head)
	}
	now := h.now()
	p := &pull{
		id: h.id(), repo: r, number: len(r.pulls) + 1, title: want.Title, body: want.Body, author: by, draft: want.Draft,
		base: want.Base, baseOid: baseOid, head: head, headOid: headOid, created: now, updated: now,
	}
	r.pulls = append(r.pulls, p)
	_, err = r.git.git(ctx, "update-ref", pullRef(p), headOid)
	return p, err
}

// setBase changes the base of a pull request.
func (h *Hub) setBase(ctx context.Context, p *pull, base string) error {
	if base == p.base {
		return nil
	}
	oid := p.repo.refs[base]
	if oid == "" {
		return refused("Proposed base branch '%s' was not found", base)
	}
	if !p.open() {
		return refused("Cannot change the base branch of a closed pull request.")
	}
	inside, err := p.repo.git.ancestor(ctx, p.headOid, oid)
	if err != nil {
		return err
	}
	if inside {
		return refused("There are no new commits between base branch '%s' and head branch '%s'", base, p.head)
	}
	for _, o := range p.repo.pulls {
		if o != p && o.open() && o.head == p.head && o.base == base {
			return refused("A pull request already exists for base branch '%s' and head branch '%s'", base, p.head)
		}
	}
	p.base, p.baseOid, p.updated = base, oid, h.now()
	return nil
}

// setOpen closes or reopens a pull request.
func (h *Hub) setOpen(p *pull, open bool) error {
	switch {
	case !p.merged.IsZero():
		if open {
			return refused("Could not open the pull request.")
		}
		return nil
	case open && p.repo.refs[p.head] == "":
		return refused("Could not open the pull request: the head branch was deleted.")
	case open == p.open():
		return nil
	}
	p.updated = h.now()
	p.closed = p.updated
	if open {
		p.closed = p.merged
		p.headOid, p.baseOid = p.repo.refs[p.head], p.repo.refs[p.base]
	} else {
		p.auto = nil
	}
	return nil
}

// setAuto has a pull request merged when it can be.
func (h *Hub) setAuto(ctx context.Context, p *pull, by *user, m mergeRequest) error {
	if !p.repo.settings.AutoMerge {
		return refused("Pull request Auto merge is not allowed for this repository")
	}
	if !p.open() {
		return refused("Pull request is closed")
	}
	if m.expect != "" && m.expect != p.headOid {
		return refused("Head branch was modified. Review and try the merge again.")
	}
	status, err := h.mergeStatus(ctx, p)
	if err != nil {
		return err
	}
	switch status {
	case "CLEAN":
		return refused("Pull request is in clean status")
	case "UNSTABLE":
		return refused("Pull request is in unstable status")
	case "DIRTY":
		return refused("Pull request is in dirty status")
	}
	p.auto = &autoMerge{pull: p, by: by, at: h.now(), method: m.method, headline: m.headline, body: m.body}
	p.updated = h.now()
	return nil
}
