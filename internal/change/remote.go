package change

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// RemoteBranch is what hf knows of a branch of a remote from its own work. A
// fetch, which anybody may do in the background, does not change it: so it
// tells what somebody else pushed from what hf has taken in.
type RemoteBranch struct {
	Repo      string
	Remote    string
	Branch    string
	Seen      string // its commit whose work the local branch has taken in; "" = it was not there
	Pushed    string // the commit that hf pushed last; "" = never
	UpdatedAt time.Time
}

// Lease is leave to push a commit to a branch of a remote: over Expected, and
// over nothing else.
type Lease struct {
	Remote   string `json:"remote"`
	Branch   string `json:"branch"` // its name there
	Commit   string `json:"commit"`
	Expected string `json:"expected,omitempty"` // what the branch is at there; "" = it is not there
	// Recreates says that the branch was there with hf's commits, and somebody
	// deleted it.
	Recreates bool `json:"recreates,omitempty"`
	// Rewrites says that what is there, which hf pushed or took in, is no part of
	// the commit's history.
	Rewrites bool `json:"rewrites,omitempty"`
}

// Needed reports whether there is anything to push.
func (l Lease) Needed() bool { return l.Commit != l.Expected }

// gitOf is a repo as git knows it.
func gitOf(r *task.Repo) git.Repo { return git.Repo{Top: r.Path, GitDir: r.GitDir} }

// via says how a repo's remote is reached for a caller. That there is none is
// api.CodeNotFound.
func (s *Service) via(ctx context.Context, repo *task.Repo, env api.Env) (git.Via, error) {
	name, address, err := s.cfg.Git.Remote(ctx, gitOf(repo))
	if err != nil {
		return git.Via{}, err
	}
	if name == "" {
		return git.Via{}, &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("repo %s has no remote", repo.Name),
			Hint: fmt.Sprintf("git -C %s remote add origin URL", repo.Path),
		}
	}
	return git.Via{Remote: name, Env: task.Environ(env), Login: s.cfg.Login(ctx, address, env)}, nil
}

// Lease asks the remote what a branch is at, and whether a commit may be pushed
// over that. It may when what is there is part of the commit's history, or is
// what hf itself pushed or took in, or was pushed from this very repository;
// when it was never there; and when it is gone that hf had put there. Everything
// else is somebody else's and api.CodeConflict.
func (s *Service) Lease(ctx context.Context, repo *task.Repo, branch, commit string, env api.Env) (Lease, error) {
	via, err := s.via(ctx, repo, env)
	if err != nil {
		return Lease{}, err
	}
	at, there, err := s.cfg.Git.RemoteBranch(ctx, gitOf(repo), via, branch)
	if err != nil {
		return Lease{}, err
	}
	known, err := s.remoteBranch(ctx, repo.ID, via.Remote, branch)
	if err != nil {
		return Lease{}, err
	}
	l := Lease{Remote: via.Remote, Branch: branch, Commit: commit, Expected: at}
	if !there {
		l.Recreates = known.Seen != ""
		return l, s.mayRecreate(ctx, repo, l, known)
	}
	if contained, err := s.cfg.Git.Contains(ctx, gitOf(repo), commit, at); err != nil || contained {
		return l, err
	}
	l.Rewrites = true
	if at == known.Seen || at == known.Pushed {
		return l, nil
	}
	ours, err := s.cfg.Git.PushedFromHere(ctx, gitOf(repo), via.Remote, branch, at)
	if err != nil || ours {
		return l, err
	}
	return Lease{}, s.notOurs(ctx, repo, l, known)
}

// mayRecreate refuses to bring back a branch that somebody deleted with commits
// in it that are not here.
func (s *Service) mayRecreate(ctx context.Context, repo *task.Repo, l Lease, known RemoteBranch) error {
	if !l.Recreates || known.Seen == known.Pushed {
		return nil
	}
	contained, err := s.cfg.Git.Contains(ctx, gitOf(repo), l.Commit, known.Seen)
	if err != nil || contained {
		return err
	}
	return &api.Error{
		Code:    api.CodeConflict,
		Message: fmt.Sprintf("somebody deleted %s/%s, which was at %.12s with commits that the local branch has not", l.Remote, l.Branch, known.Seen),
		Hint:    fmt.Sprintf("`git -C %s push %s %s` makes it again without them", repo.Path, l.Remote, l.Branch),
	}
}

// notOurs says that a branch on the remote is somebody else's.
func (s *Service) notOurs(ctx context.Context, repo *task.Repo, l Lease, known RemoteBranch) error {
	e := &api.Error{
		Code:    api.CodeConflict,
		Message: fmt.Sprintf("somebody else pushed to %s/%s: it is at %.12s, which hf neither pushed nor took in; nothing was overwritten", l.Remote, l.Branch, l.Expected),
		Hint:    fmt.Sprintf("`git -C %s fetch %s %s` shows what is there", repo.Path, l.Remote, l.Branch),
	}
	if known.Seen == "" {
		e.Message = fmt.Sprintf("there is a branch %s on %s already, with commits that the local one has not; nothing was overwritten", l.Branch, l.Remote)
	}
	if t, err := s.taskOf(ctx, repo, l.Branch); err == nil && t != nil {
		e.Hint = fmt.Sprintf("`hf sync %s` takes their commits in, then push again", t.ID)
	}
	return e
}

