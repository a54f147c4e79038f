package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// pushLimit is how long a push may take: all of a branch may be new.
const pushLimit = 15 * time.Minute

// ErrMoved is what Push returns when the branch on the remote is not at the
// commit that it was expected at: somebody else has pushed.
var ErrMoved = errors.New("the branch on the remote has moved")

// Login signs in to a host over HTTP. It is given to that host only.
type Login struct {
	Host     string // as in the address, with its port where it has one
	User     string
	Password string
}

// Via is how a remote is reached.
type Via struct {
	Remote string   // its name; see Runner.Remote
	Env    []string // the caller's environment, for proxies and agents
	Login  *Login   // nil = whoever git asks
}

// Push is a commit that is to become a branch of a remote.
type Push struct {
	Via
	Branch   string
	Commit   string
	Expected string // the commit the branch is at there; "" = it is not there
}

// RemoteBranch asks a remote which commit a branch is at.
func (r *Runner) RemoteBranch(ctx context.Context, repo Repo, via Via, branch string) (commit string, exists bool, err error) {
	if err := CheckBranchName(branch); err != nil {
		return "", false, err
	}
	var out bytes.Buffer
	ref := "refs/heads/" + branch
	err = r.reach(ctx, repo, via, call{
		limit: fetchLimit, stdout: &out,
		args: []string{"ls-remote", "--quiet", "--refs", "--upload-pack=git-upload-pack", "--end-of-options", via.Remote, ref},
	})
	if err != nil {
		return "", false, err
	}
	for line := range strings.Lines(out.String()) { // the pattern matches the ends of names
		if id, name, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && name == ref {
			return id, true, nil
		}
	}
	return "", false, nil
}

// FetchBranch brings a branch of a remote up to date under refs/remotes and
// returns its commit there. It runs nothing of the repository's, and never asks.
func (r *Runner) FetchBranch(ctx context.Context, repo Repo, via Via, branch string) (commit string, err error) {
	if err := CheckBranchName(branch); err != nil {
		return "", err
	}
	unlock, err := r.lockNetwork(ctx, repo)
	if err != nil {
		return "", err
	}
	defer unlock()
	tracking := "refs/remotes/" + via.Remote + "/" + branch
	if err := r.reach(ctx, repo, via, call{limit: fetchLimit, args: fetchArgs(via.Remote, branch)}); err != nil {
		return "", err
	}
	return r.ResolveCommit(ctx, repo, tracking)
}

// Push pushes a commit to a branch of a remote, over whatever is there when that
// is exactly what was expected, and else not at all: then the error is ErrMoved.
// No hook of the repository runs.
func (r *Runner) Push(ctx context.Context, repo Repo, p Push) error {
	if err := CheckBranchName(p.Branch); err != nil {
		return err
	}
	commit, err := r.ResolveCommit(ctx, repo, p.Commit)
	if err != nil {
		return err
	}
	unlock, err := r.lockNetwork(ctx, repo)
	if err != nil {
		return err
	}
	defer unlock()
	ref := "refs/heads/" + p.Branch
	var out bytes.Buffer
	err = fault.Around("git.push", func() error {
		return r.reach(ctx, repo, p.Via, call{
			limit: pushLimit, stdout: &out,
			args: []string{
				"push", "--quiet", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--receive-pack=git-receive-pack",
				"--force-with-lease=" + ref + ":" + p.Expected, "--end-of-options", p.Remote, commit + ":" + ref,
			},
		})
	})
	if refused := refusal(out.String()); refused != nil {
		return refused
	}
	return err
}

// refusal reads what git said of the branch that it did not push.
func refusal(porcelain string) error {
	for line := range strings.Lines(porcelain) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if fields[0] != "!" || len(fields) < 3 {
			continue
		}
		switch why := fields[2]; {
		case containsAny(why, "stale info", "fetch first", "failed to update ref", "incorrect old value", "cannot lock ref"):
			return ErrMoved
		case strings.HasPrefix(why, "[remote rejected]"):
			return &api.Error{
				Code: api.CodeConflict, Message: "the remote refuses the push: " + strings.Trim(strings.TrimPrefix(why, "[remote rejected]"), " ()"),
				Hint: "its rules for branches say what may be pushed, and by whom",
			}
		default:
			return &api.Error{Code: api.CodeGit, Message: "the push was refused: " + why}
		}
	}
	return nil
}

