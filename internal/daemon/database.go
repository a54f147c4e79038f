package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/rebuild"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// openStore opens the database of a daemon, after it carried out an order to
// begin anew. A recovery that is not nil has just been begun or is to be ended.
func openStore(ctx context.Context, paths rundir.Paths, opts store.Options) (*store.Store, *api.Recovery, error) {
	if err := obeyNuke(ctx, paths, opts); err != nil {
		return nil, nil, fmt.Errorf("begin anew: %w", err)
	}
	return store.OpenOrMend(ctx, paths.Database(), opts)
}

// rebuildStore is the store as a rebuild sees it.
type rebuildStore struct{ *store.Store }

func (s rebuildStore) Update(ctx context.Context, fn func(rebuild.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s rebuildStore) View(ctx context.Context, fn func(rebuild.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (a *app) rebuildConfig() rebuild.Config {
	paths := a.daemon.Paths()
	return rebuild.Config{
		Store: rebuildStore{a.store}, Git: a.git, Sessions: paths.Sessions(), Worktrees: paths.Worktrees(),
		Workspace: a.source.Current().Workspace, Provider: a.provider, Agent: func() string { return a.agents.Default(nil) }, Now: time.Now, Log: a.daemon.Log(),
	}
}

// recover ends a recovery that is pending: it adds to the database what else is
// on disk. The sessions are adopted afterwards like any others.
func (a *app) recover(ctx context.Context) error {
	r := a.recovery.get()
	if r == nil || !r.Pending {
		return nil
	}
	added, err := rebuild.Run(ctx, a.rebuildConfig())
	if err != nil {
		return err
	}
	done := *r
	done.Tasks, done.Sessions, done.Problems, done.Pending = added.Tasks, added.Sessions, added.Problems, false
	a.rebuilt = true
	a.daemon.Log().Info("brought back what was on disk", "tasks", len(done.Tasks), "sessions", done.Sessions, "problems", len(done.Problems))
	return a.recovery.put(&done)
}

// onSpace is called when the database can be written again.
func (a *app) onSpace() {
	select {
	case a.space <- struct{}{}:
	default:
	}
}

// mayBegin refuses new tasks while what is in progress can hardly be recorded.
func (a *app) mayBegin() error {
	switch a.store.Condition() {
	case api.DatabaseFull:
		return &api.Error{
			Code: api.CodeDiskFull, Message: "the disk of the state directory is full: no new task is taken",
			Hint: "free some space; hf takes new tasks as soon as there is some",
		}
	case api.DatabaseReadOnly:
		return store.ErrReadOnly(filepath.Dir(a.store.Path()))
	case api.DatabaseOK:
	}
	return nil
}

// lookEvery is how often a directory that cannot be written is tried again.
const lookEvery = 5 * time.Second

// awaitWritable ends a daemon that can only show things as soon as one could do
// more: the next command starts that.
func (a *app) awaitWritable(ctx context.Context) {
	for {
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return
		}
		if store.TryWriting(filepath.Dir(a.store.Path())) == nil {
			a.daemon.Log().Info("the state directory can be written again")
			_ = a.daemon.Stop(ctx, api.Stop{}) // fails for those who wait only
			return
		}
	}
}

// Notices is what everybody who asks hfd for anything is told.
func (a *app) Notices() (out []string) {
	switch a.store.Condition() {
	case api.DatabaseFull:
		out = append(out, "the disk of the state directory is full: agents wait and no new task is taken; free some space and hf goes on by itself")
	case api.DatabaseReadOnly:
		out = append(out, store.ErrReadOnly(filepath.Dir(a.store.Path())).Message+"; "+store.ErrReadOnly("").Hint)
	case api.DatabaseOK:
	}
	if err := a.source.Err(); err != nil {
		out = append(out, "the configuration is as it was before the last change, which is wrong: "+err.Error())
	}
	if file := a.store.Unlinked(); file != "" {
		out = append(out, file+" was removed or replaced while hfd had it open; `hf backend restart` writes all it knows into the database")
	}
	if r := a.recovery.get(); r != nil && !r.Seen {
		out = append(out, recovered(r)+"; `hf db check` tells more and ends this notice")
	}
	return out
}

// recovered tells of a recovery in a line.
func recovered(r *api.Recovery) string {
	base := "no copy of it was left"
	if r.Base != "" {
		base = "it was restored from " + r.Base
		if r.BaseAt != nil {
			base += " of " + r.BaseAt.Local().Format(time.DateTime)
		}
	}
	return fmt.Sprintf("the database was rebuilt on %s: the one before %s; %s, %d tasks and %d sessions came back from what else is on disk, and the damaged files are in %s",
		r.At.Local().Format(time.DateTime), r.What, base, len(r.Tasks), r.Sessions, r.Dir)
}

// Nuke makes hfd begin anew. The database and the sessions are moved aside by
// the next start: this one still has them open.
func (d database) Nuke(ctx context.Context, in api.NukeRequest) (api.Nuked, error) {
	if err := d.mayNuke(ctx, in.Force); err != nil {
		return api.Nuked{}, err
	}
	if err := d.runner.Park(ctx); err != nil {
		return api.Nuked{}, err
	}
	thaw := d.store.Freeze()
	out, err := d.orderNuke(ctx)
	if err != nil {
		thaw()
		d.Resume()
		return api.Nuked{}, err
	}
	return out, d.daemon.Stop(ctx, api.Stop{})
}

// mayNuke refuses while there are tasks that people may still think of, unless
// it is forced: then it ends their agents.
func (d database) mayNuke(ctx context.Context, force bool) error {
	var live []task.Task
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		live, err = tx.Tasks(task.Filter{})
		return err
	})
	if err != nil || len(live) == 0 {
		return err
	}
	if !force {
		return &api.Error{
			Code: api.CodeConflict, Message: counted(len(live), "task is live", "tasks are live") + ", " + live[0].ID + " among them",
			Hint: "`hf kill` or `hf archive` them first; --force ends their agents and forgets them, but leaves their worktrees and branches",
		}
	}
	for i := range live {
		if err := d.sessions.Stop(ctx, live[i].ID); err != nil {
			return fmt.Errorf("end the agent of task %s: %w", live[i].ID, err)
		}
		if err := d.terminals.Stop(ctx, live[i].ID); err != nil {
			return fmt.Errorf("end the terminal of task %s: %w", live[i].ID, err)
		}
	}
	return nil
}

