package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// pending reports whether a merge is yet to be made, by the forge.
func pending(run *operation.Run) bool {
	var l landed
	return run.Done(StepLand, &l) && l.Pending
}

// basis is what came of bringing the local base up to date.
type basis struct {
	Problem string `json:"problem,omitempty"` // why it is not
}

// runBase brings the local base to where the forge merged. That it cannot be
// brought there is no failure: nothing is lost, and it is said.
func (s *Service) runBase(ctx context.Context, run *operation.Run) error {
	m, err := decided(run)
	if err != nil || pending(run) || m.Number == 0 {
		return err
	}
	_, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	err = s.followRemote(ctx, run, repo, env, m.Base)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var b basis
	if err != nil {
		b.Problem = fmt.Sprintf("%s was not brought up to date here: %v", m.Base, err)
		run.Progress(b.Problem)
	}
	run.SetResult(b)
	return nil
}

// followRemote moves a local branch on to where the remote has it.
func (s *Service) followRemote(ctx context.Context, run *operation.Run, repo *task.Repo, env api.Env, branch string) error {
	g := gitOf(repo)
	via, err := s.via(ctx, repo, env)
	if err != nil {
		return err
	}
	run.Progress("fetching " + branch)
	remote, err := s.cfg.Git.FetchBranch(ctx, g, via, branch)
	if err != nil {
		return err
	}
	at, there, err := s.cfg.Git.Branch(ctx, g, branch)
	if err != nil || !there {
		return err
	}
	if has, err := s.cfg.Git.Contains(ctx, g, at, remote); err != nil || has {
		return err
	}
	if behind, err := s.cfg.Git.Contains(ctx, g, remote, at); err != nil {
		return err
	} else if !behind {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("it has commits that %s/%s has not", via.Remote, branch),
			Hint: fmt.Sprintf("git -C %s pull --rebase", repo.Path),
		}
	}
	if err := s.cfg.Git.Advance(ctx, g, branch, at, remote); err != nil {
		return err
	}
	run.Progress(fmt.Sprintf("%s %.7s..%.7s", branch, at, remote))
	return nil
}

// stands is how the branches that stand on a merged one are to be moved.
type stands struct {
	Plain []string `json:"plain,omitempty"` // the tasks whose branches are rebased without git-spice
	Why   string   `json:"why,omitempty"`   // nothing is moved
}

// runPrepareChildren looks what stands on the merged branch, and makes ready for
// moving it, as an action on stacks.
func (s *Service) runPrepareChildren(ctx context.Context, run *operation.Run) error {
	m, err := decided(run)
	if err != nil || pending(run) {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	var b basis
	run.Done(StepBase, &b)
	forest, err := s.cfg.Stacks.State(ctx, gitOf(repo))
	if err != nil {
		return err
	}
	if _, tracked := forest.Branches[m.Branch]; len(m.Above) == 0 && !tracked || b.Problem != "" {
		run.SetResult(stands{Why: b.Problem})
		return nil
	}
	if _, err := s.cfg.Stacks.Program(ctx, task.Environ(env)); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		out := stands{}
		err := s.cfg.Store.View(ctx, func(tx Tx) error {
			on, err := standingOn(tx, t, repo)
			for i := range on {
				out.Plain = append(out.Plain, on[i].ID)
			}
			return err
		})
		run.SetResult(out)
		return err
	}
	return s.runPrepare(ctx, run)
}

// branchesAbove are the branches that stand on a task's, as git-spice or hf knows.
func (s *Service) branchesAbove(ctx context.Context, t *task.Task, repo *task.Repo) ([]string, error) {
	forest, err := s.cfg.Stacks.State(ctx, gitOf(repo))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name, b := range forest.Branches {
		if b.Base == t.Branch {
			names[name] = true
		}
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		on, err := standingOn(tx, t, repo)
		for i := range on {
			names[on[i].Branch] = true
		}
		return err
	})
	return sorted(names), err
}

// standingOn are the live tasks whose branches stand on a task's.
func standingOn(tx Tx, t *task.Task, repo *task.Repo) ([]task.Task, error) {
	all, err := tx.Tasks(task.Filter{RepoID: repo.ID})
	var out []task.Task
	for i := range all {
		if all[i].ID != t.ID && all[i].Branch != "" && (all[i].Parent == t.ID || all[i].Base == t.Branch) {
			out = append(out, all[i])
		}
	}
	return out, err
}

