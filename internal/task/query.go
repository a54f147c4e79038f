package task

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// List returns the tasks of a filter, and the event after which it was read.
func (s *Service) List(ctx context.Context, f Filter) (tasks []Task, seq int64, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if seq, err = tx.LastSeq(); err != nil {
			return err
		}
		tasks, err = tx.Tasks(f)
		return err
	})
	return tasks, seq, err
}

// Find returns the id of the task a person means.
func (s *Service) Find(ctx context.Context, workspace, ref, cwd string) (id string, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		switch ref {
		case api.TaskOfCwd:
			id, err = ofDirectory(tx, cwd)
		case api.TaskLast:
			id, err = lastUsed(tx, workspace)
		default:
			id, err = named(tx, workspace, ref)
		}
		return err
	})
	return id, err
}

func named(tx Tx, workspace, ref string) (string, error) {
	found, err := tx.FindTasks(workspace, ref)
	if err != nil {
		return "", err
	}
	t, err := meant(found, ref)
	if err != nil {
		return "", err
	}
	if t == nil {
		return "", &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no task %q in workspace %s", ref, workspace), Hint: "`hf list --all` shows every task."}
	}
	return t.ID, nil
}

// meant is the one of what FindTasks found that a word means, or nil: what is
// named in full goes before the beginning of an id, because a short name of a
// branch often begins some id, too.
func meant(found []Task, ref string) (*Task, error) {
	for i := range found {
		if found[i].ID == ref {
			return &found[i], nil
		}
	}
	// Tasks of several repos may have that branch.
	if whole := slices.DeleteFunc(slices.Clone(found), func(t Task) bool {
		return t.Branch != ref || t.Lifecycle == api.LifecycleArchived || t.Lifecycle == api.LifecycleKilled
	}); len(whole) > 0 {
		found = whole
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	names := make([]string, 0, len(found))
	for i := range found {
		names = append(names, fmt.Sprintf("%s (%s)", found[i].ID, found[i].Title))
	}
	return nil, &api.Error{Code: api.CodeAmbiguous, Message: fmt.Sprintf("%q may be any of %s", ref, strings.Join(names, ", ")), Hint: "Give more of the id."}
}

func ofDirectory(tx Tx, cwd string) (string, error) {
	tasks, err := tx.Tasks(Filter{})
	if err != nil {
		return "", err
	}
	for i := range tasks {
		rel, err := filepath.Rel(tasks[i].Path, cwd)
		if tasks[i].Path != "" && err == nil && filepath.IsLocal(rel) {
			return tasks[i].ID, nil
		}
	}
	return "", &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("%s is not in the sandbox of a task", cwd), Hint: "`hf list` shows the tasks, `hf switch TASK` the way into one."}
}

func lastUsed(tx Tx, workspace string) (string, error) {
	id, ok, err := tx.Setting(lastKey(workspace))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", &api.Error{Code: api.CodeNotFound, Message: "no task was used yet in workspace " + workspace, Hint: "`hf list` shows the tasks."}
	}
	return id, nil
}

// Detail returns all there is to show of a task.
func (s *Service) Detail(ctx context.Context, id string) (d Detail, err error) {
	s.look(ctx, id)
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		d.Task = *t
		if d.Operation, err = tx.LastOperation(id); err != nil {
			return err
		}
		if d.Permissions, err = tx.OpenPermissions(id); err != nil {
			return err
		}
		msgs, err := tx.MessagesOf(id)
		if err != nil {
			return err
		}
		for i := range msgs {
			if m := msgs[i]; m.State != api.MessageDone && m.State != api.MessageFailed {
				d.Messages = append(d.Messages, m)
			}
		}
		pulls, err := tx.PullRequestsOf(t.RepoID, t.Branch)
		if err == nil {
			d.Pull = BestPull(pulls, id)
		}
		return err
	})
	return d, err
}

// Explain returns the facts that led to a task's status, and the names of the
// variables its processes get.
func (s *Service) Explain(ctx context.Context, id string) ([]api.Fact, []string, error) {
	var facts []api.Fact
	var names []string
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		status, reason := Shown(t)
		add := func(f api.Fact) { facts = append(facts, f) }
		add(api.Fact{Name: "status", Value: describe(status, reason), Source: "the facts below", ObservedAt: s.cfg.Now()})
		add(api.Fact{Name: "lifecycle", Value: string(t.Lifecycle), Source: "database", ObservedAt: t.UpdatedAt})
		if t.Step != "" {
			add(api.Fact{Name: "step", Value: t.Step, Source: "database", ObservedAt: t.UpdatedAt})
		}
		if t.Rebase != nil {
			add(api.Fact{Name: "rebase", Value: stopped(t.Rebase), Source: "git", ObservedAt: t.UpdatedAt})
		}
		if t.Session != "" {
			if facts, err = sessionFacts(tx, t, facts); err != nil {
				return err
			}
			if at, ok := s.cfg.Sessions.Heard(id); ok {
				add(api.Fact{Name: "last word of the agent", Value: at.UTC().Format("2006-01-02T15:04:05Z"), Source: "journal", ObservedAt: at})
			}
		}
		names = slices.Sorted(maps.Keys(t.Env))
		names = append(names, t.Secrets...)
		return nil
	})
	return facts, names, err
}

