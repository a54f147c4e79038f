package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// KindFix has an agent mend what is wrong. It is stored, as are the names of its
// steps.
const KindFix = "fix"

// The steps of a fix.
const (
	StepGather = "gather" // what is wrong, and on whose branch
	StepSend   = "send"
)

// fixArgs is what is asked of a fix.
type fixArgs struct {
	Task  string        `json:"task"`
	Kinds []api.FixKind `json:"kinds,omitempty"` // none = whatever there is
	Auto  bool          `json:"auto,omitempty"`
}

// trouble is what of one kind is wrong on one branch.
type trouble struct {
	Kind      api.FixKind `json:"kind"`
	Task      string      `json:"task"` // whose agent is to mend it
	Branch    string      `json:"branch"`
	What      []string    `json:"what"`      // names, for people
	Signature string      `json:"signature"` // tells it from any other
	Of        string      `json:"of"`        // the part of the signature that may be asked about once by itself
	Text      string      `json:"text"`      // for the agent
}

func (s *Service) fixPlan() operation.Plan[Tx] {
	return operation.Plan[Tx]{Kind: KindFix, Changed: s.ended, Steps: []operation.Definition{
		{Name: StepGather, Run: s.runGather},
		{Name: StepSend, Run: s.runSend},
	}}
}

// StartFix begins to have a task's agent mend what is wrong with its branch, or
// the agent of a task below it in the stack whose branch broke it.
func (s *Service) StartFix(ctx context.Context, request, id string, in api.FixTask) (task.Receipt, error) {
	for _, k := range in.Kinds {
		if !slices.Contains(fixKinds(), k) {
			return task.Receipt{}, invalid("%q is nothing to mend: it is ci, reviews or conflicts", k)
		}
	}
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return task.Receipt{}, err
	}
	r, err := s.begin(ctx, request, repo, KindFix, in.Env, fixArgs{Task: id, Kinds: in.Kinds})
	return task.Receipt{Task: *t, Operation: r.Operation, Seq: r.Seq}, err
}

func fixKinds() []api.FixKind { return []api.FixKind{api.FixCI, api.FixReviews, api.FixConflicts} }

// runGather finds out what is wrong. Of several kinds those are told together
// that the same agent has to mend.
func (s *Service) runGather(ctx context.Context, run *operation.Run) error {
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	args, err := argsOf[fixArgs](run.Op)
	if err != nil {
		return err
	}
	kinds := args.Kinds
	if len(kinds) == 0 {
		kinds = fixKinds()
	}
	layers, err := s.layers(ctx, t, repo)
	if err != nil {
		return err
	}
	g := gathering{s: s, t: t, repo: repo, layers: layers, one: len(args.Kinds) == 1}
	g.forge, err = s.cfg.Forge(ctx, repo, env)
	if unknown := api.IsCode(err, api.CodeUnauthorized) && len(args.Kinds) == 0; err != nil && !unknown {
		return err
	}
	var found []trouble
	for _, kind := range kinds {
		run.Progress("looks for " + string(kind))
		tr, err := g.of(ctx, kind)
		if err != nil {
			return err
		}
		if tr != nil && (len(found) == 0 || tr.Task == found[0].Task) {
			found = append(found, *tr)
		}
	}
	if len(found) == 0 && !args.Auto {
		return g.nothing(kinds)
	}
	run.SetResult(found)
	run.Progress(said(found))
	return nil
}

// said says in short what is to be mended.
func said(found []trouble) string {
	if len(found) == 0 {
		return "nothing is wrong"
	}
	parts := make([]string, 0, len(found))
	for i := range found {
		parts = append(parts, found[i].words())
	}
	return strings.Join(parts, "; ")
}

func (tr *trouble) words() string {
	what := tr.What
	if len(what) > 3 {
		what = append(slices.Clone(what[:3]), fmt.Sprintf("%d more", len(tr.What)-3))
	}
	name := map[api.FixKind]string{api.FixCI: "failing checks", api.FixReviews: "review threads", api.FixConflicts: "conflicts"}[tr.Kind]
	return name + " of " + tr.Branch + ": " + strings.Join(what, ", ")
}

