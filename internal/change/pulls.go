package change

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/pull"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Pulls knows the pull requests, and how to reach the forge they are on.
type Pulls interface {
	// Reach returns where a repo's pull requests are, and who speaks to the forge
	// there for a caller.
	Reach(ctx context.Context, repo *task.Repo, env api.Env) (pull.Place, forge.Client, error)
	// Note takes what was just seen at the forge, so that it is shown at once.
	Note(ctx context.Context, repo string, p pull.Place, pulls ...forge.PullRequest) error
	// LookAt returns a task's pull request after a look at the forge.
	LookAt(ctx context.Context, task string, env api.Env) (api.PullRequest, error)
	// Nudge has a repo looked at soon.
	Nudge(repo string)
}

// KindPull pushes a task's branch and makes its pull request. It is stored, as
// is the name of its last step.
const (
	KindPull = "pull_request"
	StepPull = "pull_request"
)

// newPull is the arguments of making a pull request.
type newPull struct {
	about
	api.CreatePull
}

func (s *Service) pullPlan() operation.Plan[Tx] {
	return operation.Plan[Tx]{Kind: KindPull, Changed: s.ended, Steps: []operation.Definition{
		{Name: StepLease, Run: s.runLease},
		{Name: StepPush, Run: s.runPush},
		{Name: StepPull, Run: s.runPull},
	}}
}

// StartPull begins to push a task's branch and make its pull request.
func (s *Service) StartPull(ctx context.Context, request, id string, in api.CreatePull) (task.Receipt, error) {
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return task.Receipt{}, err
	}
	// What cannot be is said at once, before anything is pushed.
	if t.Lifecycle == api.LifecycleKilled {
		return task.Receipt{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("task %s is killed: nothing would follow its pull request", t.ID),
			Hint: fmt.Sprintf("`hf restore %s` brings it back", t.ID),
		}
	}
	place, client, err := s.cfg.Pulls.Reach(ctx, repo, in.Env)
	if err != nil {
		return task.Receipt{}, err
	}
	if _, planErr := s.planPull(ctx, t, repo, place, client, in); planErr != nil {
		if there, err := s.openPull(ctx, t, place, client, in.Env); err != nil || there == nil {
			return task.Receipt{}, planErr
		}
	}
	env := in.Env
	in.Env = nil // it is kept apart: there may be secrets in it
	r, err := s.begin(ctx, request, repo, KindPull, env, newPull{about{id}, in})
	return task.Receipt{Task: *t, Operation: r.Operation, Seq: r.Seq}, err
}

// PlanPull says which pull request StartPull would make.
func (s *Service) PlanPull(ctx context.Context, id string, in api.CreatePull) (api.PullPlan, error) {
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return api.PullPlan{}, err
	}
	place, client, err := s.cfg.Pulls.Reach(ctx, repo, in.Env)
	if err != nil {
		return api.PullPlan{}, err
	}
	p, err := s.planPull(ctx, t, repo, place, client, in)
	if err != nil {
		return p, err
	}
	p.Existing, err = s.openPull(ctx, t, place, client, in.Env)
	return p, err
}

func (s *Service) planPull(ctx context.Context, t *task.Task, repo *task.Repo, place pull.Place, client forge.Client, in api.CreatePull) (p api.PullPlan, err error) {
	p = api.PullPlan{Schema: api.Schema, Head: place.Head(t.Branch), Base: in.Base, Draft: s.cfg.Draft()}
	if in.Draft != nil {
		p.Draft = *in.Draft
	}
	if p.Base == "" {
		if p.Base, err = s.pullBase(ctx, t); err != nil {
			return p, err
		}
	}
	if p.Base == "" {
		info, err := client.Repository(ctx, place.At)
		if err != nil {
			return p, err
		}
		p.Base = info.DefaultBranch
	}
	if p.Base == t.Branch {
		return p, &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%s cannot be its own base", t.Branch), Hint: "--base names another branch",
		}
	}
	base, err := s.cfg.Git.StartPoint(ctx, gitOf(repo), p.Base, true)
	if err != nil {
		return p, err
	}
	commits, err := s.cfg.Git.Commits(ctx, gitOf(repo), base, "refs/heads/"+t.Branch, maxCommits)
	if err != nil {
		return p, err
	}
	if p.Commits = len(commits); p.Commits == 0 {
		return p, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s has no commit that %s has not", t.Branch, p.Base),
			Hint: fmt.Sprintf("`hf diff %s` shows what is there and may wait to be committed", t.ID),
		}
	}
	if p.Title = in.Title; p.Title == "" {
		p.Title = title(t, commits, in.Fill)
	}
	if in.Body != nil {
		p.Body = *in.Body
	} else {
		template, err := s.template(ctx, gitOf(repo), base, in.Template)
		if err != nil {
			return p, err
		}
		p.Body = withTemplate(template, summary(commits))
	}
	p.URL = compareURL(place, p)
	return p, nil
}

// compareURL is where a person makes a pull request in a browser.
func compareURL(place pull.Place, p api.PullPlan) string {
	q := url.Values{"quick_pull": {"1"}, "title": {p.Title}, "body": {p.Body}}
	return fmt.Sprintf("%s/compare/%s...%s?%s", place.At.URL(), url.PathEscape(p.Base), url.PathEscape(p.Head), q.Encode())
}