// above is what came of the branches above a merged one.
type above struct {
	Problem *api.Error `json:"problem,omitempty"`
}

// runChildren moves what stood on the merged branch onto its base. What stops
// there keeps nothing else from being done, and is told at the end.
func (s *Service) runChildren(ctx context.Context, run *operation.Run) error {
	if pending(run) {
		return nil
	}
	var st stands
	var err error
	switch {
	case !run.Done(StepPrepare, &st):
		err = s.runAction(ctx, run)
	case st.Why != "":
		run.Progress("what stands on it was left: " + st.Why)
	case len(st.Plain) > 0:
		err = s.moveplain(ctx, run, st.Plain)
	default:
		run.Progress("nothing stands on it")
	}
	if err != nil && (ctx.Err() != nil || errors.Is(err, operation.ErrParked)) {
		return err
	}
	if err != nil {
		run.Progress(err.Error())
		run.SetResult(above{Problem: asError(err)})
	}
	return nil
}

// moveAbove moves what stands on a merged branch onto what that stands on, and
// takes it out of the stack. It may be done again.
func (d *driver) moveAbove(ctx context.Context, merged string, on stack.OnConflict) (out stack.Report, err error) {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return out, err
	}
	base := forest.Trunk
	if b, ok := forest.Branches[merged]; ok {
		base = b.Base
	}
	left := false
	for _, name := range sorted(forest.Branches) {
		if forest.Branches[name].Base != merged {
			continue
		}
		rep, err := d.s.cfg.Stacks.Reparent(ctx, d.in, stack.ReparentRequest{Branch: name, Onto: base, OnConflict: on, Hooks: d.hooks()})
		out.Results = append(out.Results, rep.Results...)
		if err != nil {
			return out, err
		}
		for _, r := range rep.Results {
			left = left || r.Branch == name && !r.Outcome.Ok()
		}
	}
	if _, tracked := forest.Branches[merged]; tracked && !left {
		err = d.s.cfg.Stacks.Untrack(ctx, d.in, merged)
		if err == nil && d.run.Op.Kind != string(api.StackUnstack) { // what was killed may come back
			err = d.keepOut(ctx, merged)
		}
	}
	return out, err
}

// moveplain does without git-spice: each branch above is rebased where it is
// checked out, its own commits only.
func (s *Service) moveplain(ctx context.Context, run *operation.Run, ids []string) error {
	m, err := decided(run)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		t, repo, err := s.ofTask(ctx, id)
		if err != nil {
			return err
		}
		if t.Base != m.Branch {
			continue // it was moved before
		}
		fork, ok, err := s.cfg.Git.MergeBase(ctx, gitOf(repo), m.Head, "refs/heads/"+t.Branch)
		if err == nil && ok {
			_, err = s.rebasePlain(ctx, run, t, repo, "refs/heads/"+m.Base, fork, false)
		}
		if ctx.Err() != nil || errors.Is(err, operation.ErrParked) {
			return err
		}
		errs = append(errs, err)
		if err != nil && !api.IsCode(err, api.CodeMergeStopped) {
			continue
		}
		if err := s.restand(ctx, id, m); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// restand notes that a task stands on the base of the one that was merged.
func (s *Service) restand(ctx context.Context, id string, m merging) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		repo, err := tx.Repo(t.RepoID)
		if err != nil {
			return err
		}
		on, err := taskOf(tx, repo, m.Base)
		if err != nil {
			return err
		}
		before := *t
		t.Base, t.Parent, t.NamedBase = m.Base, "", m.Base != repo.DefaultBranch
		if on != nil {
			t.Parent = on.ID
		}
		if err := tx.PutTask(t); err != nil {
			return err
		}
		_, err = tx.Event(api.EventTaskChanged, t.Workspace, t.ID, task.Change(&before, t))
		return err
	})
}

// runRetarget has the pull requests that were to be merged into the merged branch
// be merged into its base, and deletes it on the remote where that is wanted.
func (s *Service) runRetarget(ctx context.Context, run *operation.Run) error {
	m, err := decided(run)
	if err != nil || pending(run) || m.Number == 0 {
		return err
	}
	_, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	f, err := s.forgeOf(ctx, repo, env)
	if err != nil || f == nil {
		return err
	}
	numbers, err := s.pullsOnto(ctx, repo, f, &m)
	if err != nil {
		return err
	}
	said, err := f.retarget(ctx, numbers, m.Branch, m.Base)
	if err != nil {
		return err
	}
	if s.cfg.Settings().DeleteRemoteBranch {
		what, err := s.deleteRemote(ctx, repo, env, &m)
		if err != nil {
			return err
		}
		said = append(said, what)
	}
	run.Progress(strings.Join(said, "; "))
	return nil
}

