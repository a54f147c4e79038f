package forgetest

import (
	"context"
	"slices"
)

// addReview submits a review.
func (h *Hub) addReview(ctx context.Context, p *pull, by *user, want Review) (*review, error) {
	if want.State == "" {
		want.State = "COMMENTED"
	}
	switch {
	case by == p.author && want.State == "APPROVED":
		return nil, refused("Can not approve your own pull request")
	case by == p.author && want.State == "CHANGES_REQUESTED":
		return nil, refused("Can not request changes on your own pull request")
	case want.State != "APPROVED" && want.Body == "" && len(want.Threads) == 0:
		return nil, refused("Body can't be blank")
	}
	files, err := p.repo.git.diff(ctx, p.baseOid, p.headOid)
	if err != nil {
		return nil, err
	}
	for _, t := range want.Threads {
		if !slices.ContainsFunc(files, func(c changed) bool { return c.path == t.Path }) {
			return nil, refused("Path could not be resolved: %s is not part of the pull request", t.Path)
		}
	}
	now := h.now()
	r := &review{id: h.id(), pull: p, by: by, state: want.State, body: want.Body, oid: p.headOid, at: now}
	p.reviews = append(p.reviews, r)
	for _, t := range want.Threads {
		th := &thread{id: h.id(), pull: p, path: t.Path, line: max(t.Line, 1), oid: p.headOid}
		c := h.reply(th, by, t.Body)
		c.review = r
		r.comments = append(r.comments, c)
		p.threads = append(p.threads, th)
	}
	p.requests = slices.DeleteFunc(p.requests, func(u *user) bool { return u == by })
	p.updated = now
	return r, h.autoMerges(ctx, p.repo)
}

func (h *Hub) reply(t *thread, by *user, body string) *remark {
	c := &remark{id: h.id(), thread: t, by: by, body: body, at: h.now()}
	t.comments = append(t.comments, c)
	t.pull.updated = c.at
	return c
}

func (h *Hub) addComment(p *pull, by *user, body string) *comment {
	c := &comment{id: h.id(), pull: p, by: by, body: body, at: h.now()}
	c.updated, p.updated = c.at, c.at
	p.comments = append(p.comments, c)
	return c
}
