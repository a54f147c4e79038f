package forgetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Settings are those of a repository.
type Settings struct {
	DefaultBranch       string // "" = main
	Description         string
	Private             bool // only its owner, the members of its organization and Members know of it
	Members             []string
	Archived            bool
	NoMergeCommit       bool
	NoSquash            bool
	NoRebase            bool
	AutoMerge           bool     // may be asked for
	DeleteBranchOnMerge bool     // the head of a merged pull request
	RequiredReviews     int      // approvals that a merge needs
	RequiredChecks      []string // names of checks that a merge needs
	UpToDate            bool     // a merge needs a head that has all of its base
}

// Pull is a pull request: one to be made, or what one is now.
type Pull struct {
	Number         int      `json:"number"`
	Head           string   `json:"head"`
	Base           string   `json:"base"` // "" = the default branch
	Title          string   `json:"title"`
	Body           string   `json:"body,omitempty"`
	Draft          bool     `json:"draft"`
	State          string   `json:"state"` // OPEN, CLOSED, MERGED
	Author         string   `json:"author"`
	URL            string   `json:"url"`
	HeadOid        string   `json:"headOid"`
	MergeOid       string   `json:"mergeOid,omitempty"`
	Checks         string   `json:"checks,omitempty"`   // SUCCESS, PENDING, FAILURE, ERROR
	Decision       string   `json:"decision,omitempty"` // APPROVED, CHANGES_REQUESTED, REVIEW_REQUIRED
	Merge          string   `json:"merge,omitempty"`    // mergeStateStatus
	AutoMerge      bool     `json:"autoMerge,omitempty"`
	Comments       []string `json:"comments,omitempty"`
	Reviewers      []string `json:"reviewers,omitempty"` // who are asked for a review
	OpenThreads    int      `json:"openThreads,omitempty"`
	ResolvedThread int      `json:"resolvedThreads,omitempty"`
}

// Check is a job of GitHub Actions on a commit.
type Check struct {
	Name       string
	Workflow   string // "" = CI
	Status     string // queued, in_progress, completed; "" = completed when there is a conclusion, else in_progress
	Conclusion string // success, failure, cancelled, timed_out, neutral, skipped, action_required
	Title      string
	Summary    string
	Log        string
}

// Status is what another service says of a commit.
type Status struct {
	Context     string
	State       string // success, failure, error, pending
	Description string
	URL         string
}

// Review is what a person says to a pull request.
type Review struct {
	State   string // APPROVED, CHANGES_REQUESTED, COMMENTED
	Body    string
	Threads []Thread
}

// Thread is a remark on a line.
type Thread struct {
	Path string
	Line int
	Body string
}

// Token makes a token of a user, who comes to be if need be.
func (h *Hub) Token(login string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.newToken(h.person(login), []string{"repo", "read:org", "workflow"})
}

// ReadOnlyToken makes a token that may change nothing.
func (h *Hub) ReadOnlyToken(login string) string {
	secret := h.Token(login)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens[secret].readOnly = true
	return secret
}

// Revoke makes a token worthless.
func (h *Hub) Revoke(secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.tokens[secret]; t != nil {
		t.revoked = true
	}
}

// Spend leaves so many requests in the budgets of a token, till their hour ends.
func (h *Hub) Spend(secret string, remaining int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.tokens[secret]; t != nil {
		for _, resource := range []string{"core", "graphql"} {
			l := h.limitOf(t, resource)
			l.used = max(0, l.limit-remaining)
		}
	}
}

// Organization makes an organization with members.
func (h *Hub) Organization(login string, members ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.person(login)
	o.org = true
	for _, m := range members {
		o.members = append(o.members, h.person(m))
	}
}

// Team makes a team of an organization.
func (h *Hub) Team(org, slug string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.person(org)
	o.org = true
	o.teams = append(o.teams, &team{id: h.id(), org: o, slug: slug})
}

// Repo is a repository of a hub.
type Repo struct {
	hub  *Hub
	repo *repo
}