// retarget has pull requests that were to be merged into a branch be merged into
// another. One for which the forge refuses that is only told.
func (f *Forge) retarget(ctx context.Context, numbers []int, from, to string) (said []string, err error) {
	for _, n := range numbers {
		_, err := f.Client.UpdatePullRequest(ctx, f.At, n, forge.PullRequestChange{Base: &to})
		switch {
		case err == nil:
			said = append(said, fmt.Sprintf("#%d onto %s", n, to))
		case api.IsCode(err, api.CodeNotFound), api.IsCode(err, api.CodeConflict), api.IsCode(err, api.CodeInvalid):
			said = append(said, fmt.Sprintf("#%d stays on %s: %v", n, from, err))
		default:
			return said, err
		}
	}
	return said, nil
}

// knownOnto are the open pull requests, of those hf knows, that are to be merged
// into a branch.
func (s *Service) knownOnto(ctx context.Context, repo *task.Repo, branch string) (map[int]bool, error) {
	open := map[int]bool{}
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		rows, err := tx.PullRequests(repo.ID)
		for i := range rows {
			if p := &rows[i]; p.Base == branch && (p.State == api.PullRequestOpen || p.State == api.PullRequestDraft) {
				open[p.Number] = true
			}
		}
		return err
	})
	return open, err
}

// pullsOnto are the open pull requests that are to be merged into the merged
// branch.
func (s *Service) pullsOnto(ctx context.Context, repo *task.Repo, f *Forge, m *merging) ([]int, error) {
	open, err := s.knownOnto(ctx, repo, m.Branch)
	if err != nil {
		return nil, err
	}
	for _, branch := range m.Above {
		p, err := f.pullOf(ctx, branch)
		if err != nil {
			return nil, err
		}
		if p != nil && p.State == api.PullRequestOpen && p.BaseBranch == m.Branch {
			open[p.Number] = true
		}
	}
	return slices.Sorted(maps.Keys(open)), nil
}