// runSend sends one message, once, and notes what it was about.
func (s *Service) runSend(ctx context.Context, run *operation.Run) error {
	var found []trouble
	if !run.Done(StepGather, &found) || len(found) == 0 {
		return nil
	}
	args, err := argsOf[fixArgs](run.Op)
	if err != nil {
		return err
	}
	round := 0
	if args.Auto {
		var may bool
		if round, may, err = s.mayAsk(ctx, run, found); err != nil || !may {
			return err
		}
	}
	env, err := s.callerEnv(run.Op)
	if err != nil {
		return err
	}
	t, repo, err := s.ofTask(ctx, found[0].Task)
	if err != nil {
		return err
	}
	if t.Lifecycle != api.LifecycleReady {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("task %s, whose branch is to be mended, is %s", t.ID, t.Lifecycle),
			Hint: fmt.Sprintf("`hf restore %s` brings it back", t.ID),
		}
	}
	msg, err := s.cfg.Tasks.Send(ctx, run.Op.ID+"/fix", t.ID, api.SendMessage{Text: fixText(t, found, run.Op.ID), Env: env})
	if err != nil {
		return err
	}
	sent := api.Fixed{Task: t.ID, Branch: t.Branch, Message: msg.ID, Round: round, Kinds: []api.FixKind{}, What: []string{}}
	for i := range found {
		sent.Kinds, sent.What = append(sent.Kinds, found[i].Kind), append(sent.What, found[i].What...)
	}
	if err := s.noteFix(ctx, repo, t, found, msg.ID, round, args.Auto); err != nil {
		return err
	}
	run.SetResult(sent)
	who := "task " + t.ID + " is asked to mend "
	if t.ID != args.Task {
		who = "task " + t.ID + ", whose branch is below, is asked to mend "
	}
	run.Progress(who + said(found))
	return nil
}

// noteFix notes what an agent was asked to mend, and says so in events.
func (s *Service) noteFix(ctx context.Context, repo *task.Repo, t *task.Task, found []trouble, message string, round int, auto bool) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		known, err := tx.Fixes(t.ID)
		if err != nil {
			return err
		}
		for i := range found {
			tr := &found[i]
			if slices.ContainsFunc(known, func(f Fix) bool { return f.Message == message && f.Kind == tr.Kind }) {
				continue // by an hfd that died then
			}
			f := Fix{Task: t.ID, Kind: tr.Kind, Signature: tr.Signature, Round: round, Auto: auto, Message: message, CreatedAt: s.cfg.Now()}
			if err := tx.PutFix(&f); err != nil {
				return err
			}
			_, err := tx.Event(api.EventFixSent, repo.Workspace, t.ID, api.FixEvent{
				Kind: tr.Kind, What: tr.What, Round: round, Rounds: s.cfg.Settings().FixRounds, Message: message, Auto: auto,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// layer is a branch of a stack.
type layer struct {
	branch string
	base   string
	task   *task.Task // nil when it is no live task's
}

// layers are the branches of a task's stack, from the one on the trunk up to the
// task's own.
func (s *Service) layers(ctx context.Context, t *task.Task, repo *task.Repo) ([]layer, error) {
	forest, err := s.cfg.Stacks.State(ctx, gitOf(repo))
	if err != nil {
		return nil, err
	}
	var tasks map[string]*task.Task
	err = s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		tasks, err = branchTasks(tx, repo.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	tasks[t.Branch] = t
	var out []layer
	seen := map[string]bool{}
	for branch := t.Branch; branch != "" && !seen[branch]; {
		seen[branch] = true
		of, tracked := tasks[branch], stack.Branch{}
		b, ok := forest.Branches[branch]
		if ok {
			tracked = b
		} else if of != nil {
			tracked.Base = of.Base
		} else {
			break // the trunk, or nobody's
		}
		out = append(out, layer{branch: branch, base: tracked.Base, task: of})
		branch = tracked.Base
	}
	slices.Reverse(out)
	return out, nil
}

// nothing is the error that nothing was found.
func (g *gathering) nothing(kinds []api.FixKind) error {
	if g.pending != nil {
		return g.pending
	}
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, string(k))
	}
	e := &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("nothing is wrong with %s that an agent could mend (%s)", g.t.Branch, strings.Join(names, ", ")),
		Hint: fmt.Sprintf("`hf show %s` shows how it stands", g.t.ID),
	}
	if g.forge == nil && !slices.Equal(kinds, []api.FixKind{api.FixConflicts}) {
		e.Hint = "its repo is on no forge where somebody is signed in, which would know of checks and reviews: hf auth status"
	}
	return e
}

var errNoPull = errors.New("there is no pull request")