// CreateRepo makes a repository, owner/name, with one commit on its default branch
// that has a README.md.
func (h *Hub) CreateRepo(full string, s Settings) (*Repo, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	owner, name, ok := strings.Cut(full, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") || strings.HasPrefix(name, ".") {
		return nil, fmt.Errorf("%q is no owner/name", full)
	}
	if h.repoNamed(full) != nil {
		return nil, fmt.Errorf("there is a repository %s", full)
	}
	if s.DefaultBranch == "" {
		s.DefaultBranch = "main"
	}
	now := h.now()
	r := &repo{
		id: h.id(), owner: h.person(owner), name: name, settings: s, created: now, updated: now, pushed: now,
		checks: map[string][]*check{}, statuses: map[string][]*status{},
	}
	for _, m := range s.Members {
		r.members = append(r.members, h.person(m))
	}
	r.git = &bare{dir: filepath.Join(h.dir, "repos", fmt.Sprintf("%d.git", r.id)), home: filepath.Join(h.dir, "home"), known: map[string]string{}}
	if err := r.git.create(h.ctx, s.DefaultBranch); err != nil {
		return nil, err
	}
	tip, err := r.git.write(h.ctx, "", "Begin\n", r.owner.signature(), "README.md", "# "+name+"\n")
	if err == nil {
		err = r.git.set(h.ctx, s.DefaultBranch, tip)
	}
	if err == nil {
		err = h.name(r)
	}
	if err != nil {
		return nil, err
	}
	h.repos = append(h.repos, r)
	return &Repo{h, r}, h.sync(h.ctx, r)
}

// name makes a repository found by the name that it has now.
func (h *Hub) name(r *repo) error {
	key := strings.ToLower(r.full())
	link := filepath.Join(h.dir, "git", key+".git")
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return err
	}
	if err := os.Symlink(r.git.dir, link); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	h.names[key] = r
	return nil
}

// Repo finds a repository.
func (h *Hub) Repo(full string) (*Repo, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.repoNamed(full); r != nil {
		return &Repo{h, r}, nil
	}
	return nil, fmt.Errorf("there is no repository %s", full)
}

// Path is the bare repository. Whoever changes it is one who pushes.
func (r *Repo) Path() string { return r.repo.git.dir }

// SSH is the address for git by SSHCommand.
func (r *Repo) SSH() string {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	return "git@github.com:" + r.repo.full() + ".git"
}

// HTTP is the address for git over http: a token is the password.
func (r *Repo) HTTP() string {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	return r.hub.URL() + "/" + r.repo.full() + ".git"
}

// do runs something on the repository as it is now.
func (r *Repo) do(f func(ctx context.Context) error) error {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	ctx := r.hub.ctx
	if err := r.hub.sync(ctx, r.repo); err != nil {
		return err
	}
	if err := f(ctx); err != nil {
		return err
	}
	return r.hub.sync(ctx, r.repo)
}

// onPull runs something on a pull request as a person.
func (r *Repo) onPull(number int, by string, f func(ctx context.Context, p *pull, by *user) error) error {
	return r.do(func(ctx context.Context) error {
		p := r.repo.pull(number)
		if p == nil {
			return fmt.Errorf("%s has no pull request #%d", r.repo.full(), number)
		}
		return f(ctx, p, r.hub.person(by))
	})
}

// Set changes the settings.
func (r *Repo) Set(change func(*Settings)) error {
	return r.do(func(context.Context) error {
		change(&r.repo.settings)
		r.repo.members = nil
		for _, m := range r.repo.settings.Members {
			r.repo.members = append(r.repo.members, r.hub.person(m))
		}
		return nil
	})
}

// Rename gives the repository another name, owner/name. The old one leads to it.
func (r *Repo) Rename(full string) error {
	return r.do(func(context.Context) error {
		owner, name, ok := strings.Cut(full, "/")
		if !ok {
			return fmt.Errorf("%q is no owner/name", full)
		}
		r.repo.owner, r.repo.name = r.hub.person(owner), name
		return r.hub.name(r.repo)
	})
}

