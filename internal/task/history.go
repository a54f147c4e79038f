package task

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// HistoryFilter says which part of the history is wanted. The events that mean
// nothing to a person are in no part of it.
type HistoryFilter struct {
	Workspace string // of which, and what belongs to none
	Task      string // "" = of every task
	Branch    string // of tasks of the workspace with this branch; "" = any
	After     int64  // only later events
	Before    int64  // only earlier events; 0 = no bound
	Limit     int    // at most so many
	Newest    bool   // of more than Limit the newest, else the oldest
}

// HistoryEvent is an event with what words about it need.
type HistoryEvent struct {
	api.Event
	Title   string // of the task
	Branch  string // of the task
	Message string // the beginning of the message it is about
}

// History returns a part of the history, oldest first, and the event up to
// which it was read.
func (s *Service) History(ctx context.Context, f HistoryFilter) (events []HistoryEvent, seq int64, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if seq, err = tx.LastSeq(); err != nil {
			return err
		}
		events, err = tx.History(f)
		return err
	})
	return events, seq, err
}

// Words says in one line what happened.
func (e *HistoryEvent) Words() string {
	switch e.Kind {
	case api.EventTaskCreated:
		return "task created: " + e.Title
	case api.EventTaskRenamed:
		r := data[api.TaskRename](e)
		return fmt.Sprintf("renamed from %q to %q", r.From, r.To)
	case api.EventTaskChanged, api.EventSessionActivity:
		c := data[api.TaskChange](e)
		return "now " + describe(c.Status, c.Reason)
	case api.EventStepStarted, api.EventStepProgress, api.EventStepDone, api.EventStepFailed:
		return e.stepWords()
	case api.EventOperationDone, api.EventOperationFailed:
		return e.operationWords()
	case api.EventSessionStarted:
		return "agent started"
	case api.EventSessionQuiet:
		if data[api.QuietEvent](e).Quiet {
			return "nothing comes from the agent in its turn"
		}
		return "the agent is heard again, or its turn ended"
	case api.EventSessionEnded:
		x := data[api.ExitEvent](e)
		return "agent ended, " + exitText(&x)
	case api.EventMessageState, api.EventTurnStarted:
		return e.messageWords()
	case api.EventTurnEnded:
		r := data[api.TurnResult](e)
		if r.StopReason == api.StopEndTurn {
			return "turn ended"
		}
		return "turn ended: " + join(string(r.StopReason), r.Message)
	case api.EventPermissionAsked, api.EventPermissionResolved:
		return e.permissionWords()
	case api.EventCheckEnded:
		c := data[api.CheckResult](e)
		if c.ExitCode == 0 {
			return "check passed: " + c.Command
		}
		return fmt.Sprintf("check failed (exit %d): %s", c.ExitCode, c.Command)
	case api.EventRepoChanged:
		r := data[api.Repo](e)
		return join("repo "+r.Name+" "+r.State, r.Reason)
	case api.EventWarning:
		return "warning: " + data[api.Error](e).Message
	case api.EventBackendUpgraded:
		u := data[api.BackendUpgrade](e)
		return fmt.Sprintf("hfd upgraded in place to %s (build %d, was %d)", u.Version, u.Build, u.From)
	case api.EventPullRequestChanged:
		return e.pullWords()
	case api.EventStackDone, api.EventStackStopped, api.EventStackUndone:
		return e.stackWords()
	case api.EventPushed, api.EventMerged, api.EventFixSent, api.EventFixGaveUp:
		return e.landingWords()
	case api.EventSnapshot, api.EventBranchesChanged: // no history
	}
	return string(e.Kind)
}

func (e *HistoryEvent) stepWords() string {
	s := data[api.StepEvent](e)
	what := s.Kind + ": step " + s.Step
	switch {
	case e.Kind == api.EventStepDone && s.Detail != "":
		return what + " done: " + s.Detail
	case e.Kind == api.EventStepDone:
		return what + " done"
	case e.Kind == api.EventStepFailed && s.Error != nil:
		return what + " failed: " + s.Error.Message
	case e.Kind == api.EventStepFailed:
		return what + " failed"
	}
	return join(what, s.Detail)
}

func (e *HistoryEvent) operationWords() string {
	op := data[api.Operation](e)
	if e.Kind == api.EventOperationDone {
		return op.Kind + " done"
	}
	what := op.Kind + " " + string(op.State)
	if op.Error != nil {
		what += ": " + op.Error.Message
	}
	return what
}

func (e *HistoryEvent) messageWords() string {
	m := data[api.Message](e)
	first, _, more := strings.Cut(strings.TrimSpace(e.Message), "\n")
	if more {
		first += " …"
	}
	switch {
	case e.Kind == api.EventTurnStarted:
		return join("turn began", first)
	case m.State == api.MessageFailed:
		return join("message failed: "+m.Error, first)
	}
	return join("message "+string(m.State), first)
}

func (e *HistoryEvent) permissionWords() string {
	p := data[api.PermissionRequest](e)
	what := p.Title
	if p.Command != "" && p.Command != p.Title {
		what = join(what, p.Command)
	}
	if p.Kind == api.PermissionKindInput && e.Kind == api.EventPermissionResolved && p.State != api.PermissionCancelled {
		did := map[api.PermissionState]string{api.PermissionAllowed: "answered", api.PermissionDenied: "declined"}[p.State]
		return fmt.Sprintf("%s by you (%s): %s", did, p.ID, what)
	}
	if e.Kind == api.EventPermissionAsked {
		return fmt.Sprintf("agent asks (%s): %s", p.ID, what)
	}
	by := map[api.Resolver]string{
		api.ResolvedByPerson: " by you", api.ResolvedByPolicy: " by the permission policy",
	}[p.ResolvedBy]
	if p.State == api.PermissionCancelled {
		return fmt.Sprintf("no longer asked (%s): %s", p.ID, what)
	}
	return fmt.Sprintf("%s%s (%s): %s", p.State, by, p.ID, what)
}

// data decodes what an event carries. What an older or a younger hfd wrote
// otherwise is left out.
func data[T any](e *HistoryEvent) (v T) {
	if len(e.Data) > 0 {
		_ = json.Unmarshal(e.Data, &v)
	}
	return v
}
