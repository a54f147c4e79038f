package change

import (
	"context"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// KindMerge brings a task's branch into its base: by its pull request where it
// has one, else here. It is stored, as are the names of its steps.
const KindMerge = string(api.StackMerge)

// KindMerged is what is left to do of a merge that the forge made by itself,
// later.
const KindMerged = "merged"

// The steps of a merge. Nothing has happened before StepLand, which does it all
// at once.
const (
	StepLook     = "look"     // how it is to be merged, and whether it may
	StepCheck    = "check"    // the task's check, on what comes of it
	StepLand     = "land"     // the base moves, or the forge merges
	StepBase     = "base"     // the local base follows the forge's
	StepChildren = "children" // what stood on the branch stands on its base
	StepRetarget = "retarget" // and so do the pull requests
	StepArchive  = "archive"
)

// mergeArgs is what is asked of a merge.
type mergeArgs struct {
	actionArgs
	Method api.MergeMethod `json:"method,omitempty"`
	Later  bool            `json:"later,omitempty"` // the forge may merge later
	Keep   bool            `json:"keep,omitempty"`
	Anyway bool            `json:"anyway,omitempty"`
}

// merging is how a branch is merged, as it was decided by the first step.
type merging struct {
	Branch string          `json:"branch"`
	Base   string          `json:"base"`
	Head   string          `json:"head"` // the branch's commit
	Method api.MergeMethod `json:"method,omitempty"`
	Number int             `json:"number,omitempty"` // of the pull request; 0 = it is merged here
	Later  bool            `json:"later,omitempty"`  // the forge is to merge when it can
	Keep   bool            `json:"keep,omitempty"`   // the task has more than was merged
	Done   string          `json:"done,omitempty"`   // how it was merged already, "" when it was not
	Above  []string        `json:"above,omitempty"`  // the branches that stand on it
	From   string          `json:"from,omitempty"`   // the local base before
	Onto   string          `json:"onto,omitempty"`   // what Commit was made on: From, or what the remote has
	Commit string          `json:"commit,omitempty"` // what the base is to be
}

// landed is what came of the step that merges.
type landed struct {
	Commit  string          `json:"commit,omitempty"`
	Method  api.MergeMethod `json:"method,omitempty"`
	Pending bool            `json:"pending,omitempty"` // the forge merges later
}

func (s *Service) mergePlans() []operation.Plan[Tx] {
	after := []operation.Definition{
		{Name: StepBase, Run: s.runBase},
		{Name: StepPrepare, Run: s.runPrepareChildren},
		{Name: StepChildren, Run: s.runChildren},
		{Name: StepRetarget, Run: s.runRetarget},
		{Name: StepPush, Run: s.runPushChildren},
		{Name: StepArchive, Run: s.runArchive},
	}
	merge := []operation.Definition{
		{Name: StepLook, Run: s.runLook},
		{Name: StepCheck, Run: s.runMergeCheck, Limit: s.cfg.Settings().CheckLimit},
		{Name: StepLand, Run: s.runLand},
	}
	return []operation.Plan[Tx]{
		{Kind: KindMerge, Changed: s.merged, Steps: append(merge, after...)},
		{Kind: KindMerged, Changed: s.merged, Steps: append([]operation.Definition{{Name: StepLook, Run: s.runLookMerged}}, after...)},
	}
}

// StartMerge begins to merge a task's branch into its base.
func (s *Service) StartMerge(ctx context.Context, request, id string, in api.MergeTask) (task.Receipt, error) {
	switch in.Method {
	case "", api.MergeSquash, api.MergeRebase, api.MergeCommit:
	default:
		return task.Receipt{}, invalid("%q is no way to merge: it is squash, rebase or merge", in.Method)
	}
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return task.Receipt{}, err
	}
	if t.Lifecycle != api.LifecycleReady && t.Lifecycle != api.LifecycleArchived {
		return task.Receipt{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("task %s is %s", t.ID, t.Lifecycle), Hint: fmt.Sprintf("`hf show %s` says more", t.ID),
		}
	}
	r, err := s.begin(ctx, request, repo, KindMerge, in.Env, mergeArgs{
		actionArgs: actionArgs{Task: id, Branch: t.Branch, Now: in.Now}, Method: in.Method, Later: in.Auto, Keep: in.Keep, Anyway: in.Anyway,
	})
	return task.Receipt{Task: *t, Operation: r.Operation, Seq: r.Seq}, err
}

