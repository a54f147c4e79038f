// Package rebuild adds to a database that was restored from a copy what else
// is on disk and not in it: the sessions, by what their directories say, with
// the tasks and repositories they are for, and the worktrees that git knows.
//
// It only adds, and it may be interrupted and done again. What became of a
// session is not its business: it hands each over as one that may still run,
// and whoever adopts sessions finds the rest in the journal.
package rebuild

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Store is the database.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
}

// Tx is what is needed of a transaction. A row that does not exist is an
// *api.Error with api.CodeNotFound.
type Tx interface {
	Task(id string) (*task.Task, error)
	PutTask(t *task.Task) error
	Tasks(f task.Filter) ([]task.Task, error)
	Repo(id string) (*task.Repo, error)
	RepoByPath(workspace, path string) (*task.Repo, error)
	RepoByName(workspace, name string) (*task.Repo, error)
	Repos(workspace string) ([]task.Repo, error)
	PutRepo(r *task.Repo) error
	EnsureWorkspace(name string) error
	Session(id string) (*session.Session, error)
	PutSession(s *session.Session) error
	LiveSessions() ([]session.Session, error)
	PutMessage(m *session.Message) error
	LiveOperation(task string) (*operation.Operation, error)
	PutOperation(op *operation.Operation) error
	Event(kind api.EventKind, workspace, task string, data any) (int64, error)
}

// Git reads what git has recorded.
type Git interface {
	Worktree(repo git.Repo, path string) (git.Worktree, bool)
	Worktrees(repo git.Repo) ([]git.Worktree, error)
	DefaultBranch(ctx context.Context, repo git.Repo) (string, error)
	ResolveCommit(ctx context.Context, repo git.Repo, rev string) (string, error)
}

// Config is what a rebuild works with. All fields are required.
type Config struct {
	Store     Store
	Git       Git
	Sessions  string // directory of the sessions
	Worktrees string // directory of hf's worktrees
	Workspace string // of repositories that no record speaks of
	Provider  string // of the tasks of worktrees
	Agent     func() string
	Now       func() time.Time
	Log       *slog.Logger
}

// Result is what was added.
type Result struct {
	Tasks    []string // ids
	Sessions int
	Problems []string // what could not be, one line each
}

// Run adds what is missing. An error is one of the database: what could not be
// brought back for another reason is a problem.
func Run(ctx context.Context, cfg Config) (Result, error) {
	b := &builder{Config: cfg}
	if err := b.sessions(ctx); err != nil {
		return b.result, fmt.Errorf("rebuild from sessions: %w", err)
	}
	if err := b.worktrees(ctx); err != nil {
		return b.result, fmt.Errorf("rebuild from worktrees: %w", err)
	}
	if err := b.parked(ctx); err != nil {
		return b.result, fmt.Errorf("rebuild what was parked: %w", err)
	}
	return b.result, nil
}

type builder struct {
	Config
	result Result
}

func (b *builder) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.Log.Warn("cannot be brought back", "what", text)
	b.result.Problems = append(b.result.Problems, text)
}

// sessions brings back the sessions on disk, a task at a time.
func (b *builder) sessions(ctx context.Context) error {
	found, problems := session.Scan(b.Sessions)
	for _, err := range problems {
		b.problem("%v", err)
	}
	byTask := map[string][]session.Found{}
	for _, f := range found {
		byTask[f.Task] = append(byTask[f.Task], f)
	}
	for _, id := range slices.Sorted(maps.Keys(byTask)) {
		if err := b.taskOf(ctx, id, byTask[id]); err != nil {
			return err
		}
	}
	return nil
}

