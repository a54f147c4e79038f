// Package pull knows the pull requests of the repositories that hf works in. It
// looks at each repository's by itself, every so often and when something was
// done to them, and projects what it sees: rows of pull requests, what lists
// show of them on their tasks, and events of what changed.
//
// Every repository is a domain of its own: one that cannot be looked at, or not
// before a rate limit is over, holds up no other.
package pull

import (
	"context"
	"log/slog"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Store keeps pull requests.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
}

// Tx is what the service needs of a transaction. A row that does not exist is
// an *api.Error with api.CodeNotFound.
type Tx interface {
	Repos(workspace string) ([]task.Repo, error)
	Repo(id string) (*task.Repo, error)
	Tasks(f task.Filter) ([]task.Task, error)
	Task(id string) (*task.Task, error)
	PutTask(t *task.Task) error

	PullRequests(repo string) ([]api.PullRequest, error)
	ReposWithPulls() (map[string]bool, error)
	PutPullRequest(repo string, p *api.PullRequest) error
	DropPullRequest(repo string, number int) error
	ForgePolls() ([]api.ForgePoll, error)
	PutForgePoll(p *api.ForgePoll) error

	Event(kind api.EventKind, workspace, task string, data any) (int64, error)
}

// Git is what the service needs of git.
type Git interface {
	Remote(ctx context.Context, repo git.Repo) (name, url string, err error)
	Remotes(ctx context.Context, repo git.Repo) (map[string]string, error)
}

// Config is what a Service works with. All fields are required.
type Config struct {
	Store   Store
	Git     Git
	Clients forge.Clients
	Every   func() time.Duration // how often repositories are looked at; 0 = only when asked
	Log     *slog.Logger
	Now     func() time.Time
}

// convert is a pull request as hf keeps it. own is the owner of the repository
// that hf pushes to: heads of others are in forks.
func convert(p *forge.PullRequest, own string, now time.Time) api.PullRequest {
	out := api.PullRequest{
		PullRequestSummary: api.PullRequestSummary{
			Number: p.Number, URL: p.URL, State: p.Shown(), Draft: p.Draft,
			Checks: p.Checks.State, Review: p.Review.Decision, ObservedAt: now,
		},
		Title: p.Title, Author: p.Author, Branch: branchOf(p, own), Head: p.HeadCommit, Base: p.BaseBranch,
		AutoMerge: p.AutoMerge, CheckRuns: []api.CheckRun{}, Reviewers: []api.Reviewer{}, UnresolvedThreads: p.Unresolved,
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(), MergeCommit: p.MergeCommit,
	}
	if !p.MergedAt.IsZero() {
		at := p.MergedAt.UTC()
		out.MergedAt = &at
	}
	if p.Mergeable == forge.MergeableYes || p.Mergeable == forge.MergeableNo {
		can := p.Mergeable == forge.MergeableYes
		out.Mergeable = &can
	}
	for _, c := range p.Checks.Runs {
		out.CheckRuns = append(out.CheckRuns, api.CheckRun{
			Name: c.Name, Workflow: c.Workflow, State: c.State, Result: c.Result, URL: c.URL, Job: c.JobID,
		})
	}
	for _, r := range p.Review.Reviewers {
		out.Reviewers = append(out.Reviewers, api.Reviewer{Login: r.Login, State: r.State})
	}
	return out
}