// deleteRemote deletes the merged branch from the remote, if it is at what was
// merged and hf pushed that.
func (s *Service) deleteRemote(ctx context.Context, repo *task.Repo, env api.Env, m *merging) (string, error) {
	via, err := s.via(ctx, repo, env)
	if err != nil {
		return "", err
	}
	known, err := s.remoteBranch(ctx, repo.ID, via.Remote, m.Branch)
	if err != nil {
		return "", err
	}
	if known.Pushed != m.Head {
		return fmt.Sprintf("%s/%s stays: hf did not push it", via.Remote, m.Branch), nil
	}
	err = s.cfg.Git.DeleteRemoteBranch(ctx, gitOf(repo), via, m.Branch, m.Head)
	if errors.Is(err, git.ErrMoved) {
		return fmt.Sprintf("%s/%s stays: somebody pushed to it", via.Remote, m.Branch), nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/%s deleted", via.Remote, m.Branch), s.NoteSeen(ctx, repo, via.Remote, m.Branch, "")
}

// runArchive parks the task, whose work is done. What went wrong above it is told
// now.
func (s *Service) runArchive(ctx context.Context, run *operation.Run) error {
	if pending(run) {
		return nil
	}
	args, err := argsOf[mergeArgs](run.Op)
	if err != nil {
		return err
	}
	if err := s.archive(ctx, run, args); err != nil {
		return err
	}
	var a above
	run.Done(StepChildren, &a)
	if a.Problem == nil {
		return nil
	}
	m, err := decided(run)
	if err != nil {
		return err
	}
	a.Problem.Message = fmt.Sprintf("%s was merged; above it %s", m.Branch, a.Problem.Message)
	return a.Problem
}

func (s *Service) archive(ctx context.Context, run *operation.Run, args mergeArgs) error {
	t, _, err := s.ofTask(ctx, args.Task)
	if err != nil {
		return err
	}
	m, err := decided(run)
	if err != nil {
		return err
	}
	if args.Keep || m.Keep || t.Lifecycle == api.LifecycleArchived || t.Lifecycle == api.LifecycleKilled {
		return nil
	}
	r, err := s.cfg.Tasks.Archive(ctx, run.Op.ID+"-archive", t.ID, api.TaskAction{})
	if err != nil || r.Operation == nil {
		return err
	}
	run.Progress("archives task " + t.ID)
	op, err := s.awaitOperation(ctx, run, r.Operation.ID)
	if err != nil {
		return err
	}
	if op.Error != nil {
		return &api.Error{Code: op.Error.Code, Message: fmt.Sprintf("task %s was merged and not archived: %s", t.ID, op.Error.Message), Hint: op.Error.Hint}
	}
	run.Progress("task " + t.ID + " is archived")
	return nil
}

// awaitOperation waits for the end of another operation.
func (s *Service) awaitOperation(ctx context.Context, run *operation.Run, id string) (*operation.Operation, error) {
	woken, stop := s.cfg.Store.Watch()
	defer stop()
	for {
		var op *operation.Operation
		err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
			op, err = tx.Operation(id)
			return err
		})
		if err != nil || op.State != api.OperationPending && op.State != api.OperationRunning {
			return op, err
		}
		select {
		case <-woken:
		case <-run.Parking():
			return nil, operation.ErrParked
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// autoMerge is noted of a task whose pull request the forge is to merge by
// itself.
type autoMerge struct {
	Number int  `json:"number"`
	Keep   bool `json:"keep,omitempty"`
}

func autoMergeKey(task string) string { return "auto-merge/" + task }

func (s *Service) putAutoMerge(ctx context.Context, id string, run *operation.Run) error {
	m, err := decided(run)
	if err != nil {
		return err
	}
	args, err := argsOf[mergeArgs](run.Op)
	if err != nil {
		return err
	}
	b, err := json.Marshal(autoMerge{Number: m.Number, Keep: args.Keep})
	if err != nil {
		return err
	}
	return s.cfg.Store.Update(ctx, func(tx Tx) error { return tx.PutSetting(autoMergeKey(id), string(b)) })
}

// PullEnded does what is left to do of a task whose pull request the forge has
// merged as it was told to. It may be called any number of times.
func (s *Service) PullEnded(ctx context.Context, id string, e api.PullRequestEvent) error {
	if id == "" || e.Now.State != api.PullRequestMerged && e.Now.State != api.PullRequestClosed {
		return nil
	}
	var noted autoMerge
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		text, ok, err := tx.Setting(autoMergeKey(id))
		if err != nil || !ok || text == "" {
			return err
		}
		if err := json.Unmarshal([]byte(text), &noted); err != nil || noted.Number != e.Now.Number {
			noted = autoMerge{}
			return err
		}
		if e.Now.State == api.PullRequestClosed {
			noted = autoMerge{}
			return tx.PutSetting(autoMergeKey(id), "")
		}
		return nil
	})
	if err != nil || noted.Number == 0 {
		return err
	}
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return err
	}
	_, err = s.begin(ctx, fmt.Sprintf("auto-merge-%s-%d", id, noted.Number), repo, KindMerged, nil, mergeArgs{
		actionArgs: actionArgs{Task: id, Branch: t.Branch, Auto: true}, Keep: noted.Keep,
	})
	if err != nil {
		return err
	}
	return s.cfg.Store.Update(ctx, func(tx Tx) error { return tx.PutSetting(autoMergeKey(id), "") })
}

// runLookMerged finds out what the forge merged.
func (s *Service) runLookMerged(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	f, err := s.cfg.Forge(ctx, repo, env)
	if err != nil {
		return err
	}
	if f == nil {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("repo %s has no forge any more", repo.Name), Hint: "`hf stack sync` does the rest"}
	}
	head, err := s.tip(ctx, t, repo)
	if err != nil {
		return err
	}
	all, err := f.Client.PullRequestsOf(ctx, f.At, t.Branch)
	if err != nil {
		return err
	}
	for i := range all {
		if p := &all[i]; f.mine(p) && p.State == api.PullRequestMerged {
			m := merging{Branch: t.Branch, Base: p.BaseBranch, Head: p.HeadCommit, Number: p.Number, Done: "by itself", Commit: p.MergeCommit}
			if m.Keep = head != p.HeadCommit; m.Keep {
				run.Progress(fmt.Sprintf("%s has commits that #%d did not have: they stay on the branch", t.Branch, p.Number))
			}
			m.Above, err = s.branchesAbove(ctx, t, repo)
			run.SetResult(m)
			return err
		}
	}
	return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("the pull request of task %s is not merged", t.ID), Hint: fmt.Sprintf("`hf show %s` shows it", t.ID)}
}
