package change

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// The signatures of rows that no agent was asked about.
const (
	allWell = "all is well" // what was wrong is so no more: the next time is the first
	gaveUp  = "hf waits: "  // followed by what a person is waited for
)

// Follow does what follows from an event by itself: it has agents mend what is
// wrong, where the configuration wants that. It may be called any number of
// times with the same event.
func (s *Service) Follow(ctx context.Context, e api.Event) error {
	switch e.Kind { //nolint:exhaustive // nothing follows from the others
	case api.EventPullRequestChanged:
		var p api.PullRequestEvent
		if err := json.Unmarshal(e.Data, &p); err != nil || e.Task == "" {
			return err
		}
		if p.Now.Ended() {
			return s.PullEnded(ctx, e.Task, p)
		}
		return s.followPull(ctx, e, p)
	case api.EventBranchesChanged:
		var b api.BranchesEvent
		if err := json.Unmarshal(e.Data, &b); err != nil {
			return err
		}
		return s.followBranches(ctx, e, b)
	case api.EventTurnEnded:
		return s.pushMended(ctx, e)
	}
	return nil
}

// followPull has what is wrong with a pull request be mended.
func (s *Service) followPull(ctx context.Context, e api.Event, p api.PullRequestEvent) error {
	for _, kind := range s.cfg.Settings().AutoFix {
		var wrong, well bool
		switch kind {
		case api.FixCI:
			wrong, well = p.Now.Checks == api.ChecksFail, p.Now.Checks == api.ChecksPass
		case api.FixReviews:
			asked := p.Now.Review == api.ReviewChangesRequested
			wrong = p.Threads > p.ThreadsWere || asked && (p.Was == nil || p.Was.Review != p.Now.Review)
			well = p.Threads == 0 && !asked
		case api.FixConflicts:
			wrong = p.Conflicts
		}
		if err := s.followTrouble(ctx, e, e.Task, kind, p.Head, wrong, well); err != nil {
			return err
		}
	}
	return nil
}

// followBranches has conflicts with what branches are to be merged into be
// mended.
func (s *Service) followBranches(ctx context.Context, e api.Event, b api.BranchesEvent) error {
	if !slices.Contains(s.cfg.Settings().AutoFix, api.FixConflicts) {
		return nil
	}
	var tasks map[string]*task.Task
	var repo *task.Repo
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		if tasks, err = branchTasks(tx, b.Repo); err != nil {
			return err
		}
		repo, err = tx.Repo(b.Repo)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range b.Branches {
		t := tasks[name]
		if t == nil || t.Conflicts == nil {
			continue
		}
		wrong := slices.ContainsFunc(t.Conflicts, func(c api.Conflict) bool { return c.Task == "" && (c.With == t.Base || c.With == repo.DefaultBranch) })
		if err := s.followTrouble(ctx, e, t.ID, api.FixConflicts, "", wrong, !wrong); err != nil {
			return err
		}
	}
	return nil
}

// followTrouble begins to have something be mended, or notes that it is well
// again. What an agent was asked about already is left alone without a further
// look.
func (s *Service) followTrouble(ctx context.Context, e api.Event, id string, kind api.FixKind, head string, wrong, well bool) error {
	if !wrong && !well {
		return nil
	}
	var known bool
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		rows, err := fixesOf(tx, id, kind)
		if err != nil {
			return err
		}
		if well && len(rows) > 0 && rows[len(rows)-1].Signature != allWell {
			return tx.PutFix(&Fix{Task: id, Kind: kind, Signature: allWell, CreatedAt: s.cfg.Now()})
		}
		known = kind == api.FixCI && slices.ContainsFunc(rows, func(f Fix) bool { return strings.HasPrefix(f.Signature, head+" ") })
		return nil
	})
	if err != nil || !wrong || known {
		return err
	}
	t, repo, err := s.ofTask(ctx, id)
	if err != nil || t.Lifecycle != api.LifecycleReady {
		return err
	}
	_, err = s.begin(ctx, fmt.Sprintf("auto-fix-%d-%s-%s", e.Seq, id, kind), repo, KindFix, nil, fixArgs{Task: id, Kinds: []api.FixKind{kind}, Auto: true})
	return err
}

