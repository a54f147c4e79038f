package forgetest

import (
	"slices"
	"strings"
	"time"
)

// user is a person or an organization.
type user struct {
	id      int
	login   string
	name    string
	org     bool
	members []*user // of an organization
	teams   []*team
}

type team struct {
	id   int
	org  *user
	slug string
}

// token is what a client signs in with.
type token struct {
	user     *user
	scopes   []string
	readOnly bool
	revoked  bool
	limits   map[string]*limit
}

// repo is a repository and all that belongs to it.
type repo struct {
	id       int
	owner    *user
	name     string
	git      *bare
	settings Settings
	created  time.Time
	updated  time.Time
	pushed   time.Time
	members  []*user // who may see a private one
	refs     map[string]string
	pulls    []*pull // by number, from 1
	labels   []*label
	checks   map[string][]*check  // by commit, the newest of a name last
	statuses map[string][]*status // by commit, the newest of a context last
	runs     []*run
}

func (r *repo) full() string { return r.owner.login + "/" + r.name }

func (r *repo) pull(number int) *pull {
	if number < 1 || number > len(r.pulls) {
		return nil
	}
	return r.pulls[number-1]
}

type label struct {
	id    int
	name  string
	color string
}

// pull is a pull request.
type pull struct {
	id        int
	repo      *repo
	number    int
	title     string
	body      string
	author    *user
	draft     bool
	base      string // branch
	baseOid   string
	head      string // branch
	headOid   string
	created   time.Time
	updated   time.Time
	closed    time.Time // zero while it is open
	merged    time.Time
	mergedBy  *user
	mergeOid  string
	looked    string // the pair of commits whose mergeability was asked for before
	auto      *autoMerge
	reviews   []*review
	requests  []*user
	threads   []*thread
	comments  []*comment
	labels    []*label
	assignees []*user
}

func (p *pull) state() string {
	switch {
	case !p.merged.IsZero():
		return "MERGED"
	case !p.closed.IsZero():
		return "CLOSED"
	}
	return "OPEN"
}

func (p *pull) open() bool { return p.closed.IsZero() }

type autoMerge struct {
	pull     *pull
	by       *user
	at       time.Time
	method   string
	headline string
	body     string
}

// review is one that was submitted.
type review struct {
	id       int
	pull     *pull
	by       *user
	state    string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED
	body     string
	oid      string
	at       time.Time
	comments []*remark
}

// thread is a conversation about a line.
type thread struct {
	id       int
	pull     *pull
	path     string
	line     int
	oid      string // the commit it was begun on
	resolved *user
	comments []*remark
}

// remark is a comment on a line.
type remark struct {
	id     int
	thread *thread
	review *review
	by     *user
	body   string
	at     time.Time
}

// comment is one on the pull request as a whole.
type comment struct {
	id      int
	pull    *pull
	by      *user
	body    string
	at      time.Time
	updated time.Time
}

// check is a run of a job.
type check struct {
	id         int
	repo       *repo
	oid        string
	name       string
	status     string
	conclusion string // "" until it is completed
	title      string
	summary    string
	log        string
	started    time.Time
	completed  time.Time
	run        *run
}

// run is a run of a workflow: it has the checks of one commit.
type run struct {
	id       int
	repo     *repo
	oid      string
	workflow string
	created  time.Time
}

// status is a commit status, what other services than GitHub's own set.
type status struct {
	id          int
	repo        *repo
	oid         string
	context     string
	state       string
	description string
	url         string
	by          *user
	at          time.Time
}

// latestReviews are the newest review of each person; of those that say something
// about merging only, when opinionated.
func (p *pull) latestReviews(opinionated bool) []*review {
	var out []*review
	for _, r := range p.reviews {
		if opinionated && r.state == "COMMENTED" || r.state == "DISMISSED" {
			continue
		}
		out = slices.DeleteFunc(out, func(o *review) bool { return o.by == r.by })
		out = append(out, r)
	}
	return out
}

// decision is GitHub's word on the reviews, "" when none is needed nor given.
func (p *pull) decision() string {
	approvals, refused := 0, false
	for _, r := range p.latestReviews(true) {
		switch r.state {
		case "APPROVED":
			approvals++
		case "CHANGES_REQUESTED":
			refused = true
		}
	}
	need := p.repo.settings.RequiredReviews
	switch {
	case refused:
		return "CHANGES_REQUESTED"
	case approvals > 0 && approvals >= need:
		return "APPROVED"
	case need > 0:
		return "REVIEW_REQUIRED"
	}
	return ""
}

// rollup is the state of all checks of a commit, "" when there are none.
func (r *repo) rollup(oid string) string {
	checks, statuses := r.checks[oid], r.statuses[oid]
	if len(checks)+len(statuses) == 0 {
		return ""
	}
	state := "SUCCESS"
	worse := func(s string) {
		order := []string{"SUCCESS", "PENDING", "FAILURE", "ERROR"}
		if slices.Index(order, s) > slices.Index(order, state) {
			state = s
		}
	}
	for _, c := range checks {
		worse(c.state())
	}
	for _, s := range statuses {
		worse(s.state)
	}
	return state
}

func (c *check) state() string {
	switch {
	case c.status != "COMPLETED":
		return "PENDING"
	case slices.Contains([]string{"SUCCESS", "NEUTRAL", "SKIPPED"}, c.conclusion):
		return "SUCCESS"
	}
	return "FAILURE"
}

// required reports whether a check of that name must pass.
func (r *repo) required(name string) bool { return slices.Contains(r.settings.RequiredChecks, name) }

// missing are the required checks of a commit that did not pass.
func (r *repo) missing(oid string) (failed, expected []string) {
	for _, name := range r.settings.RequiredChecks {
		switch r.checkState(oid, name) {
		case "SUCCESS":
		case "FAILURE", "ERROR":
			failed = append(failed, name)
		default:
			expected = append(expected, name)
		}
	}
	return failed, expected
}

func (r *repo) checkState(oid, name string) string {
	for _, c := range r.checks[oid] {
		if c.name == name {
			return c.state()
		}
	}
	for _, s := range r.statuses[oid] {
		if s.context == name {
			return s.state
		}
	}
	return ""
}

// sees reports whether a user knows of a repository.
func (r *repo) sees(u *user) bool {
	if !r.settings.Private {
		return true
	}
	return u != nil && (r.owner == u || slices.Contains(r.owner.members, u) || slices.Contains(r.members, u))
}

// is compares names as GitHub does.
func is(a, b string) bool { return strings.EqualFold(a, b) }
