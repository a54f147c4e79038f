package forgetest

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// sync brings the pull requests of a repository up to what its branches are: they
// are pushed to without the hub being asked.
func (h *Hub) sync(ctx context.Context, r *repo) error {
	refs, err := r.git.branches(ctx)
	if err != nil {
		return err
	}
	moved := !maps.Equal(refs, r.refs)
	if moved {
		now := h.now()
		r.pushed, r.updated = now, now
	}
	for _, p := range r.pulls {
		if !p.open() {
			continue
		}
		if moved {
			if err := h.follow(ctx, p, refs); err != nil {
				return err
			}
		}
	}
	r.refs = refs
	return h.autoMerges(ctx, r)
}

// follow makes an open pull request what its branches say.
func (h *Hub) follow(ctx context.Context, p *pull, refs map[string]string) error {
	r, now := p.repo, h.now()
	head, ok := refs[p.head]
	if !ok {
		p.closed, p.updated = now, now
		return nil
	}
	pushed := head != p.headOid
	if pushed {
		p.headOid, p.updated = head, now
		if _, err := r.git.git(ctx, "update-ref", pullRef(p), head); err != nil {
			return err
		}
	}
	base, ok := refs[p.base]
	if !ok {
		next := r.retarget(p.base)
		if next == "" || refs[next] == "" {
			p.closed, p.updated = now, now
			return nil
		}
		p.base, p.updated = next, now
		base = refs[next]
	}
	inside, err := r.git.ancestor(ctx, head, base)
	if err != nil {
		return err
	}
	if !inside {
		p.baseOid = base
		return nil
	}
	// All its commits are in the base: they were merged by a push, unless it is the
	// head that was moved to where there is nothing left.
	p.closed, p.updated = now, now
	if base != p.baseOid || !pushed {
		p.merged, p.mergeOid = now, base
	}
	return nil
}

// retarget is where pull requests go whose base was deleted: the base of the one
// that was merged from it.
func (r *repo) retarget(branch string) string {
	for _, p := range slices.Backward(r.pulls) {
		if p.head == branch && !p.merged.IsZero() {
			return p.base
		}
	}
	return ""
}

// autoMerges merges what waits to be merged and now can be.
func (h *Hub) autoMerges(ctx context.Context, r *repo) error {
	for _, p := range r.pulls {
		if p.auto == nil || !p.open() {
			continue
		}
		status, err := h.mergeStatus(ctx, p)
		if err != nil {
			return err
		}
		if status != "CLEAN" && status != "UNSTABLE" {
			continue
		}
		a := p.auto
		err = h.merge(ctx, p, a.by, mergeRequest{method: a.method, headline: a.headline, body: a.body})
		if err != nil && !errors.Is(err, errConflict) {
			return err
		}
	}
	return nil
}

// mergeable is MERGEABLE, CONFLICTING or UNKNOWN.
func (h *Hub) mergeable(ctx context.Context, p *pull) (string, error) {
	if !p.open() {
		return "UNKNOWN", nil
	}
	if pair := p.baseOid + p.headOid; h.options.SlowMergeable && p.looked != pair {
		p.looked = pair
		return "UNKNOWN", nil
	}
	_, err := p.repo.git.mergeTree(ctx, p.baseOid, p.headOid)
	switch {
	case errors.Is(err, errConflict):
		return "CONFLICTING", nil
	case err != nil:
		return "", err
	}
	return "MERGEABLE", nil
}

// mergeStatus is GitHub's mergeStateStatus.
func (h *Hub) mergeStatus(ctx context.Context, p *pull) (string, error) {
	mergeable, err := h.mergeable(ctx, p)
	if err != nil {
		return "", err
	}
	set := p.repo.settings
	failed, expected := p.repo.missing(p.headOid)
	decision := p.decision()
	switch {
	case mergeable == "UNKNOWN":
		return "UNKNOWN", nil
	case mergeable == "CONFLICTING":
		return "DIRTY", nil
	case p.draft:
		return "DRAFT", nil
	case len(failed)+len(expected) > 0, decision == "REVIEW_REQUIRED",
		decision == "CHANGES_REQUESTED" && set.RequiredReviews > 0:
		return "BLOCKED", nil
	}
	if set.UpToDate {
		fresh, err := p.repo.git.ancestor(ctx, p.baseOid, p.headOid)
		if err != nil {
			return "", err
		}
		if !fresh {
			return "BEHIND", nil
		}
	}
	if state := p.repo.rollup(p.headOid); state != "" && state != "SUCCESS" {
		return "UNSTABLE", nil
	}
	return "CLEAN", nil
}