// PushedFromHere reports whether a commit was pushed to a branch of a remote
// from this repository, by whomever: an agent may push by itself. Git notes that
// where it keeps the remote's branch.
func (r *Runner) PushedFromHere(ctx context.Context, repo Repo, remote, branch, commit string) (bool, error) {
	if err := CheckBranchName(branch); err != nil {
		return false, err
	}
	tracking := "refs/remotes/" + remote + "/" + branch
	out, err := r.output(ctx, repo.in(), "log", "--walk-reflogs", "--max-count=1000", "--format=%H %gs", tracking, "--")
	if code := exitCode(err); code == 128 || code == 1 {
		return false, nil // there is no such ref
	}
	if err != nil {
		return false, failed("read what was pushed", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.TrimSpace(line) == commit+" update by push" {
			return true, nil
		}
	}
	return false, nil
}

// Contains reports whether a commit is in the history of another. One that the
// repository does not have is in none.
func (r *Runner) Contains(ctx context.Context, repo Repo, history, commit string) (bool, error) {
	if _, err := r.ResolveCommit(ctx, repo, commit); api.IsCode(err, api.CodeNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	_, err := r.output(ctx, repo.in(), "merge-base", "--is-ancestor", commit, history)
	switch {
	case err == nil:
		return true, nil
	case exitCode(err) == 1:
		return false, nil
	}
	return false, failed("compare commits", err)
}

// SetUpstream makes a branch of a remote the upstream of a local branch, as
// `git push --set-upstream` does, where it has none. It writes to the
// repository's own configuration, never to the user's.
func (r *Runner) SetUpstream(ctx context.Context, repo Repo, branch, remote string) error {
	if err := CheckBranchName(branch); err != nil {
		return err
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	section := "branch." + branch
	if _, err := r.line(ctx, repo.in(), "config", "--get", section+".merge"); err == nil {
		return nil
	} else if exitCode(err) != 1 {
		return failed("read the upstream of "+branch, err)
	}
	for _, kv := range [][2]string{{section + ".remote", remote}, {section + ".merge", "refs/heads/" + branch}} {
		err := r.run(ctx, call{in: repo.in(), args: []string{"config", "--file", filepath.Join(repo.GitDir, "config"), kv[0], kv[1]}})
		if err != nil {
			return failed("set the upstream of "+branch, err)
		}
	}
	return nil
}

// lockNetwork makes fetches and pushes of one repository wait for one another,
// and for nothing else.
func (r *Runner) lockNetwork(ctx context.Context, repo Repo) (unlock func(), err error) {
	return r.locks.Lock(ctx, filepath.Join(repo.GitDir, "fetch"))
}

// reach runs a command that reaches a remote. A login that the remote refuses is
// left out the second time: the user's own may do what that one may not.
func (r *Runner) reach(ctx context.Context, repo Repo, via Via, c call) error {
	address, err := r.address(ctx, repo, via.Remote)
	if err != nil {
		return err
	}
	c.in, c.env, c.login = repo.in(), callerEnv(via.Env), via.Login
	err = r.run(ctx, c)
	if err == nil {
		return nil
	}
	told := networkError(withoutUser(address), err)
	if via.Login == nil || !api.IsCode(told, api.CodeUnauthorized) {
		return told
	}
	if b, ok := c.stdout.(*bytes.Buffer); ok {
		b.Reset()
	}
	c.login = nil
	if r.run(ctx, c) == nil {
		return nil
	}
	return told
}

// address is the URL of a remote, without who signs in.
func (r *Runner) address(ctx context.Context, repo Repo, remote string) (string, error) {
	if remote == "" || remote[0] == '-' || strings.ContainsFunc(remote, isControl) {
		return "", &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q is no name of a remote", remote), Hint: "git remote lists them"}
	}
	address, err := r.line(ctx, repo.in(), "config", "--get", "remote."+remote+".url")
	if exitCode(err) == 1 {
		return "", &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("%s has no remote %q", repo.Top, remote),
			Hint: fmt.Sprintf("git -C %s remote add %s URL", repo.Top, remote),
		}
	}
	if err != nil {
		return "", failed("read the remote "+remote, err)
	}
	return withoutUser(address), nil
}
