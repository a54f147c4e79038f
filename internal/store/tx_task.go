package store

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

var taskTable = newTable("tasks JOIN repos ON repos.id = tasks.repo", []string{"id"},
	"tasks.version = excluded.version - 1", taskColumns, func(t *task.Task) []column {
		return []column{{"repos.name", &t.RepoName}, {"tasks.last_event", &t.LastEvent}}
	})

func taskColumns(t *task.Task) []column {
	return []column{
		{"id", &t.ID},
		{"workspace", &t.Workspace},
		{"repo", &t.RepoID},
		{"title", &t.Title},
		{"slug", &t.Slug},
		{"missing", &t.Missing},
		{"prompt", &t.Prompt},
		{"branch", &t.Branch},
		{"base", &t.Base},
		{"named_base", &t.NamedBase},
		{"base_commit", &t.BaseCommit},
		{"parent", &t.Parent},
		{"stack_on", &t.On},
		{"explicit", &t.Explicit},
		{"agent", &t.Agent},
		{"provider", &t.Provider},
		{"permission", &t.Permission},
		{"model", &t.Model},
		{"mode", &t.Mode},
		{"check_command", &t.Check},
		{"path", &t.Path},
		{"env", jsonOf(&t.Env)},
		{"secrets", jsonOf(&t.Secrets)},
		{"lifecycle", &t.Lifecycle},
		{"step", &t.Step},
		{"reason", &t.Reason},
		{"session", &t.Session},
		{"activity", &t.Activity},
		{"activity_reason", &t.ActivityReason},
		{"activity_since", micros{&t.ActivitySince}},
		{"turn_started_at", optMicros{&t.TurnStartedAt}},
		{"result", jsonOf(&t.Result)},
		{"diff", jsonOf(&t.Diff)},
		{"ahead", &t.Ahead},
		{"behind", &t.Behind},
		{"needs_restack", &t.NeedsRestack},
		{"unpushed", &t.Unpushed},
		{"conflicts", jsonOf(&t.Conflicts)},
		{"stack_note", &t.StackNote},
		{"rebase", jsonOf(&t.Rebase)},
		{"pull_request", optJSON[api.PullRequestSummary]{&t.Pull}},
		{"version", &t.Version},
		{"created_at", micros{&t.CreatedAt}},
		{"updated_at", micros{&t.UpdatedAt}},
		{"ended_at", optMicros{&t.EndedAt}},
	}
}

// parked is the condition for tasks that nobody works on any more.
const parked = `lifecycle IN ('archived', 'killed')`

// Task returns a task by its whole id.
func (tx *Tx) Task(id string) (*task.Task, error) {
	return taskTable.find(tx, "task", id, `WHERE tasks.id = ?`, id)
}

// PutTask inserts a task with Version 0, or replaces one, and counts its
// Version up. A version older than the stored one is CodeConflict, and so a
// change that somebody else made meanwhile is never overwritten. A branch that
// another live task of the repo has is CodeExists.
func (tx *Tx) PutTask(t *task.Task) error {
	version, updated := t.Version, t.UpdatedAt
	t.Version++
	t.UpdatedAt = tx.time()
	written, err := taskTable.put(tx, t)
	if written {
		return nil
	}
	t.Version, t.UpdatedAt = version, updated
	switch {
	case isUnique(err):
		return &api.Error{
			Code: api.CodeExists, Message: fmt.Sprintf("another live task of this repo has the branch %q", t.Branch),
			Hint: "choose another branch, or stack on that task",
		}
	case err != nil:
		return fmt.Errorf("write task %q: %w", t.ID, err)
	default:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %q was changed meanwhile", t.ID), Retryable: true}
	}
}

// taskList is the last list of tasks that was read on a connection. It holds
// as long as SQLite's data_version, which every commit of another connection
// changes; a reader has no commits of its own. Lists are asked for far more
// often than they change, and reading a thousand rows takes milliseconds.
type taskList struct {
	version int64
	args    [4]any
	tasks   []task.Task
}

// Tasks returns the tasks of a filter, newest first. What they point to may be
// shared with other callers: it must not be changed.
func (tx *Tx) Tasks(f task.Filter) ([]task.Task, error) {
	tasks, err := tx.listTasks(f)
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	if len(f.Statuses) > 0 {
		tasks = slices.DeleteFunc(tasks, func(t task.Task) bool {
			status, _ := task.Shown(&t)
			return !slices.Contains(f.Statuses, status)
		})
	}
	return tasks, nil
}

// listTasks is Tasks without the condition on what is shown.
func (tx *Tx) listTasks(f task.Filter) ([]task.Task, error) {
	lifecycles := ""
	if len(f.Lifecycles) > 0 {
		b, err := json.Marshal(f.Lifecycles)
		if err != nil {
			return nil, err
		}
		lifecycles = string(b)
	}
	args := [4]any{f.Workspace, f.RepoID, lifecycles, f.All || len(f.Statuses) > 0}

	var version int64
	if tx.reads {
		if err := tx.scan(`PRAGMA data_version`, nil, &version); err != nil {
			return nil, err
		}
		if last := tx.conn.list; last.version == version && last.args == args {
			return slices.Clone(last.tasks), nil
		}
	}
	tasks, err := taskTable.all(tx, `WHERE (?1 = '' OR tasks.workspace = ?1) AND (?2 = '' OR tasks.repo = ?2)
		AND CASE WHEN ?3 <> '' THEN lifecycle IN (SELECT value FROM json_each(?3)) ELSE ?4 OR NOT `+parked+` END
		ORDER BY tasks.created_at DESC, tasks.id`, args[:]...)
	if err == nil && tx.reads {
		tx.conn.list = taskList{version: version, args: args, tasks: slices.Clone(tasks)}
	}
	return tasks, err
}

// FindTasks returns the tasks that a person may mean by a word: those whose id
// begins with it or whose branch it is, live ones first, then newest first. A
// workspace of "" is any.
func (tx *Tx) FindTasks(workspace, ref string) ([]task.Task, error) {
	if ref == "" {
		return nil, nil
	}
	tasks, err := taskTable.all(tx, `WHERE (?1 = '' OR tasks.workspace = ?1) AND (substr(tasks.id, 1, length(?2)) = ?2 OR branch = ?2)
		ORDER BY `+parked+`, tasks.created_at DESC, tasks.id`, workspace, ref)
	if err != nil {
		return nil, fmt.Errorf("find task %q: %w", ref, err)
	}
	return tasks, nil
}
