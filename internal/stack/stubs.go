package stack

import (
	"context"

	"github.com/hf-dev/hf/internal/git"
)

// Delete deletes a branch that no worktree has checked out. What is above moves
// to its base and loses its commits.
func (e *Engine) Delete(ctx context.Context, in In, req DeleteRequest) (Report, error) {
	return Report{}, unfinished("Delete")
}

// Fold gives the commits of a branch to its base, which is never trunk. What is
// above stands on the base then.
func (e *Engine) Fold(ctx context.Context, in In, req FoldRequest) (Report, error) {
	return Report{}, unfinished("Fold")
}

// Sync fetches trunk, moves what stands on merged branches to their bases, and
// restacks.
func (e *Engine) Sync(ctx context.Context, in In, req SyncRequest) (SyncReport, error) {
	return SyncReport{}, unfinished("Sync")
}

// InProgress lists the rebases that wait in worktrees, the user's own included.
// It starts no process but to list unmerged files.
func (e *Engine) InProgress(ctx context.Context, repo git.Repo) ([]Rebase, error) {
	return nil, unfinished("InProgress")
}

// Continue goes on with the rebase of an attempt that stopped on a conflict, or
// with what is left to do when somebody has finished that by hand. The result is
// a conflict again when files are unmerged still.
func (e *Engine) Continue(ctx context.Context, in In, a Attempt) (Result, error) {
	return Result{}, unfinished("Continue")
}

// Abort ends the rebase that waits in a worktree: its branch and uncommitted
// changes are as they were before. It is not an error when there is none.
func (e *Engine) Abort(ctx context.Context, in In, worktree string) error {
	return unfinished("Abort")
}

// Recover puts right what a crash in the middle of an attempt left, and says what
// it found. What is still at work is waited for. A rebase that stopped on a
// conflict is left to whoever may be at it already, if the attempt was to.
func (e *Engine) Recover(ctx context.Context, in In, a Attempt) (Recovered, error) {
	return "", unfinished("Recover")
}

// Snapshot reads where the refs of a repository's stacks are, and keeps their
// commits under keep, a ref below refs/hf/, unless that is "".
func (e *Engine) Snapshot(ctx context.Context, repo git.Repo, keep string) (Snapshot, error) {
	return Snapshot{}, unfinished("Snapshot")
}

// Undo puts back every ref that an action moved. When one has moved on since, or
// uncommitted changes are in the way, nothing is moved and the error says which.
func (e *Engine) Undo(ctx context.Context, in In, req UndoRequest) (UndoReport, error) {
	return UndoReport{}, unfinished("Undo")
}

// Submit pushes branches and makes or updates their pull requests, one after the
// other. It ends at the first that fails; what came of it is in the last entry.
func (e *Engine) Submit(ctx context.Context, in In, req SubmitRequest) ([]Submitted, error) {
	return nil, unfinished("Submit")
}
