package change

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// Submission says where pull requests of a repo are made, and for whom. Its token
// goes nowhere else.
type Submission struct {
	URL, APIURL string
	Token       string
}

// submitted is the outcome of a branch that was pushed with a pull request.
const submitted stack.Outcome = "submitted"

// runSubmit pushes branches and makes or updates their pull requests, the lowest
// first. What is as it should be on the remote is found so, and not done again.
func (s *Service) runSubmit(ctx context.Context, run *operation.Run) error {
	d, err := s.drive(ctx, run)
	if err != nil {
		return err
	}
	defer d.close()
	row, err := d.row(ctx)
	if err != nil {
		return err
	}
	if row.State != ActionRunning {
		return row.Progress.err()
	}
	err = d.submit(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return d.finish(ctx, api.StackSubmit, err)
}

func (d *driver) submit(ctx context.Context) error {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return err
	}
	names, err := submitScope(forest, d.args)
	if err != nil {
		return err
	}
	where, err := d.s.cfg.Submission(ctx, d.repo, d.env)
	if err != nil {
		return err
	}
	if err := d.signIn(ctx); err != nil {
		return err
	}
	if err := d.submitAll(ctx, forest, names, where); err != nil || d.args.DryRun {
		return err
	}
	return d.submitAgain(ctx, names, where)
}

// submitAll submits branches, one after another.
func (d *driver) submitAll(ctx context.Context, forest stack.Forest, names []string, where Submission) error {
	leases := map[string]Lease{}
	req := d.submission(where, names, leases, "submits")
	req.Draft, req.DryRun = d.args.Draft, d.args.DryRun
	req.Done = func(ctx context.Context, sub stack.Submitted) error {
		return d.submitted(ctx, forest, sub, leases[sub.Branch])
	}
	_, err := d.s.cfg.Stacks.Submit(ctx, d.in, req)
	if err == nil {
		d.run.Progress(count(len(names), "branch", "branches"))
	}
	return err
}

// submitAgain goes once more over the branches below the last one that got a pull
// request: theirs list the stack, and were made when the ones above had none. What
// goes wrong there is said, and is no failure: every branch is submitted.
func (d *driver) submitAgain(ctx context.Context, names []string, where Submission) error {
	row, err := d.row(ctx)
	if err != nil {
		return err
	}
	last := -1
	for _, sub := range row.Progress.Submitted {
		if sub.Did == "created" {
			last = max(last, slices.Index(names, sub.Branch))
		}
	}
	if last < 1 {
		return nil
	}
	leases := map[string]Lease{}
	req := d.submission(where, names[:last], leases, "lists the whole stack with")
	req.UpdateOnly = true
	req.Done = func(ctx context.Context, sub stack.Submitted) error {
		if sub.Commit == "" {
			return nil
		}
		l := leases[sub.Branch]
		l.Commit = sub.Commit
		return d.s.NotePushed(ctx, d.repo, l)
	}
	_, err = d.s.cfg.Stacks.Submit(ctx, d.in, req)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	said := count(len(names), "branch", "branches")
	if err != nil {
		said += fmt.Sprintf("; the lower pull requests do not list the whole stack yet: %v", err)
	}
	d.run.Progress(said)
	return nil
}

// submission is what is asked of the engine for branches.
func (d *driver) submission(where Submission, names []string, leases map[string]Lease, doing string) stack.SubmitRequest {
	return stack.SubmitRequest{
		Branches: names, URL: where.URL, APIURL: where.APIURL, Token: where.Token,
		Lease: func(ctx context.Context, branch, _, name string) (string, error) {
			d.run.Progress(fmt.Sprintf("%s %s, %d of %d", doing, branch, len(leases)+1, len(names)))
			tip, _, err := d.s.cfg.Git.Branch(ctx, d.in.Repo, branch)
			if err != nil {
				return "", err
			}
			l, err := d.s.Lease(ctx, d.repo, name, tip, d.env)
			leases[branch] = l
			return l.Expected, err
		},
	}
}

// submitScope lists the branches that are meant, the lowest first.
func submitScope(f stack.Forest, args actionArgs) ([]string, error) {
	if _, ok := f.Branches[args.Branch]; !ok {
		return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("branch %q is in no stack", args.Branch), Hint: fmt.Sprintf("`hf stack track %s` makes it part of one", args.Branch)}
	}
	switch args.Scope {
	case api.ScopeOnly:
		return []string{args.Branch}, nil
	case api.ScopeUpstack:
		return f.Above(args.Branch), nil
	case api.ScopeStack:
		return append(f.Path(args.Branch), f.Above(args.Branch)[1:]...), nil
	default: // a pull request needs those below it
		return f.Path(args.Branch), nil
	}
}

// submitted notes what came of a branch.
func (d *driver) submitted(ctx context.Context, forest stack.Forest, sub stack.Submitted, l Lease) error {
	r := stack.Result{Branch: sub.Branch, Base: forest.Branches[sub.Branch].Base, Outcome: submitted, Error: sub.Error}
	if sub.Error != nil {
		r.Outcome = stack.Failed
	}
	d.results = append(d.results, r)
	if d.args.DryRun {
		return d.note(ctx, func(p *Progress) { p.Submitted = append(p.Submitted, sub) })
	}
	if sub.Commit != "" {
		l.Commit = sub.Commit
		if err := d.s.NotePushed(ctx, d.repo, l); err != nil {
			return err
		}
	}
	return d.note(ctx, func(p *Progress) { p.Submitted = append(p.Submitted, sub) })
}

// signIn gives git a way into the remote for the caller.
func (d *driver) signIn(ctx context.Context) error {
	via, err := d.s.via(ctx, d.repo, d.env)
	if api.IsCode(err, api.CodeNotFound) {
		return nil // it has none
	}
	d.in.Login = via.Login
	return err
}

// submittedRow is what came of a branch that was submitted.
func submittedRow(row *api.StackResult, all []stack.Submitted) {
	for _, sub := range all {
		if sub.Branch != row.Branch || sub.Error != nil {
			continue
		}
		row.Detail, row.PullRequest, row.After = sub.Did, sub.URL, sub.Commit
		if sub.Number > 0 {
			row.Detail = fmt.Sprintf("#%d %s", sub.Number, sub.Did)
		}
	}
}
