package change

import (
	"context"
	"slices"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// The steps of actions on stacks. They are stored: never rename one.
const (
	StepPrepare  = "prepare"
	StepSync     = "sync"
	StepRestack  = "restack"
	StepMove     = "move"
	StepTrack    = "track"
	StepUntrack  = "untrack"
	StepFold     = "fold"
	StepSubmit   = "submit"
	StepContinue = "continue"
	StepAbort    = "abort"
	StepAsk      = "ask"
	StepWait     = "wait"
	StepUndo     = "undo"
)

// stackPlans are the plans of actions on stacks.
func (s *Service) stackPlans() []operation.Plan[Tx] {
	plan := func(kind api.StackActionKind, steps ...operation.Definition) operation.Plan[Tx] {
		return operation.Plan[Tx]{Kind: string(kind), Steps: steps, Changed: s.ended}
	}
	step := func(name string, run func(context.Context, *operation.Run) error) operation.Definition {
		return operation.Definition{Name: name, Run: run}
	}
	prepare := step(StepPrepare, s.runPrepare)
	return []operation.Plan[Tx]{
		plan(api.StackSyncRepo, prepare, step(StepSync, s.runAction)),
		plan(api.StackRestackRepo, prepare, step(StepRestack, s.runAction)),
		plan(api.StackRestackSubtree, prepare, step(StepRestack, s.runAction)),
		plan(api.StackRebaseBranch, prepare, step(StepRestack, s.runAction)),
		plan(api.StackReparentBranch, prepare, step(StepMove, s.runAction)),
		plan(api.StackTrack, prepare, step(StepTrack, s.runAction)),
		plan(api.StackUntrack, prepare, step(StepUntrack, s.runAction)),
		plan(api.StackSubmit, prepare, step(StepSubmit, s.runSubmit)),
		plan(api.StackUnstack, prepare, step(StepMove, s.runAction)),
		plan(api.StackFold, prepare, step(StepFold, s.runAction)),
		plan(api.StackContinue, step(StepContinue, s.runContinue)),
		plan(api.StackAbort, step(StepAbort, s.runPutBack)),
		plan(api.StackResolve, step(StepAsk, s.runAsk), step(StepWait, s.runWait), step(StepContinue, s.runContinue)),
		plan(api.StackUndo, step(StepUndo, s.runPutBack)),
	}
}

// onStacks reports whether operations of a kind are actions on stacks.
func (s *Service) onStacks(kind string) bool {
	return slices.ContainsFunc(slices.Concat(s.stackPlans(), s.syncPlans(), s.mergePlans()), func(p operation.Plan[Tx]) bool { return p.Kind == kind })
}