// fixesOf are the rows of a kind, oldest first.
func fixesOf(tx Tx, id string, kind api.FixKind) ([]Fix, error) {
	rows, err := tx.Fixes(id)
	return slices.DeleteFunc(rows, func(f Fix) bool { return f.Kind != kind }), err
}

// mayAsk decides whether hf asks an agent by itself, and for the how manieth time
// in a row: for each trouble once, and only so often. Then a person is waited
// for, which is said once.
func (s *Service) mayAsk(ctx context.Context, run *operation.Run, found []trouble) (round int, ok bool, err error) {
	tr, rounds := &found[0], s.cfg.Settings().FixRounds
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		rows, err := fixesOf(tx, tr.Task, tr.Kind)
		if err != nil {
			return err
		}
		for _, f := range rows {
			if f.Signature == tr.Signature || strings.HasPrefix(f.Signature, tr.Of+" ") {
				// Unless it is this very operation that noted it, before hfd died.
				m, err := tx.Message(f.Message)
				if err == nil && m != nil && strings.Contains(m.Text, run.Op.ID) {
					round, ok = f.Round, true
					return nil
				}
				run.Progress("its agent was asked already")
				return nil
			}
		}
		if n := len(rows); n > 0 && strings.HasPrefix(rows[n-1].Signature, gaveUp) {
			run.Progress("a person is waited for")
			return nil
		}
		round = 1
		if n := len(rows); n > 0 && rows[n-1].Auto {
			round = rows[n-1].Round + 1
		}
		if ok = round <= rounds; ok {
			return nil
		}
		return s.giveUp(tx, run, tr, rounds)
	})
	return round, ok, err
}

// giveUp notes that a person is waited for, and shows it on the task.
func (s *Service) giveUp(tx Tx, run *operation.Run, tr *trouble, rounds int) error {
	t, err := tx.Task(tr.Task)
	if err != nil {
		return err
	}
	what := map[api.FixKind]string{api.FixCI: "checks still fail", api.FixReviews: "reviewers still want changes", api.FixConflicts: "it still conflicts"}[tr.Kind]
	why := fmt.Sprintf("%s after %s: waits for you", what, count(rounds, "round", "rounds"))
	run.Progress(why)
	if err := tx.PutFix(&Fix{Task: t.ID, Kind: tr.Kind, Signature: gaveUp + tr.Signature, Round: rounds, CreatedAt: s.cfg.Now()}); err != nil {
		return err
	}
	_, err = tx.Event(api.EventFixGaveUp, t.Workspace, t.ID, api.FixEvent{Kind: tr.Kind, What: tr.What, Round: rounds, Rounds: rounds, Auto: true})
	if err != nil {
		return err
	}
	before := *t
	t.ActivityReason = why // until its agent does something again
	if err := tx.PutTask(t); err != nil {
		return err
	}
	_, err = tx.Event(api.EventTaskChanged, t.Workspace, t.ID, task.Change(&before, t))
	return err
}

// pushMended pushes what an agent mended that hf had asked by itself, so that
// checks run again.
func (s *Service) pushMended(ctx context.Context, e api.Event) error {
	settings := s.cfg.Settings()
	if e.Task == "" || !settings.FixPush || len(settings.AutoFix) == 0 {
		return nil
	}
	var last *Fix
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		rows, err := tx.Fixes(e.Task)
		if err != nil {
			return err
		}
		for i := range rows {
			if rows[i].Auto && rows[i].Message != "" {
				last = &rows[i]
			}
		}
		if last == nil {
			return nil
		}
		m, err := tx.Message(last.Message)
		if err == nil && m.State != api.MessageDone {
			last = nil
		}
		return err
	})
	if err != nil || last == nil {
		return err
	}
	t, repo, err := s.ofTask(ctx, e.Task)
	if err != nil || t.Lifecycle != api.LifecycleReady {
		return err
	}
	pull, has := t.Pull.Get()
	if t.Result == nil || t.Result.StopReason != api.StopEndTurn || !has || pull.Ended() {
		return nil
	}
	_, err = s.begin(ctx, "auto-push-"+last.Message, repo, KindPush, nil, about{Task: t.ID})
	return err
}