// nukeOrder is what the next start is told to do.
type nukeOrder struct {
	Dir string `json:"dir"` // where everything goes
}

func nukeFile(paths rundir.Paths) string { return filepath.Join(paths.State, "nuke.json") }

func (d database) orderNuke(ctx context.Context) (out api.Nuked, err error) {
	paths := d.daemon.Paths()
	path := d.store.BackupName(paths.Backups(), "nuke")
	if err := d.store.Backup(ctx, path); err != nil {
		return out, err
	}
	order := nukeOrder{Dir: filepath.Join(paths.State, "nuked", strings.TrimSuffix(filepath.Base(path), ".db"))}
	b, err := json.Marshal(order)
	if err != nil {
		return out, err
	}
	if err := store.WriteDurably(nukeFile(paths), b); err != nil {
		return out, err
	}
	return api.Nuked{Schema: api.Schema, Backup: store.BackupAt(path), Dir: order.Dir}, nil
}

// obeyNuke moves aside what an earlier daemon was told to forget.
func obeyNuke(ctx context.Context, paths rundir.Paths, opts store.Options) error {
	b, err := os.ReadFile(nukeFile(paths))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var order nukeOrder
	if err := json.Unmarshal(b, &order); err != nil || !strings.HasPrefix(order.Dir, paths.State+string(filepath.Separator)) {
		opts.Log.Error("an order to begin anew makes no sense", "order", string(b), "error", err)
		return os.Rename(nukeFile(paths), nukeFile(paths)+".bad")
	}
	if err := store.Discard(ctx, paths.Database(), order.Dir, opts, paths.Sessions(), paths.Commands(), store.RecordOf(paths.Database())); err != nil {
		return err
	}
	opts.Log.Info("began anew", "kept", order.Dir)
	return os.Remove(nukeFile(paths))
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
