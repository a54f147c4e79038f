package change

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// mostMessages is how many commits a squash names.
const mostMessages = 100

// lookHere makes the commit that a base is to become, where no forge merges. No
// branch has it yet.
func (s *Service) lookHere(ctx context.Context, run *operation.Run, t *task.Task, repo *task.Repo, env api.Env, m *merging) error {
	g := gitOf(repo)
	at, there, err := s.cfg.Git.Branch(ctx, g, m.Base)
	if err != nil {
		return err
	}
	if !there {
		return &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("there is no local branch %s to merge into", m.Base),
			Hint: fmt.Sprintf("`hf pr create %s` brings it to the remote's; or git -C %s branch %s makes a local one", t.ID, repo.Path, m.Base),
		}
	}
	m.From = at
	if m.Onto, err = s.newestBase(ctx, run, repo, env, m); err != nil {
		return err
	}
	if m.Method == "" {
		if m.Method = s.cfg.Settings().MergeMethod; m.Method == "" {
			m.Method = api.MergeSquash
		}
	}
	how, done, err := s.cfg.Git.Merged(ctx, g, m.Head, m.Onto)
	if err != nil {
		return err
	}
	if done {
		return s.nothingToMerge(ctx, t, repo, m, how)
	}
	m.Commit, err = s.makeMerged(ctx, run, t, repo, m)
	if conflict, ok := errors.AsType[*git.ConflictError](err); ok {
		return &api.Error{
			Code:    api.CodeMergeStopped,
			Message: fmt.Sprintf("%s and %s conflict in %s; nothing was changed", m.Branch, m.Base, strings.Join(conflict.Files, ", ")),
			Hint:    fmt.Sprintf("`hf sync %s` rebases it to resolve them; `hf fix %s --conflicts` has its agent do so", t.ID, t.ID),
		}
	}
	return err
}

// nothingToMerge tells a branch whose work is in its base from one that has none.
func (s *Service) nothingToMerge(ctx context.Context, t *task.Task, repo *task.Repo, m *merging, how string) error {
	if n, err := s.cfg.Git.CountCommits(ctx, gitOf(repo), m.Head, t.BaseCommit); t.BaseCommit != "" && (err != nil || n == 0) {
		if err != nil {
			return err
		}
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s has no commits of its own: there is nothing to merge", m.Branch),
			Hint: fmt.Sprintf("`hf diff %s` shows what is not committed", t.ID),
		}
	}
	m.Done, m.Commit = how, m.Onto
	return nil
}

// newestBase is what a merge is made on: the local base, or what the remote has
// of it where that is only further. A task begins at the remote's, and a squash
// on an older base would swallow what others did meanwhile.
func (s *Service) newestBase(ctx context.Context, run *operation.Run, repo *task.Repo, env api.Env, m *merging) (string, error) {
	g := gitOf(repo)
	if of, err := s.taskOf(ctx, repo, m.Base); err != nil || of != nil {
		return m.From, err // it is another task's, and its own business
	}
	via, err := s.via(ctx, repo, env)
	if api.IsCode(err, api.CodeNotFound) {
		return m.From, nil
	}
	if err != nil {
		return "", err
	}
	run.Progress("fetching " + m.Base)
	if _, err := s.cfg.Git.FetchBranch(ctx, g, via, m.Base); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		s.cfg.Log.Info("fetch the base of a merge", "repo", repo.Name, "base", m.Base, "err", err)
	}
	remote, err := s.cfg.Git.ResolveCommit(ctx, g, "refs/remotes/"+via.Remote+"/"+m.Base)
	if api.IsCode(err, api.CodeNotFound) {
		return m.From, nil
	}
	if err != nil {
		return "", err
	}
	if behind, err := s.cfg.Git.Contains(ctx, g, remote, m.From); err != nil || behind {
		return remote, err
	}
	// The local base has commits of its own. What the remote has must be in it, or
	// not in the branch either.
	shared, ok, err := s.cfg.Git.MergeBase(ctx, g, remote, m.Head)
	if err != nil || !ok {
		return m.From, err
	}
	in, err := s.cfg.Git.Contains(ctx, g, m.From, shared)
	if err != nil || in {
		return m.From, err
	}
	return "", &api.Error{
		Code:    api.CodeConflict,
		Message: fmt.Sprintf("the local %s and %s/%s have parted, and %s stands on the remote's", m.Base, via.Remote, m.Base, m.Branch),
		Hint:    fmt.Sprintf("bring them together first: git -C %s pull --rebase %s %s", repo.Path, via.Remote, m.Base),
	}
}

