package stack

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Submit pushes branches and makes or updates their pull requests, one after the
// other. It ends at the first that fails; what came of it is in the last entry.
// A branch whose remote has anything but what the lease says is not pushed.
func (e *Engine) Submit(ctx context.Context, in In, req SubmitRequest) ([]Submitted, error) {
	if err := checkSubmit(req); err != nil {
		return nil, err
	}
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return nil, err
	}
	if f.Remote == "" {
		return nil, &api.Error{Code: api.CodeConflict, Message: "the stacks of " + in.Repo.Top + " have no remote", Hint: "git remote add origin URL, then git-spice repo init --remote origin"}
	}
	var out []Submitted
	for _, branch := range req.Branches {
		s, err := e.submit(ctx, in, req, f, branch)
		if err != nil {
			s.Error = asError(err)
		}
		out = append(out, s)
		if req.Done != nil {
			if err := req.Done(ctx, s); err != nil {
				return out, err
			}
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func checkSubmit(req SubmitRequest) error {
	if req.URL == "" || req.APIURL == "" || req.Lease == nil {
		return &api.Error{Code: api.CodeInternal, Message: "a submit must say where to, and what is known of the remote"}
	}
	if req.Token == "" {
		return &api.Error{Code: api.CodeUnauthorized, Message: "no login for " + req.URL, Hint: "hf auth login"}
	}
	return checkName(req.Branches...)
}

// submit pushes one branch.
func (e *Engine) submit(ctx context.Context, in In, req SubmitRequest, f Forest, branch string) (Submitted, error) {
	s := Submitted{Branch: branch}
	b, ok := f.Branches[branch]
	switch {
	case branch == f.Trunk:
		return s, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the trunk: it has no pull request", branch)}
	case !ok:
		return s, notTracked(branch)
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return s, err
	}
	defer l.release()
	ctx = l.on(ctx)
	tip, err := e.submittable(ctx, in, b)
	if err != nil {
		return s, err
	}
	name := b.Upstream
	if name == "" {
		name = branch
	}
	if err := e.lease(ctx, in, req, f.Remote, branch, name, tip); err != nil {
		return s, err
	}
	trees, err := e.trees(in.Repo)
	if err != nil {
		return s, err
	}
	w, done, err := e.anyLinked(ctx, in.Repo, trees)
	if err != nil {
		return s, err
	}
	defer done()
	said, err := e.spice(ctx, l, command{
		in: in, at: w, args: submitArgs(req, branch), network: true, login: in.Login, limit: e.limits.Submit,
		global: []string{"--github-url=" + req.URL, "--github-api-url=" + req.APIURL},
		env:    []string{"GITHUB_TOKEN=" + req.Token},
		config: append(sparseConfig(e, in.Repo, w), "push.followTags=false", "push.recurseSubmodules=no", "push.gpgSign=false"),
	})
	if err != nil {
		return s, err
	}
	s.read(said.stderr)
	if req.DryRun || s.Did == "skipped" {
		return s, nil
	}
	at, _, err := e.git.RemoteBranch(ctx, in.Repo, git.Via{Remote: f.Remote, Env: in.Env, Login: in.Login}, name)
	if err == nil && at != tip {
		err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("git-spice did not push %s: %s", branch, lastSaid(said.stderr))}
	}
	if err != nil {
		return s, err
	}
	s.Commit = at
	if name == branch {
		err = e.git.SetUpstream(ctx, in.Repo, branch, f.Remote)
	}
	return s, err
}

// submittable refuses a branch that does not stand on its base: its pull request
// would show the wrong commits.
func (e *Engine) submittable(ctx context.Context, in In, b Branch) (tip string, err error) {
	tips, err := e.git.Tips(ctx, in.Repo, b.Name, b.Base)
	if err != nil {
		return "", err
	}
	tip, base := tips[b.Name], tips[b.Base]
	if tip == "" || base == "" {
		return "", &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("%s or its base %s is not there any more", b.Name, b.Base)}
	}
	stands, err := e.git.IsAncestor(ctx, in.Repo, base, tip)
	if err == nil && !stands {
		err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s does not stand on %s", b.Name, b.Base), Hint: "hf stack restack, then submit"}
	}
	if err == nil && tip == base {
		err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s has no commits of its own", b.Name), Hint: "commit something first"}
	}
	return tip, err
}

// lease looks what the remote has, right before git-spice pushes over it, and
// makes git's own lease as narrow as that: a fetch in the background may have
// widened it.
func (e *Engine) lease(ctx context.Context, in In, req SubmitRequest, remote, branch, name, tip string) error {
	expected, err := req.Lease(ctx, branch, remote, name)
	if err != nil {
		return err
	}
	via := git.Via{Remote: remote, Env: in.Env, Login: in.Login}
	at, exists, err := e.git.RemoteBranch(ctx, in.Repo, via, name)
	if err != nil {
		return err
	}
	switch {
	case !exists && expected != "":
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("somebody has deleted %s on %s", name, remote),
			Hint: "hf stack sync, in case it was merged",
		}
	case at != expected && at != tip:
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("somebody else has pushed to %s on %s: it is at %.12s", name, remote, at),
			Hint: fmt.Sprintf("git fetch %s %s, and take over what is new there", remote, name),
		}
	}
	tracking := "refs/remotes/" + remote + "/" + name
	now, _, err := e.git.RefCommit(ctx, in.Repo, tracking)
	if err != nil || now == at {
		return err
	}
	if _, err := e.git.ResolveCommit(ctx, in.Repo, at); exists && err != nil {
		_, err := e.git.FetchBranch(ctx, in.Repo, via, name)
		return err
	}
	return e.git.MoveRef(ctx, in.Repo, tracking, now, at, "hf: looked at the remote")
}

func submitArgs(req SubmitRequest, branch string) []string {
	args := []string{"branch", "submit", "--branch=" + branch, "--fill", "--web=false"}
	if req.Draft != nil {
		args = append(args, map[bool]string{true: "--draft", false: "--no-draft"}[*req.Draft])
	}
	if req.DryRun {
		args = append(args, "--dry-run")
	}
	if req.UpdateOnly {
		args = append(args, "--update-only")
	}
	if req.NoNavigation {
		args = append(args, "--nav-comment=false")
	}
	for _, label := range req.Labels {
		args = append(args, "--label="+label)
	}
	for _, reviewer := range req.Reviewers {
		args = append(args, "--reviewer="+reviewer)
	}
	return args
}

var submitLines = []struct {
	is  *regexp.Regexp
	did string
}{
	{regexp.MustCompile(`(?m)^INF Created [#!](\d+): (\S+)`), "created"},
	{regexp.MustCompile(`(?m)^INF Updated [#!](\d+): (\S+)`), "updated"},
	{regexp.MustCompile(`(?m)^INF CR [#!](\d+) is up-to-date: (\S+)`), "up-to-date"},
	{regexp.MustCompile(`(?m)^INF WOULD create a CR for ()()`), "would-create"},
	{regexp.MustCompile(`(?m)^INF WOULD (?:update|push)[^#!]*(?:[#!](\d+))?()`), "would-update"},
	{regexp.MustCompile(`(?m)^INF Pushed ()()`), "pushed"},
}

// read takes from what git-spice printed what came of a branch.
func (s *Submitted) read(stderr string) {
	s.Did = "skipped"
	for _, line := range submitLines {
		m := line.is.FindStringSubmatch(stderr)
		if m == nil {
			continue
		}
		s.Did = line.did
		s.Number, _ = strconv.Atoi(m[1])
		s.URL = strings.TrimSpace(m[2])
		return
	}
}