// runLook decides how a branch is merged and whether it may be. It changes
// nothing but that commits are made which no branch has.
func (s *Service) runLook(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	args, err := argsOf[mergeArgs](run.Op)
	if err != nil {
		return err
	}
	release, err := s.quiet(ctx, run, t, args.Now)
	if err != nil {
		return err
	}
	defer release()
	if t.Base == "" {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no base to be merged into", t.ID), Hint: "merge its branch by git"}
	}
	m := merging{Branch: t.Branch, Base: t.Base, Method: args.Method}
	if m.Head, err = s.tip(ctx, t, repo); err != nil {
		return err
	}
	if what := s.underway(ctx, t, repo); what != "" {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the worktree of task %s is in the middle of %s: what comes of it would not be merged", t.ID, what),
			Hint: fmt.Sprintf("end it in %s (git status says how), then try again", t.Path),
		}
	}
	if s.dirty(ctx, t, repo) && !args.Anyway {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the worktree of task %s has changes that are not committed and would not be merged", t.ID),
			Hint: fmt.Sprintf("have them committed; or `hf merge %s --yes` merges without them, and they are kept with the task", t.ID),
		}
	}
	f, err := s.forgeOf(ctx, repo, env)
	if err != nil {
		return err
	}
	byPull := false
	if f != nil {
		if byPull, err = s.lookAtPull(ctx, t, repo, f, args, &m); err != nil {
			return err
		}
	}
	if !byPull {
		if args.Later {
			return &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no pull request that could be merged later", t.ID),
				Hint: fmt.Sprintf("`hf pr create %s` makes one", t.ID),
			}
		}
		if err := s.lookHere(ctx, run, t, repo, env, &m); err != nil {
			return err
		}
	}
	if m.Above, err = s.branchesAbove(ctx, t, repo); err != nil {
		return err
	}
	run.SetResult(m)
	run.Progress(m.words())
	return nil
}

// words say how something is to be merged.
func (m *merging) words() string {
	switch {
	case m.Done != "":
		return fmt.Sprintf("%s is in %s already: %s", m.Branch, m.Base, m.Done)
	case m.Later:
		return fmt.Sprintf("#%d, by the forge when it can", m.Number)
	case m.Number > 0:
		return strings.TrimSpace(fmt.Sprintf("#%d into %s %s", m.Number, m.Base, m.Method))
	}
	return fmt.Sprintf("%s into %s (%s)", m.Branch, m.Base, m.Method)
}

// decided reads what the first step decided.
func decided(run *operation.Run) (m merging, err error) {
	if !run.Done(StepLook, &m) {
		return m, fmt.Errorf("merge: what was decided is lost")
	}
	return m, nil
}

// runMergeCheck runs the task's check on what comes of a merge that is made here.
// On a forge its checks are what counts.
func (s *Service) runMergeCheck(ctx context.Context, run *operation.Run) error {
	m, err := decided(run)
	if err != nil {
		return err
	}
	t, repo, _, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	if m.Number > 0 || m.Done != "" || t.Check == "" {
		run.Progress("nothing to check")
		return nil
	}
	dir, err := s.checkedFiles(ctx, run, t, repo, &m)
	if err != nil {
		return err
	}
	res, err := s.cfg.Tasks.CheckMerged(ctx, run, t.ID, dir)
	if err != nil {
		return err
	}
	if dir != "" {
		if err := s.cfg.Git.RemoveScratch(ctx, gitOf(repo), dir); err != nil {
			s.cfg.Log.Warn("remove what was checked", "path", dir, "err", err)
		}
	}
	if res != nil && res.ExitCode != 0 {
		return operation.WithLog(&api.Error{
			Code:    api.CodeCheck,
			Message: fmt.Sprintf("the check of task %s fails on what would come of merging %s into %s (exit %d): %s", t.ID, m.Branch, m.Base, res.ExitCode, res.Command),
			Hint:    fmt.Sprintf("nothing was merged; `hf send %s` tells its agent", t.ID),
		}, res.Output)
	}
	run.Progress("passed: " + t.Check)
	return nil
}

// runLand merges.
func (s *Service) runLand(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	m, err := decided(run)
	if err != nil {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	var l landed
	switch {
	case m.Done != "":
		l.Commit = m.Commit
	case m.Number > 0:
		l, err = s.landPull(ctx, run, t, repo, env, &m)
	default:
		l, err = s.landHere(ctx, run, repo, &m)
	}
	if err != nil {
		return err
	}
	run.SetResult(l)
	return nil
}

// merged says in an event that a branch was merged, in the transaction that
// notes it.
func (s *Service) merged(tx Tx, op *operation.Operation, step *operation.Step) error {
	if err := s.ended(tx, op, step); err != nil {
		return err
	}
	last := StepLand
	if op.Kind == KindMerged {
		last = StepLook
	}
	if step == nil || step.State != api.StepDone || step.Name != last {
		return nil
	}
	run := &operation.Run{Op: op}
	m, err := decided(run)
	if err != nil {
		return err
	}
	l := landed{Commit: m.Commit}
	if run.Done(StepLand, &l); l.Pending {
		return nil
	}
	args, err := argsOf[mergeArgs](op)
	if err != nil {
		return err
	}
	_, err = tx.Event(api.EventMerged, op.Workspace, args.Task, api.MergeEvent{
		Repo: op.Repo, Branch: m.Branch, Base: m.Base, Method: l.Method, Commit: l.Commit, Number: m.Number,
	})
	return err
}
