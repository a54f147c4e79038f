package server

import (
	"context"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Pulls knows the pull requests.
type Pulls interface {
	// Polls says how looking at the pull requests of each repo goes.
	Polls() []api.ForgePoll
	// List returns those that are known of a workspace, or of one repo of it: the
	// open ones, or with all those of tasks that ended, too.
	List(ctx context.Context, workspace, repo string, all bool) ([]api.PullRequest, error)
	OfTask(ctx context.Context, task string) (api.PullRequest, error)
	// LookAt is OfTask after a look at the forge.
	LookAt(ctx context.Context, task string, env api.Env) (api.PullRequest, error)
	Comments(ctx context.Context, task string, env api.Env) (api.Conversation, error)
}

// PullMaker makes pull requests of tasks' branches.
type PullMaker interface {
	StartPull(ctx context.Context, request, task string, in api.CreatePull) (task.Receipt, error)
	PlanPull(ctx context.Context, task string, in api.CreatePull) (api.PullPlan, error)
}

func (s *server) planPull(r *request) (api.PullPlan, error) {
	in, err := body[api.CreatePull](r)
	if err != nil {
		return api.PullPlan{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.PullPlan{}, err
	}
	return s.cfg.PullMaker.PlanPull(r.Context(), id, in)
}

func (s *server) pulls(r *request) (api.PullRequestList, error) {
	workspace, err := r.workspace("")
	if err != nil {
		return api.PullRequestList{}, err
	}
	all, err := r.flag(api.QueryAll)
	if err != nil {
		return api.PullRequestList{}, err
	}
	repo := r.URL.Query().Get(api.QueryRepo)
	if repo != "" {
		if repo, err = s.repoID(r.Context(), workspace, repo); err != nil {
			return api.PullRequestList{}, err
		}
	}
	list, err := s.cfg.Pulls.List(r.Context(), workspace, repo, all)
	return api.PullRequestList{Schema: api.Schema, Pulls: some(list)}, err
}

func (s *server) pull(r *request) (api.PullRequest, error) {
	id, err := r.task()
	if err != nil {
		return api.PullRequest{}, err
	}
	return s.cfg.Pulls.OfTask(r.Context(), id)
}

func (s *server) lookAtPull(r *request) (api.PullRequest, error) {
	in, err := body[api.LookAtPull](r)
	if err != nil {
		return api.PullRequest{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.PullRequest{}, err
	}
	return s.cfg.Pulls.LookAt(r.Context(), id, in.Env)
}

func (s *server) comments(r *request) (api.Conversation, error) {
	in, err := body[api.ReadComments](r)
	if err != nil {
		return api.Conversation{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.Conversation{}, err
	}
	out, err := s.cfg.Pulls.Comments(r.Context(), id, in.Env)
	out.Schema, out.Threads = api.Schema, some(out.Threads)
	out.Reviews, out.Comments = some(out.Reviews), some(out.Comments)
	return out, err
}
