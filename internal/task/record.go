package task

import (
	"encoding/json"
	"time"

	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// Record is what a session's directory says of the task it is for: what brings
// the task back when the database is lost. Like the database it holds no
// secret. Fields may be added, never changed.
type Record struct {
	ID         string            `json:"id"`
	Workspace  string            `json:"workspace"`
	Title      string            `json:"title"`
	Slug       string            `json:"slug,omitempty"`
	Prompt     string            `json:"prompt"`
	Branch     string            `json:"branch"`
	Base       string            `json:"base"`
	NamedBase  bool              `json:"namedBase,omitempty"`
	BaseCommit string            `json:"baseCommit"`
	Parent     string            `json:"parent,omitempty"`
	Agent      string            `json:"agent"`
	Provider   string            `json:"provider"`
	Permission api.Permission    `json:"permission"`
	Model      string            `json:"model,omitempty"`
	Mode       string            `json:"mode,omitempty"`
	Check      string            `json:"check,omitempty"`
	Path       string            `json:"path"`
	Env        map[string]string `json:"env,omitempty"`
	Secrets    []string          `json:"secrets,omitempty"` // their names
	CreatedAt  time.Time         `json:"createdAt"`
	Repo       RepoRecord        `json:"repo"`
}

// RepoRecord is the repo of a Record.
type RepoRecord struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Path          string    `json:"path"`
	GitDir        string    `json:"gitDir"`
	Remote        string    `json:"remote,omitempty"`
	DefaultBranch string    `json:"defaultBranch,omitempty"`
	Managed       bool      `json:"managed,omitempty"`
	CreatedAt     time.Time `json:"createdAt"`
}

// record describes a task for its session's directory.
func record(t *Task, repo *Repo) (session.Origin, error) {
	return json.Marshal(Record{
		ID: t.ID, Workspace: t.Workspace, Title: t.Title, Slug: t.Slug, Prompt: t.Prompt, Branch: t.Branch,
		Base: t.Base, NamedBase: t.NamedBase, BaseCommit: t.BaseCommit, Parent: t.Parent,
		Agent: t.Agent, Provider: t.Provider, Permission: t.Permission, Model: t.Model, Mode: t.Mode, Check: t.Check, Path: t.Path,
		Env: t.Env, Secrets: t.Secrets, CreatedAt: t.CreatedAt,
		Repo: RepoRecord{
			ID: repo.ID, Name: repo.Name, Path: repo.Path, GitDir: repo.GitDir, Remote: repo.Remote,
			DefaultBranch: repo.DefaultBranch, Managed: repo.Managed, CreatedAt: repo.CreatedAt,
		},
	})
}

// Task is the task of a record, at no stage of its life yet.
func (r *Record) Task() *Task {
	return &Task{
		ID: r.ID, Workspace: r.Workspace, RepoID: r.Repo.ID, RepoName: r.Repo.Name, Title: r.Title, Slug: r.Slug, Prompt: r.Prompt, Branch: r.Branch,
		Base: r.Base, NamedBase: r.NamedBase, BaseCommit: r.BaseCommit, Parent: r.Parent,
		Agent: r.Agent, Provider: r.Provider, Permission: r.Permission, Model: r.Model, Mode: r.Mode, Check: r.Check, Path: r.Path,
		Env: r.Env, Secrets: r.Secrets, CreatedAt: r.CreatedAt,
	}
}

// Repository is the repo of a record.
func (r *Record) Repository() *Repo {
	return &Repo{
		ID: r.Repo.ID, Workspace: r.Workspace, Name: r.Repo.Name, Path: r.Repo.Path, GitDir: r.Repo.GitDir, Remote: r.Repo.Remote,
		DefaultBranch: r.Repo.DefaultBranch, Managed: r.Repo.Managed, State: api.RepoReady, CreatedAt: r.Repo.CreatedAt,
	}
}
