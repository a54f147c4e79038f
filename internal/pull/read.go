package pull

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// List returns the pull requests that are known of a workspace, or of the repo
// with an id where it is not "": the open ones, or with all also those of tasks
// that ended.
func (s *Service) List(ctx context.Context, workspace, repo string, all bool) (out []api.PullRequest, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		repos, err := tx.Repos(workspace)
		if err != nil {
			return err
		}
		for i := range repos {
			if repo != "" && repos[i].ID != repo {
				continue
			}
			rows, err := tx.PullRequests(repos[i].ID)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if all || !r.Ended() {
					out = append(out, s.fresh(&repos[i], r))
				}
			}
		}
		return nil
	})
	return out, err
}

// OfTask returns what is known of a task's pull request. That there is none is
// api.CodeNotFound.
func (s *Service) OfTask(ctx context.Context, id string) (out api.PullRequest, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		repo, err := tx.Repo(t.RepoID)
		if err != nil {
			return err
		}
		rows, err := tx.PullRequests(t.RepoID)
		if err != nil {
			return err
		}
		best := task.BestPull(rows, id)
		if best == nil {
			return &api.Error{
				Code: api.CodeNotFound, Message: fmt.Sprintf("task %s has no pull request", id),
				Hint: fmt.Sprintf("`hf pr create %s` makes one", id),
			}
		}
		out = s.fresh(repo, *best)
		return nil
	})
	return out, err
}

// fresh says of an open pull request that it was seen when its repo was looked
// at last.
func (s *Service) fresh(repo *task.Repo, p api.PullRequest) api.PullRequest {
	s.mu.Lock()
	seen := s.polls[repo.ID].SeenAt
	s.mu.Unlock()
	p.Repo = repo.Name
	if seen != nil && !p.Ended() && seen.After(p.ObservedAt) {
		p.ObservedAt = *seen
	}
	return p
}

// LookAt is OfTask after a look at the forge.
func (s *Service) LookAt(ctx context.Context, id string, env api.Env) (out api.PullRequest, err error) {
	t, _, err := s.load(ctx, id)
	if err != nil {
		return out, err
	}
	if err := s.lookFor(ctx, t.RepoID, env); err != nil {
		return out, err
	}
	return s.OfTask(ctx, id)
}

func (s *Service) load(ctx context.Context, id string) (t *task.Task, repo *task.Repo, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if t, err = tx.Task(id); err != nil {
			return err
		}
		repo, err = tx.Repo(t.RepoID)
		return err
	})
	return t, repo, err
}

// Comments returns what people wrote about a task's pull request, as it is at
// the forge now.
func (s *Service) Comments(ctx context.Context, id string, env api.Env) (out api.Conversation, err error) {
	p, err := s.OfTask(ctx, id)
	if err != nil {
		return out, err
	}
	_, repo, err := s.load(ctx, id)
	if err != nil {
		return out, err
	}
	place, client, err := s.Reach(ctx, repo, env)
	if err != nil {
		return out, err
	}
	c, err := client.Conversation(ctx, place.At, p.Number)
	if err != nil {
		return out, err
	}
	out.PullRequest, out.More = p.PullRequestSummary, c.More
	for _, t := range c.Threads {
		out.Threads = append(out.Threads, api.PullThread{
			ID: t.ID, Path: t.Path, Line: t.Line, Resolved: t.Resolved, Outdated: t.Outdated, URL: t.URL, Comments: comments(t.Comments),
		})
	}
	out.Reviews, out.Comments = comments(c.Reviews), comments(c.Comments)
	return out, nil
}

func comments(list []forge.Comment) []api.PullComment {
	out := make([]api.PullComment, 0, len(list))
	for _, c := range list {
		out = append(out, api.PullComment{ID: c.ID, Author: c.Author, Body: c.Body, URL: c.URL, At: c.At.UTC()})
	}
	return out
}

// Reach returns where the pull requests of a repo are, and who speaks to the
// forge there for a caller.
func (s *Service) Reach(ctx context.Context, repo *task.Repo, env api.Env) (Place, forge.Client, error) {
	p, ok, err := Find(ctx, s.cfg.Git, s.cfg.Clients.IsForge, repo)
	if err != nil {
		return Place{}, nil, err
	}
	if !ok {
		return Place{}, nil, NoForge()
	}
	client, err := s.cfg.Clients.Client(ctx, p.At.Host, env)
	return p, client, err
}