// taskOf brings back one task with its sessions, oldest first.
func (b *builder) taskOf(ctx context.Context, id string, found []session.Found) error {
	t, repo, err := decode(found)
	if err != nil {
		b.problem("task %s of session %s: %v", id, found[len(found)-1].ID, err)
	}
	var stage api.Lifecycle
	if t != nil {
		stage = b.stageOf(ctx, t, repo)
	}
	told := prompted(found)
	if found, err = begun(found); err != nil {
		return err
	}
	var addedTask, refused bool
	added := 0
	err = b.Store.Update(ctx, func(tx Tx) error {
		addedTask, added = false, 0
		have, err := tx.Task(id)
		if api.IsCode(err, api.CodeNotFound) {
			if t == nil {
				refused = true
				return nil
			}
			have, err = t, b.addTask(tx, t, repo, stage)
			addedTask = err == nil
			if addedTask && stage == api.LifecycleReady && !told {
				err = tx.PutMessage(task.FirstMessage(t)) // or the prompt would be lost
			}
		}
		if err != nil {
			return err
		}
		for i := range found {
			n, err := addSession(tx, &found[i].Session)
			if err != nil {
				return err
			}
			added += n
		}
		if added == 0 {
			return nil
		}
		return b.catchUp(tx, have, found, stage)
	})
	if api.IsCode(err, api.CodeExists) {
		b.problem("task %s: %v", id, err)
		return nil
	}
	if err != nil {
		return err
	}
	if refused {
		b.problem("task %s: its session's directory does not describe it", id)
	}
	if addedTask {
		b.result.Tasks = append(b.result.Tasks, id)
	}
	b.result.Sessions += added
	return nil
}

// begun leaves out the sessions whose agent never came to be. One that a daemon
// was just starting when it died is kept from beginning.
func begun(found []session.Found) (out []session.Found, err error) {
	for _, f := range found {
		never, err := hold.Fence(f.Dir)
		if err != nil {
			return nil, err
		}
		if !never {
			out = append(out, f)
		}
	}
	return out, nil
}

// decode returns what the newest session that says it says of its task.
func decode(found []session.Found) (*task.Task, *task.Repo, error) {
	for _, f := range slices.Backward(found) {
		if len(f.Origin) == 0 {
			continue
		}
		var r task.Record
		if err := json.Unmarshal(f.Origin, &r); err != nil {
			return nil, nil, err
		}
		if r.ID != f.Task || r.Repo.ID == "" {
			return nil, nil, fmt.Errorf("its record is of task %q and repo %q", r.ID, r.Repo.ID)
		}
		return r.Task(), r.Repository(), nil
	}
	return nil, nil, nil
}

// stageOf tells from what there is how far a task's life is.
func (b *builder) stageOf(ctx context.Context, t *task.Task, repo *task.Repo) api.Lifecycle {
	g := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	if t.Path != "" {
		if _, ok := b.Git.Worktree(g, t.Path); ok {
			return api.LifecycleReady
		}
	}
	if _, err := b.Git.ResolveCommit(ctx, g, git.SavedRef(t.ID)); err == nil {
		return api.LifecycleArchived
	}
	return api.LifecycleKilled
}

// broughtBack is why a task is archived that may have been killed: its work is
// saved, and what was meant with it is not known any more.
const broughtBack = "it came back when the database was rebuilt; `hf restore` makes its worktree again"

// addTask stores a task that the database does not know.
func (b *builder) addTask(tx Tx, t *task.Task, repo *task.Repo, stage api.Lifecycle) error {
	at, err := b.repoFor(tx, repo)
	if err != nil {
		return err
	}
	now := b.Now().UTC()
	t.RepoID, t.RepoName, t.Version, t.UpdatedAt = at.ID, at.Name, 0, now
	t.Lifecycle = stage
	switch stage {
	case api.LifecycleArchived:
		t.Reason, t.EndedAt = broughtBack, &now
	case api.LifecycleKilled:
		t.Reason, t.EndedAt = "its worktree was gone when the database was rebuilt", &now
	default:
	}
	if err := tx.PutTask(t); err != nil {
		return err
	}
	_, err = tx.Event(api.EventTaskCreated, t.Workspace, t.ID, nil)
	return err
}

