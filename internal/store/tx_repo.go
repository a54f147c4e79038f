package store

import (
	"fmt"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

var repoTable = newTable("repos", []string{"id"}, "", func(r *task.Repo) []column {
	return []column{
		{"id", &r.ID},
		{"workspace", &r.Workspace},
		{"name", &r.Name},
		{"path", &r.Path},
		{"git_dir", &r.GitDir},
		{"remote", &r.Remote},
		{"default_branch", &r.DefaultBranch},
		{"managed", &r.Managed},
		{"state", &r.State},
		{"reason", &r.Reason},
		{"failure", jsonOf(&r.Failure)},
		{"created_at", micros{&r.CreatedAt}},
	}
}, func(r *task.Repo) []column {
	return []column{{`(SELECT count(*) FROM tasks WHERE tasks.repo = repos.id AND NOT ` + parked + `)`, &r.Tasks}}
})

// Repo returns a repo by its id, a removed one too.
func (tx *Tx) Repo(id string) (*task.Repo, error) {
	return repoTable.find(tx, "repo", id, `WHERE id = ?`, id)
}

// RepoByPath returns the repo of a workspace whose checkout or clone is path.
func (tx *Tx) RepoByPath(workspace, path string) (*task.Repo, error) {
	return repoTable.find(tx, "repo", path, `WHERE removed_at IS NULL AND path <> '' AND workspace = ? AND path = ?`, workspace, path)
}

// RepoByRemote returns the oldest repo of a workspace with a normalised
// remote, one that hf cloned before others.
func (tx *Tx) RepoByRemote(workspace, remote string) (*task.Repo, error) {
	return repoTable.find(tx, "repo", remote, `WHERE removed_at IS NULL AND remote <> '' AND workspace = ? AND remote = ?
		ORDER BY managed DESC, created_at, id`, workspace, remote)
}

// RepoByName returns the repo of a workspace with a name.
func (tx *Tx) RepoByName(workspace, name string) (*task.Repo, error) {
	return repoTable.find(tx, "repo", name, `WHERE removed_at IS NULL AND workspace = ? AND name = ?`, workspace, name)
}

// Repos returns the repos of a workspace, or of all for "", by name.
func (tx *Tx) Repos(workspace string) ([]task.Repo, error) {
	repos, err := repoTable.all(tx, `WHERE removed_at IS NULL AND (?1 = '' OR workspace = ?1) ORDER BY workspace, name`, workspace)
	if err != nil {
		return nil, fmt.Errorf("list repos: %w", err)
	}
	return repos, nil
}

// PutRepo inserts a repo or replaces it. Its workspace must exist. A name or a
// path that another repo of the workspace has is CodeExists.
func (tx *Tx) PutRepo(r *task.Repo) error {
	_, err := repoTable.put(tx, r)
	if isUnique(err) {
		return &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("workspace %q has a repo %q already", r.Workspace, r.Name)}
	}
	if err != nil {
		return fmt.Errorf("write repo %q: %w", r.Name, err)
	}
	return nil
}

// DeleteRepo removes a repo from its workspace. Its tasks keep it.
func (tx *Tx) DeleteRepo(id string) error {
	now := tx.now()
	res, err := tx.exec(`UPDATE repos SET removed_at = ? WHERE id = ? AND removed_at IS NULL`, micros{&now}, id)
	if err != nil {
		return fmt.Errorf("remove repo %q: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return notFound("repo", id)
}

var workspaceTable = newTable("workspaces", []string{"name"}, "", func(w *api.Workspace) []column {
	return []column{{"name", &w.Name}}
}, func(w *api.Workspace) []column {
	return []column{
		{`(SELECT count(*) FROM repos WHERE repos.workspace = workspaces.name AND removed_at IS NULL)`, &w.Repos},
		{`(SELECT count(*) FROM tasks WHERE tasks.workspace = workspaces.name AND NOT ` + parked + `)`, &w.Tasks},
	}
})

// Workspaces returns every workspace by name, with its repos and live tasks
// counted. Which one is current is not known here.
func (tx *Tx) Workspaces() ([]api.Workspace, error) {
	list, err := workspaceTable.all(tx, `ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return list, nil
}

// EnsureWorkspace creates a workspace if there is none of that name.
func (tx *Tx) EnsureWorkspace(name string) error {
	now := tx.now()
	_, err := tx.exec(`INSERT INTO workspaces (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, name, micros{&now})
	if err != nil {
		return fmt.Errorf("create workspace %q: %w", name, err)
	}
	return nil
}
