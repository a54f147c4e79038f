package change

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// lookAtPull decides about a merge by pull request. It reports whether there is
// one to be merged.
func (s *Service) lookAtPull(ctx context.Context, t *task.Task, repo *task.Repo, f *Forge, args mergeArgs, m *merging) (bool, error) {
	p, err := f.pullOf(ctx, t.Branch, m.Head)
	if err != nil || p == nil {
		return false, err
	}
	m.Number, m.Base = p.Number, p.BaseBranch
	if m.Method == "" {
		m.Method = s.cfg.Settings().MergeMethod
	}
	if p.State == api.PullRequestMerged {
		m.Done, m.Commit = fmt.Sprintf("#%d was merged", p.Number), p.MergeCommit
		return true, nil
	}
	if err := s.sameHead(ctx, t, repo, p, m); err != nil {
		return true, err
	}
	if !args.Anyway {
		if err := s.lowest(ctx, repo, p); err != nil {
			return true, err
		}
	}
	if m.Later, err = mayMerge(t, p, args); err != nil {
		return true, err
	}
	return true, nil
}

// sameHead refuses to merge a pull request that is not what the task's branch is.
func (s *Service) sameHead(ctx context.Context, t *task.Task, repo *task.Repo, p *forge.PullRequest, m *merging) error {
	if p.HeadCommit == m.Head {
		return nil
	}
	e := &api.Error{
		Code:    api.CodeConflict,
		Message: fmt.Sprintf("#%d is at %.12s and the branch of task %s at %.12s: not all of it is pushed", p.Number, p.HeadCommit, t.ID, m.Head),
		Hint:    fmt.Sprintf("`hf push %s`, then merge again", t.ID),
	}
	behind, err := s.cfg.Git.Contains(ctx, gitOf(repo), m.Head, p.HeadCommit)
	if err != nil {
		return err
	}
	if !behind {
		e.Message = fmt.Sprintf("#%d is at %.12s, which the branch of task %s does not have", p.Number, p.HeadCommit, t.ID)
		e.Hint = fmt.Sprintf("`hf sync %s` takes in what others pushed, `hf push %s` pushes what was rewritten", t.ID, t.ID)
	}
	return e
}

// lowest refuses to merge a pull request into the branch of another task, which
// is to be merged itself.
func (s *Service) lowest(ctx context.Context, repo *task.Repo, p *forge.PullRequest) error {
	below, err := s.taskOf(ctx, repo, p.BaseBranch)
	if err != nil || below == nil {
		return err
	}
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("#%d is to be merged into %s, the branch of task %s", p.Number, p.BaseBranch, below.ID),
		Hint: fmt.Sprintf("`hf merge %s` first; --yes merges it into that branch", below.ID),
	}
}

// mayMerge says why a pull request is not ready to be merged, and whether the
// forge is to merge it later.
func mayMerge(t *task.Task, p *forge.PullRequest, args mergeArgs) (later bool, err error) {
	switch {
	case p.Draft:
		return false, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("#%d is a draft", p.Number), Hint: "mark it as ready for review first: " + p.URL,
		}
	case p.Mergeable == forge.MergeableNo:
		return false, &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("#%d conflicts with %s; nothing was changed", p.Number, p.BaseBranch),
			Hint: fmt.Sprintf("`hf sync %s` rebases it to resolve that; `hf fix %s --conflicts` has its agent do so", t.ID, t.ID),
		}
	case args.Later:
		return true, nil
	case args.Anyway:
		return false, nil
	case p.Checks.State == api.ChecksFail:
		return false, &api.Error{
			Code: api.CodeCheck, Message: fmt.Sprintf("checks of #%d fail: %s", p.Number, strings.Join(names(p.Checks.Failing()), ", ")),
			Hint: fmt.Sprintf("`hf fix %s --ci` sends their logs to its agent; --yes merges all the same", t.ID),
		}
	case p.Checks.State == api.ChecksPending:
		return false, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%d of %d checks of #%d are not done", p.Checks.Pending, p.Checks.Total, p.Number),
			Hint: "--auto merges when they have passed, --yes at once", Retryable: true,
		}
	case p.Review.Decision == api.ReviewChangesRequested:
		return false, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("reviewers of #%d want changes", p.Number),
			Hint: fmt.Sprintf("`hf fix %s --reviews` sends their comments to its agent; --yes merges all the same", t.ID),
		}
	}
	return false, nil
}

func names(runs []forge.CheckRun) []string {
	out := make([]string, 0, len(runs))
	for _, r := range runs {
		out = append(out, r.FullName())
	}
	return out
}

// landPull has the forge merge exactly what was looked at. One that it merged
// already, when the answer was lost, is no error to it.
func (s *Service) landPull(ctx context.Context, run *operation.Run, t *task.Task, repo *task.Repo, env api.Env, m *merging) (landed, error) {
	f, err := s.forgeOf(ctx, repo, env)
	if err != nil {
		return landed{}, err
	}
	if f == nil {
		return landed{}, &api.Error{Code: api.CodeUnauthorized, Message: "nobody is signed in to the forge any more", Hint: "hf auth login, then merge again"}
	}
	in := forge.Merge{Method: m.Method, Expected: m.Head}
	var notLater error
	if m.Later {
		notLater = f.Client.EnableAutoMerge(ctx, f.At, m.Number, in)
		if notLater == nil {
			run.Progress(fmt.Sprintf("#%d is merged when all that it needs is there", m.Number))
			return landed{Method: m.Method, Pending: true}, s.putAutoMerge(ctx, t.ID, run)
		}
		if !api.IsCode(notLater, api.CodeConflict) {
			return landed{}, notLater
		}
	}
	done, err := f.Client.Merge(ctx, f.At, m.Number, in) // what cannot be merged later may be now
	if err != nil {
		return landed{}, cmp.Or(notLater, err)
	}
	run.Progress(strings.TrimSpace(fmt.Sprintf("#%d into %s (%s) %.7s", m.Number, m.Base, done.Method, done.Commit)))
	return landed{Commit: done.Commit, Method: done.Method}, nil
}