// Tip is the commit of a branch, "" when there is none.
func (r *Repo) Tip(branch string) (tip string, err error) {
	err = r.do(func(context.Context) error {
		tip = r.repo.refs[branch]
		return nil
	})
	return tip, err
}

// Commit is somebody's push of one commit that makes a file hold a text. A branch
// that there is not begins at the default branch.
func (r *Repo) Commit(by, branch, path, text string) (tip string, err error) {
	err = r.do(func(ctx context.Context) error {
		parent := r.repo.refs[branch]
		if parent == "" {
			parent = r.repo.refs[r.repo.settings.DefaultBranch]
		}
		tip, err = r.push(ctx, by, branch, parent, path, text)
		return err
	})
	return tip, err
}

// ForcePush is somebody's push that replaces the last commit of a branch by one of
// their own.
func (r *Repo) ForcePush(by, branch, path, text string) (tip string, err error) {
	err = r.do(func(ctx context.Context) error {
		parent, err := r.repo.git.git(ctx, "rev-parse", "refs/heads/"+branch+"^")
		if err != nil {
			return err
		}
		tip, err = r.push(ctx, by, branch, parent, path, text)
		return err
	})
	return tip, err
}

func (r *Repo) push(ctx context.Context, by, branch, parent, path, text string) (string, error) {
	tip, err := r.repo.git.write(ctx, parent, "Change "+path+"\n", r.hub.person(by).signature(), path, text)
	if err != nil {
		return "", err
	}
	return tip, r.repo.git.set(ctx, branch, tip)
}

// DeleteBranch deletes a branch.
func (r *Repo) DeleteBranch(branch string) error {
	return r.do(func(ctx context.Context) error { return r.hub.deleteBranch(ctx, r.repo, branch) })
}

// OpenPull makes a pull request.
func (r *Repo) OpenPull(by string, p Pull) (number int, err error) {
	err = r.do(func(ctx context.Context) error {
		made, err := r.hub.openPull(ctx, r.repo, r.hub.person(by), p)
		if err == nil {
			number = made.number
		}
		return err
	})
	return number, err
}

// Merge merges a pull request from outside: by merge, squash or rebase.
func (r *Repo) Merge(number int, by, method string) error {
	return r.onPull(number, by, func(ctx context.Context, p *pull, by *user) error {
		return r.hub.merge(ctx, p, by, mergeRequest{method: strings.ToUpper(method)})
	})
}

// Close closes a pull request.
func (r *Repo) Close(number int, by string) error {
	return r.onPull(number, by, func(_ context.Context, p *pull, _ *user) error { return r.hub.setOpen(p, false) })
}

// Reopen opens a closed pull request again.
func (r *Repo) Reopen(number int, by string) error {
	return r.onPull(number, by, func(_ context.Context, p *pull, _ *user) error { return r.hub.setOpen(p, true) })
}

// Review submits a review.
func (r *Repo) Review(number int, by string, review Review) error {
	return r.onPull(number, by, func(ctx context.Context, p *pull, by *user) error {
		_, err := r.hub.addReview(ctx, p, by, review)
		return err
	})
}

// Comment says something to a pull request as a whole.
func (r *Repo) Comment(number int, by, text string) error {
	return r.onPull(number, by, func(_ context.Context, p *pull, by *user) error {
		r.hub.addComment(p, by, text)
		return nil
	})
}

// ResolveThreads resolves all threads of a pull request.
func (r *Repo) ResolveThreads(number int, by string) error {
	return r.onPull(number, by, func(_ context.Context, p *pull, by *user) error {
		for _, t := range p.threads {
			t.resolved = by
		}
		return nil
	})
}

// SetCheck sets a check of a commit, or of the tip of a branch. One of the same
// name is replaced, as a new run of it would.
func (r *Repo) SetCheck(ref string, c Check) error {
	return r.do(func(ctx context.Context) error {
		oid, err := r.resolve(ctx, ref)
		if err != nil {
			return err
		}
		return r.hub.setCheck(r.repo, oid, c)
	})
}

