package task

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// kept looks at what the providers keep of sandboxes that were removed, and at
// directories that belong to no task.
func (p *prune) kept(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(p.s.cfg.Sandboxes)) {
		keeper, ok := p.s.cfg.Sandboxes[name].(sandbox.Keeper)
		if !ok {
			continue
		}
		list, err := keeper.Kept(ctx)
		if err != nil {
			return err
		}
		for _, k := range list {
			switch t := p.tasks[k.Task]; {
			case t != nil && !p.inScope(t), t == nil && p.f.RepoID != "":
			case k.Stray:
				p.stray(ctx, keeper, k)
			default:
				p.trash(ctx, keeper, k, t)
			}
		}
	}
	return nil
}

// trash looks at a sandbox that was removed.
func (p *prune) trash(ctx context.Context, keeper sandbox.Keeper, k sandbox.Kept, t *Task) {
	age := p.keeps(p.s.cfg.Settings().KeepTrash)
	how := sandbox.Free{Force: p.now.Sub(k.At) >= age, Dry: true}
	item := api.PruneItem{Kind: api.PruneTrash, Name: k.Path, Task: k.Task, Since: k.At}
	if t != nil {
		item.Repo = t.RepoName
	}
	p.look(ctx, keeper, k, how, item)
}

// stray looks at a directory where sandboxes are. Those of tasks are looked at
// with their tasks.
func (p *prune) stray(ctx context.Context, keeper sandbox.Keeper, k sandbox.Kept) {
	if p.owned(k.Path) {
		return
	}
	item := api.PruneItem{Kind: api.PruneDirectory, Name: k.Path, Since: k.At}
	if k.Sandbox {
		item.Why = "git has it as a worktree, but no task of this hf does: `git worktree remove` removes it"
		item.Bytes, _ = keeper.Size(ctx, k) // a size that is not known is left out
		p.add(thing{PruneItem: item})
		return
	}
	p.look(ctx, keeper, k, sandbox.Free{Dry: true}, item)
}

// owned reports whether a directory is, or is about to be, the sandbox of a
// task that has not ended.
func (p *prune) owned(path string) bool {
	base := filepath.Base(path)
	for id, t := range p.tasks {
		if t.Path == path || !endedLife(t.Lifecycle) && (base == id || strings.HasSuffix(base, "-"+id)) {
			return true
		}
	}
	return false
}

// look asks the keeper what it would do, and adds that.
func (p *prune) look(ctx context.Context, keeper sandbox.Keeper, k sandbox.Kept, how sandbox.Free, item api.PruneItem) {
	freed, err := keeper.Free(ctx, k, how)
	item.Free, item.Why = freed.Done, freed.Why
	if err != nil {
		item.Free, item.Why = false, "it could not be looked at: "+err.Error()
	}
	item.Bytes, _ = keeper.Size(ctx, k) // a size that is not known is left out
	how.Dry = false
	p.add(thing{PruneItem: item, free: func(ctx context.Context) (string, error) {
		freed, err := keeper.Free(ctx, k, how)
		if err == nil && !freed.Done {
			err = keptError(freed.Why)
		}
		return freed.Why, err
	}})
}

// size is what the sandbox of a task takes, 0 when that is not known.
func (p *prune) size(ctx context.Context, t *Task) int64 {
	keeper, ok := p.s.cfg.Sandboxes[t.Provider].(sandbox.Keeper)
	if !ok {
		return 0
	}
	bytes, _ := keeper.Size(ctx, sandbox.Kept{Path: t.Path})
	return bytes
}