// repoFor finds the repo of a record in the database or adds it.
func (b *builder) repoFor(tx Tx, want *task.Repo) (*task.Repo, error) {
	if r, err := tx.Repo(want.ID); err == nil || !api.IsCode(err, api.CodeNotFound) {
		return r, err
	}
	if err := tx.EnsureWorkspace(want.Workspace); err != nil {
		return nil, err
	}
	if r, err := tx.RepoByPath(want.Workspace, want.Path); err == nil || !api.IsCode(err, api.CodeNotFound) {
		return r, err
	}
	name := want.Name
	for n := 2; ; n++ {
		_, err := tx.RepoByName(want.Workspace, want.Name)
		if api.IsCode(err, api.CodeNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		want.Name = fmt.Sprintf("%s-%d", name, n)
	}
	return want, tx.PutRepo(want)
}

// addSession stores a session that the database does not know, as one that may
// still run, and returns how many that were.
func addSession(tx Tx, s *session.Session) (int, error) {
	if _, err := tx.Session(s.ID); err == nil || !api.IsCode(err, api.CodeNotFound) {
		return 0, err
	}
	row := *s
	row.Activity, row.Since = api.ActivityStarting, s.CreatedAt
	return 1, tx.PutSession(&row)
}

// catchUp makes the newest session the task's own, and ends what the copy of
// the database still believed in progress: a session is the end of it.
func (b *builder) catchUp(tx Tx, t *task.Task, found []session.Found, stage api.Lifecycle) error {
	newest := found[len(found)-1]
	if t.Session != newest.ID {
		if old, err := tx.Session(t.Session); err == nil && old.CreatedAt.After(newest.CreatedAt) {
			return nil
		}
	}
	op, err := tx.LiveOperation(t.ID)
	if err != nil {
		return err
	}
	if op != nil && (op.Kind == task.KindCreate || op.Kind == task.KindStart) {
		op.State = api.OperationDone
		for i := range op.Steps {
			op.Steps[i].State = api.StepDone
		}
		if err := tx.PutOperation(op); err != nil {
			return err
		}
	}
	t.Session, t.Activity, t.ActivityReason, t.ActivitySince = newest.ID, api.ActivityStarting, "", newest.CreatedAt
	switch {
	case t.Lifecycle == api.LifecycleKilled, t.Lifecycle == api.LifecycleKilling, stage == "":
	case stage == api.LifecycleReady:
		t.Lifecycle, t.Step, t.Reason = stage, "", ""
	}
	t.Path = cmp.Or(t.Path, pathOf(found))
	return tx.PutTask(t)
}

// prompted reports whether any agent of these sessions was given a message.
func prompted(found []session.Found) bool {
	return slices.ContainsFunc(found, func(f session.Found) bool {
		r, err := journal.Open(filepath.Join(f.Dir, hold.JournalFile))
		if err != nil {
			return false
		}
		defer func() { _ = r.Close() }()
		for {
			rec, err := r.Next()
			if err != nil {
				return false
			}
			if rec.Kind == journal.In && bytes.Contains(rec.Data, []byte(`"session/prompt"`)) {
				return true
			}
		}
	})
}

func pathOf(found []session.Found) string {
	if t, _, err := decode(found); err == nil && t != nil {
		return t.Path
	}
	return ""
}

// parked looks after tasks that the copy of the database believes at work: one
// whose worktree is gone and whose work was saved was archived meanwhile.
func (b *builder) parked(ctx context.Context) error {
	var ready []task.Task
	repos := map[string]*task.Repo{}
	err := b.Store.View(ctx, func(tx Tx) (err error) {
		if ready, err = tx.Tasks(task.Filter{Lifecycles: []api.Lifecycle{api.LifecycleReady}}); err != nil {
			return err
		}
		for i := range ready {
			if id := ready[i].RepoID; repos[id] == nil {
				if repos[id], err = tx.Repo(id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range ready {
		if b.stageOf(ctx, &ready[i], repos[ready[i].RepoID]) != api.LifecycleArchived {
			continue
		}
		err := b.Store.Update(ctx, func(tx Tx) error {
			t, err := tx.Task(ready[i].ID)
			if err != nil {
				return err
			}
			now := b.Now().UTC()
			t.Lifecycle, t.Step, t.Reason, t.EndedAt = api.LifecycleArchived, "", broughtBack, &now
			return tx.PutTask(t)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