// makeMerged makes the commit of a merge. A conflict is a *git.ConflictError.
func (s *Service) makeMerged(ctx context.Context, run *operation.Run, t *task.Task, repo *task.Repo, m *merging) (string, error) {
	g := gitOf(repo)
	if m.Method == api.MergeRebase {
		return s.makeRebased(ctx, run, repo, m)
	}
	tree, err := s.cfg.Git.MergeTree(ctx, g, m.Onto, m.Head)
	if err != nil {
		return "", err
	}
	if m.Method == api.MergeCommit {
		return s.cfg.Git.CommitTree(ctx, g, tree, fmt.Sprintf("Merge branch '%s' into %s\n\n%s\n", m.Branch, m.Base, t.Title), m.Onto, m.Head)
	}
	said, err := s.cfg.Git.Messages(ctx, g, m.Onto, m.Head, mostMessages)
	if err != nil {
		return "", err
	}
	return s.cfg.Git.CommitTree(ctx, g, tree, squashMessage(t.Title, said), m.Onto)
}

// squashMessage is that of the one commit, or the title and what each says.
func squashMessage(title string, said []git.Message) string {
	if len(said) == 1 {
		return strings.TrimSpace(said[0].Subject+"\n\n"+said[0].Body) + "\n"
	}
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, m := range said {
		b.WriteString("\n* " + m.Subject + "\n")
		if m.Body != "" {
			b.WriteString("\n" + m.Body + "\n")
		}
	}
	return b.String()
}

// makeRebased is the branch's commits on top of the base, made in a worktree of
// hf's own where they are not so already.
func (s *Service) makeRebased(ctx context.Context, run *operation.Run, repo *task.Repo, m *merging) (string, error) {
	g := gitOf(repo)
	if on, err := s.cfg.Git.Contains(ctx, g, m.Head, m.Onto); err != nil || on {
		return m.Head, err
	}
	fork, ok, err := s.cfg.Git.MergeBase(ctx, g, m.Onto, m.Head)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s and %s have nothing in common", m.Branch, m.Base), Hint: "--merge may join them"}
	}
	return s.rebaseAside(ctx, run, repo, m.Head, m.Onto, fork)
}

// rebaseAside rebases the commits of head since a fork onto another commit, in a
// worktree of hf's own, and returns the last of them. A conflict is a
// *git.ConflictError, and leaves nothing.
func (s *Service) rebaseAside(ctx context.Context, run *operation.Run, repo *task.Repo, head, onto, fork string) (_ string, err error) {
	g := gitOf(repo)
	path := s.aside(run)
	w, err := s.cfg.Git.ScratchWorktree(ctx, g, path, head)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.cfg.Git.RemoveScratch(context.WithoutCancel(ctx), g, path)) }()
	if err := s.cfg.Git.RebaseOnto(ctx, w, onto, fork); err != nil {
		files, look := s.cfg.Git.Unmerged(ctx, w)
		if look == nil && len(files) > 0 {
			return "", &git.ConflictError{Files: files}
		}
		return "", err
	}
	_, commit, err := s.cfg.Git.Head(ctx, w)
	return commit, err
}

// aside is the place of a worktree of hf's own for an operation.
func (s *Service) aside(run *operation.Run) string {
	return filepath.Join(s.cfg.Scratch, "merge-"+run.Op.ID)
}

// checkedFiles is a directory with the files that come of a merge: "" for the
// task's own worktree where that has exactly these.
func (s *Service) checkedFiles(ctx context.Context, run *operation.Run, t *task.Task, repo *task.Repo, m *merging) (string, error) {
	g := gitOf(repo)
	want, err := s.cfg.Git.TreeOf(ctx, g, m.Commit)
	if err != nil {
		return "", err
	}
	have, err := s.cfg.Git.TreeOf(ctx, g, m.Head)
	if err != nil {
		return "", err
	}
	if at, _, err := s.cfg.Git.Branch(ctx, g, m.Branch); err == nil && at == m.Head && want == have && t.Path != "" && !s.dirty(ctx, t, repo) {
		return "", nil
	}
	path := s.aside(run)
	if w, ok := s.cfg.Git.Worktree(g, path); ok && w.Exists() {
		return path, nil // the check runs there, or has run
	}
	run.Progress("checking out what comes of it")
	_, err = s.cfg.Git.FullScratch(ctx, g, path, m.Commit)
	return path, err
}

// landHere moves the base on to what was made, where that was made on what the
// base is now.
func (s *Service) landHere(ctx context.Context, run *operation.Run, repo *task.Repo, m *merging) (landed, error) {
	g := gitOf(repo)
	l := landed{Commit: m.Commit, Method: m.Method}
	done, err := s.cfg.Git.Contains(ctx, g, "refs/heads/"+m.Base, m.Commit)
	if err != nil {
		return l, err
	}
	if !done {
		if at, there, err := s.cfg.Git.Branch(ctx, g, m.Branch); err != nil || !there || at != m.Head {
			if err != nil {
				return l, err
			}
			return l, &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("%s has moved while it was to be merged; nothing was changed", m.Branch),
				Hint: "merge it again", Retryable: true,
			}
		}
		if err := s.cfg.Git.Advance(ctx, g, m.Base, m.From, m.Commit); err != nil {
			return l, err
		}
	}
	run.Progress(fmt.Sprintf("%s %.7s..%.7s (%s)", m.Base, m.From, m.Commit, m.Method))
	return l, nil
}