// Push makes use of a lease and notes what is on the remote then. A push that
// was made already, by an hfd that died before it could note that, is noted
// only. local is the branch here, "" when it is none.
func (s *Service) Push(ctx context.Context, repo *task.Repo, l Lease, local string, env api.Env) error {
	via, err := s.via(ctx, repo, env)
	if err != nil {
		return err
	}
	if l.Needed() {
		err := s.cfg.Git.Push(ctx, gitOf(repo), git.Push{Via: via, Branch: l.Branch, Commit: l.Commit, Expected: l.Expected})
		if errors.Is(err, git.ErrMoved) {
			err = s.moved(ctx, repo, l, via)
		}
		if err != nil {
			return err
		}
	}
	if local != "" {
		if err := s.cfg.Git.SetUpstream(ctx, gitOf(repo), local, via.Remote); err != nil {
			s.cfg.Log.Warn("set an upstream", "repo", repo.Name, "branch", local, "err", err)
		}
	}
	return s.NotePushed(ctx, repo, l)
}

// moved finds out why a branch was not at what was expected: it may be at what
// was to be pushed.
func (s *Service) moved(ctx context.Context, repo *task.Repo, l Lease, via git.Via) error {
	at, _, err := s.cfg.Git.RemoteBranch(ctx, gitOf(repo), via, l.Branch)
	if err != nil || at == l.Commit {
		return err
	}
	known, err := s.remoteBranch(ctx, repo.ID, l.Remote, l.Branch)
	if err != nil {
		return err
	}
	l.Expected = at
	return s.notOurs(ctx, repo, l, known)
}

// NotePushed notes that a lease was made use of, and says so in an event once.
func (s *Service) NotePushed(ctx context.Context, repo *task.Repo, l Lease) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		known, err := tx.RemoteBranch(repo.ID, l.Remote, l.Branch)
		if err != nil {
			return err
		}
		if known == nil {
			known = &RemoteBranch{Repo: repo.ID, Remote: l.Remote, Branch: l.Branch}
		}
		news := l.Needed() && known.Pushed != l.Commit
		if known.Seen, known.UpdatedAt = l.Commit, s.cfg.Now(); l.Needed() {
			known.Pushed = l.Commit
		}
		if err := tx.PutRemoteBranch(known); err != nil || !news {
			return err
		}
		t, err := taskOf(tx, repo, l.Branch)
		if err != nil {
			return err
		}
		id := ""
		if t != nil {
			id = t.ID
		}
		_, err = tx.Event(api.EventPushed, repo.Workspace, id, api.PushEvent{
			Repo: repo.ID, Branch: l.Branch, Remote: l.Remote, Before: l.Expected, After: l.Commit,
		})
		return err
	})
}

// NoteSeen notes that the local branch has taken in what a branch of the remote
// is at.
func (s *Service) NoteSeen(ctx context.Context, repo *task.Repo, remote, branch, commit string) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		known, err := tx.RemoteBranch(repo.ID, remote, branch)
		if err != nil || known != nil && known.Seen == commit {
			return err
		}
		if known == nil {
			known = &RemoteBranch{Repo: repo.ID, Remote: remote, Branch: branch}
		}
		known.Seen, known.UpdatedAt = commit, s.cfg.Now()
		return tx.PutRemoteBranch(known)
	})
}

// NoteIncluded notes of each of the branches, by its name, that it has taken in
// what is known of the branch of the same name on the remote, where it has. That
// is for those who are about to rewrite it: afterwards nobody can tell.
func (s *Service) NoteIncluded(ctx context.Context, repo *task.Repo, branches ...string) error {
	remote, _, err := s.cfg.Git.Remote(ctx, gitOf(repo))
	if err != nil || remote == "" {
		return err
	}
	for _, b := range branches {
		there, err := s.cfg.Git.ResolveCommit(ctx, gitOf(repo), "refs/remotes/"+remote+"/"+b)
		if api.IsCode(err, api.CodeNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		in, err := s.cfg.Git.Contains(ctx, gitOf(repo), "refs/heads/"+b, there)
		if err != nil {
			return err
		}
		if in {
			if err := s.NoteSeen(ctx, repo, remote, b, there); err != nil {
				return err
			}
		}
	}
	return nil
}

// remoteBranch reads what is known, the zero value when nothing is.
func (s *Service) remoteBranch(ctx context.Context, repo, remote, branch string) (out RemoteBranch, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		known, err := tx.RemoteBranch(repo, remote, branch)
		if err == nil && known != nil {
			out = *known
		}
		return err
	})
	return out, err
}

// taskOf finds the live task of a branch, nil when there is none.
func taskOf(tx Tx, repo *task.Repo, branch string) (*task.Task, error) {
	tasks, err := tx.Tasks(task.Filter{RepoID: repo.ID})
	if err != nil {
		return nil, err
	}
	for i := range tasks {
		if tasks[i].Branch == branch {
			return &tasks[i], nil
		}
	}
	return nil, nil
}

func (s *Service) taskOf(ctx context.Context, repo *task.Repo, branch string) (t *task.Task, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err = taskOf(tx, repo, branch)
		return err
	})
	return t, err
}