// pullBase is the branch that a task's branch stands on: that of the task below
// it in the stack or, when that is merged, what that stood on.
func (s *Service) pullBase(ctx context.Context, t *task.Task) (base string, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		base = t.Base
		seen := []string{t.ID}
		for next := t.Parent; next != "" && !slices.Contains(seen, next); {
			parent, err := tx.Task(next)
			if err != nil {
				return err
			}
			seen = append(seen, next)
			p, ok := parent.Pull.Get()
			if !ok || p.State != api.PullRequestMerged {
				base = parent.Branch
				return nil
			}
			base, next = parent.Base, parent.Parent
		}
		return nil
	})
	return base, err
}

// openPull finds the open pull request of a task's branch, nil for none.
func (s *Service) openPull(ctx context.Context, t *task.Task, place pull.Place, client forge.Client, env api.Env) (*api.PullRequestSummary, error) {
	if place.Head(t.Branch) != t.Branch { // a forge does not tell those of a fork by their branch
		p, err := s.cfg.Pulls.LookAt(ctx, t.ID, env)
		switch {
		case api.IsCode(err, api.CodeNotFound), err == nil && p.Ended():
			return nil, nil
		case err != nil:
			return nil, err
		}
		return &p.PullRequestSummary, nil
	}
	pulls, err := client.PullRequestsOf(ctx, place.At, t.Branch)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(pulls, func(p forge.PullRequest) bool { return p.State == api.PullRequestOpen })
	if i < 0 {
		return nil, nil
	}
	p := pulls[i]
	return &api.PullRequestSummary{
		Number: p.Number, URL: p.URL, State: p.Shown(), Draft: p.Draft, Checks: p.Checks.State, Review: p.Review.Decision,
	}, s.cfg.Pulls.Note(ctx, t.RepoID, place, p)
}

// runPull makes the pull request, unless there is one: another made it, or an hfd
// that died before it could note that.
func (s *Service) runPull(ctx context.Context, run *operation.Run) error {
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	args, err := argsOf[newPull](run.Op)
	if err != nil {
		return err
	}
	place, client, err := s.cfg.Pulls.Reach(ctx, repo, env)
	if err != nil {
		return err
	}
	word := "is there already"
	there, err := s.openPull(ctx, t, place, client, env)
	if err == nil && there == nil {
		word = "made"
		there, err = s.makePull(ctx, t, repo, place, client, args.CreatePull, env)
	}
	if api.IsCode(err, api.CodeExists) {
		word = "is there already"
		there, err = s.openPull(ctx, t, place, client, env)
	}
	if err != nil {
		return err
	}
	if there == nil {
		return errors.New("the forge says that there is a pull request, and shows none")
	}
	if want := args.Draft; want != nil && *want != there.Draft && word != "made" {
		if err := client.SetDraft(ctx, place.At, there.Number, *want); err != nil {
			return err
		}
		word = map[bool]string{true: "is a draft now", false: "is ready for review now"}[*want]
	}
	s.cfg.Pulls.Nudge(repo.ID)
	run.SetResult(there.Number)
	run.Progress(fmt.Sprintf("#%d %s: %s", there.Number, word, there.URL))
	return nil
}

func (s *Service) makePull(ctx context.Context, t *task.Task, repo *task.Repo, place pull.Place, client forge.Client, in api.CreatePull, env api.Env) (*api.PullRequestSummary, error) {
	p, err := s.planPull(ctx, t, repo, place, client, in)
	if err != nil {
		return nil, err
	}
	if err := s.baseIsThere(ctx, repo, place, p.Base, env); err != nil {
		return nil, err
	}
	made, err := client.CreatePullRequest(ctx, place.At, forge.NewPullRequest{
		Title: p.Title, Body: p.Body, Head: p.Head, Base: p.Base, Draft: p.Draft,
	})
	if err != nil {
		return nil, err
	}
	return &api.PullRequestSummary{Number: made.Number, URL: made.URL}, s.cfg.Pulls.Note(ctx, repo.ID, place, made)
}

// baseIsThere makes sure that the forge has the branch that a pull request is to
// go to: that of the task below it may not be pushed yet.
func (s *Service) baseIsThere(ctx context.Context, repo *task.Repo, place pull.Place, base string, env api.Env) error {
	if place.Head(base) != base {
		return nil // another repository has it, and its forge says so
	}
	via, err := s.via(ctx, repo, env)
	if err != nil {
		return err
	}
	_, there, err := s.cfg.Git.RemoteBranch(ctx, gitOf(repo), via, base)
	if err != nil || there {
		return err
	}
	e := &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("its base %s is not on %s yet", base, via.Remote),
		Hint: fmt.Sprintf("git -C %s push %s %s, or --base names another", repo.Path, via.Remote, base),
	}
	if below, err := s.taskOf(ctx, repo, base); err == nil && below != nil {
		e.Hint = fmt.Sprintf("`hf pr create %s` first, or `hf stack submit` for all of the stack", below.ID)
	}
	return e
}