func sessionFacts(tx Tx, t *Task, facts []api.Fact) ([]api.Fact, error) {
	ses, err := tx.Session(t.Session)
	if err != nil {
		return facts, err
	}
	source := "journal"
	if t.Activity == api.ActivityTerminal {
		source = "holder" // of the terminal; what goes on there nobody knows
	}
	facts = append(facts, api.Fact{Name: "activity", Value: describe(api.Status(t.Activity), t.ActivityReason), Source: source, ObservedAt: t.ActivitySince})
	if t.TurnStartedAt != nil {
		facts = append(facts, api.Fact{Name: "turn began", Value: t.TurnStartedAt.UTC().Format("2006-01-02T15:04:05Z"), Source: "journal", ObservedAt: *t.TurnStartedAt})
	}
	facts = append(facts, api.Fact{Name: "session", Value: ses.ID, Source: "database", ObservedAt: ses.CreatedAt})
	if ses.Live() {
		facts = append(facts, api.Fact{Name: "agent pid", Value: strconv.Itoa(ses.AgentPID), Source: "holder", ObservedAt: ses.CreatedAt})
	} else {
		facts = append(facts, api.Fact{Name: "agent ended", Value: exitText(ses.Exit), Source: "holder", ObservedAt: *ses.EndedAt})
	}
	open, err := tx.OpenPermissions(t.ID)
	if err != nil {
		return facts, err
	}
	for _, p := range open {
		facts = append(facts, api.Fact{Name: "permission " + p.ID, Value: p.Title, Source: "journal", ObservedAt: p.CreatedAt})
	}
	return facts, nil
}

func exitText(e *api.ExitEvent) string {
	switch {
	case e == nil:
		return "nobody saw how"
	case e.Signal != "":
		return "by " + e.Signal
	case e.Code != nil:
		return "with exit code " + strconv.Itoa(*e.Code)
	}
	return "nobody saw how"
}

// Diff compares a task's sandbox, untracked files included, with the merge base
// of its branch and its base.
func (s *Service) Diff(ctx context.Context, id string, kind api.PatchKind) (api.Diff, error) {
	t, wt, err := s.openSandbox(ctx, id)
	if err != nil {
		return api.Diff{}, err
	}
	d, err := s.cfg.Git.Diff(ctx, wt, s.diffBase(ctx, wt, t), kind)
	if err != nil {
		return api.Diff{}, err
	}
	d.Schema, d.Task = api.Schema, t.ID
	return d, nil
}

// diffBase is the base branch where it still exists, since it moves when the
// task is rebased, and the commit the task started from otherwise.
func (s *Service) diffBase(ctx context.Context, wt git.Worktree, t *Task) string {
	if commit, err := s.cfg.Git.StartPoint(ctx, wt.Repo, t.Base, !t.NamedBase); err == nil {
		return commit
	}
	return t.BaseCommit
}

func (s *Service) openSandbox(ctx context.Context, id string) (*Task, git.Worktree, error) {
	t, repo, err := s.load(ctx, id)
	if err != nil {
		return nil, git.Worktree{}, err
	}
	wt, ok, err := s.worktree(ctx, t, repo)
	if err == nil && !ok {
		err = noSandbox(t)
	}
	if what := s.missing(ctx, t, repo); what != "" && err != nil {
		if exists(t.Path) {
			err = lost(t, what)
		}
		s.look(ctx, id)
	}
	return t, wt, err
}

func noSandbox(t *Task) error {
	if t.Path != "" {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the sandbox of task %s is gone: %s does not exist", t.ID, t.Path),
			Hint: fmt.Sprintf("Bring it back to where it was; or `hf retry %s` makes a worktree of branch %s again, `hf kill %s` ends the task.", t.ID, t.Branch, t.ID),
		}
	}
	hint := fmt.Sprintf("`hf show %s` says where it is.", t.ID)
	if t.Lifecycle == api.LifecycleArchived || t.Lifecycle == api.LifecycleKilled {
		hint = fmt.Sprintf("`hf restore %s` brings it back.", t.ID)
	}
	return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no sandbox: it is %s", t.ID, t.Lifecycle), Hint: hint}
}

// Refresh brings a task's shown difference up to date. It is called when
// something may have changed it, and changes nothing else.
func (s *Service) Refresh(ctx context.Context, id string) error {
	if err := s.Look(ctx, id); err != nil {
		return err
	}
	t, wt, err := s.openSandbox(ctx, id)
	if err != nil {
		return err
	}
	stat, err := s.cfg.Git.DiffStat(ctx, wt, s.diffBase(ctx, wt, t))
	if err != nil {
		return err
	}
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil || t.Diff != nil && *t.Diff == stat {
			return err
		}
		t.Diff = &stat
		if err := tx.PutTask(t); err != nil {
			return err
		}
		_, err = tx.Event(api.EventTaskChanged, t.Workspace, t.ID, Change(t, t))
		return err
	})
}

// Command returns the command of this machine that runs argv in the sandbox.
func (s *Service) Command(ctx context.Context, id string, in api.CommandRequest) (api.Command, error) {
	if len(in.Argv) == 0 {
		return api.Command{}, invalid("no command given")
	}
	t, _, err := s.load(ctx, id)
	if err != nil {
		return api.Command{}, err
	}
	if !exists(t.Path) {
		return api.Command{}, noSandbox(t)
	}
	return s.wrap(t, sandbox.Command{Argv: in.Argv, Env: Environ(in.Env, taskVars(t)), TTY: in.TTY})
}

// Summary counts the live tasks of a workspace.
func (s *Service) Summary(ctx context.Context, workspace string) (api.Summary, error) {
	tasks, _, err := s.List(ctx, Filter{Workspace: workspace})
	if err != nil {
		return api.Summary{}, err
	}
	sum := api.Summary{
		Schema: api.Schema, Workspace: workspace, Tasks: len(tasks),
		ByStatus: map[api.Status]int{}, ByAgent: map[string]int{}, Providers: map[string]int{},
	}
	for i := range tasks {
		status, _ := Shown(&tasks[i])
		sum.ByStatus[status]++
		sum.ByAgent[tasks[i].Agent]++
		sum.Providers[tasks[i].Provider]++
	}
	return sum, nil
}