// SetStatus sets what another service says of a commit, or of the tip of a branch.
func (r *Repo) SetStatus(ref string, s Status) error {
	return r.do(func(ctx context.Context) error {
		oid, err := r.resolve(ctx, ref)
		if err != nil {
			return err
		}
		_, err = r.hub.setStatus(ctx, r.repo, nil, oid, s)
		return err
	})
}

func (r *Repo) resolve(ctx context.Context, ref string) (string, error) {
	if oid := r.repo.refs[ref]; oid != "" {
		return oid, nil
	}
	return r.repo.git.git(ctx, "rev-parse", "--verify", "--end-of-options", ref+"^{commit}")
}

// Pull is what a pull request is now.
func (r *Repo) Pull(number int) (out Pull, err error) {
	err = r.onPull(number, "ghost", func(ctx context.Context, p *pull, _ *user) error {
		out, err = r.hub.snapshot(ctx, p)
		return err
	})
	return out, err
}

// Pulls are all pull requests, by number.
func (r *Repo) Pulls() (out []Pull, err error) {
	err = r.do(func(ctx context.Context) error {
		for _, p := range r.repo.pulls {
			s, err := r.hub.snapshot(ctx, p)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

func (h *Hub) snapshot(ctx context.Context, p *pull) (Pull, error) {
	merge, err := h.mergeStatus(ctx, p)
	out := Pull{
		Number: p.number, Head: p.head, Base: p.base, Title: p.title, Body: p.body, Draft: p.draft, State: p.state(), Author: p.author.login,
		URL: h.pullURL(p), HeadOid: p.headOid, MergeOid: p.mergeOid, Checks: p.repo.rollup(p.headOid), Decision: p.decision(), Merge: merge, AutoMerge: p.auto != nil,
	}
	for _, c := range p.comments {
		out.Comments = append(out.Comments, c.body)
	}
	for _, u := range p.requests {
		out.Reviewers = append(out.Reviewers, u.login)
	}
	for _, t := range p.threads {
		if t.resolved == nil {
			out.OpenThreads++
		} else {
			out.ResolvedThread++
		}
	}
	return out, err
}

func (h *Hub) setCheck(r *repo, oid string, want Check) error {
	up := func(s string) string { return strings.ToUpper(s) }
	if want.Status == "" {
		want.Status = "in_progress"
		if want.Conclusion != "" {
			want.Status = "completed"
		}
	}
	if want.Workflow == "" {
		want.Workflow = "CI"
	}
	if (up(want.Status) == "COMPLETED") != (want.Conclusion != "") {
		return fmt.Errorf("a check has a conclusion exactly when it is completed, not %q and %q", want.Status, want.Conclusion)
	}
	var group *run
	for _, o := range r.runs {
		if o.oid == oid && o.workflow == want.Workflow {
			group = o
		}
	}
	now := h.now()
	if group == nil {
		group = &run{id: h.id(), repo: r, oid: oid, workflow: want.Workflow, created: now}
		r.runs = append(r.runs, group)
	}
	c := &check{
		id: h.id(), repo: r, oid: oid, name: want.Name, status: up(want.Status), conclusion: up(want.Conclusion), title: want.Title, summary: want.Summary,
		log: want.Log, started: now, run: group,
	}
	if c.status == "COMPLETED" {
		c.completed = now
	}
	r.checks[oid] = append(slices.DeleteFunc(r.checks[oid], func(o *check) bool { return o.name == want.Name && o.run == group }), c)
	return nil
}

func (h *Hub) setStatus(ctx context.Context, r *repo, by *user, oid string, want Status) (*status, error) {
	if !slices.Contains([]string{"success", "failure", "error", "pending"}, strings.ToLower(want.State)) {
		return nil, refused("State is not included in the list")
	}
	s := &status{
		id: h.id(), repo: r, oid: oid, context: want.Context, state: strings.ToUpper(want.State), description: want.Description, url: want.URL, by: by, at: h.now(),
	}
	r.statuses[oid] = append(slices.DeleteFunc(r.statuses[oid], func(o *status) bool { return o.context == want.Context }), s)
	return s, h.autoMerges(ctx, r)
}
