package tui

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// did checks what hf was run with.
func did(t *testing.T, a *app, want ...string) {
	t.Helper()
	ran := a.deps.Program.(*tuitest.Programs)
	if !slices.Equal(ran.Ran, want) {
		t.Errorf("ran\n%s\nwant\n%s", strings.Join(ran.Ran, "\n"), strings.Join(want, "\n"))
	}
	ran.Ran = nil
}

// asked checks what hfd was asked for since the last time.
func asked(t *testing.T, c *tuitest.Client, want ...string) {
	t.Helper()
	if got := c.Called(); !slices.Equal(got, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c.Set(func(c *tuitest.Client) { c.Calls = nil })
}

// What is wrong with a pull request is seen and handed to the agent from the
// view of it.
func TestChecks(t *testing.T) {
	c := &tuitest.Client{Pulls: map[string]api.PullRequest{"docs4": {
		PullRequestSummary: api.PullRequestSummary{Number: 14, State: api.PullRequestOpen, URL: "https://example.invalid/14"}, Title: "Docs",
		CheckRuns: []api.CheckRun{{Name: "spelling", State: api.ChecksFail}},
	}}}
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("G", "alt+4")
	drv.Until("✗ spelling")
	drv.Until("fix ci")
	drv.Press("f", "F", "enter")
	did(t, a, "hf fix --ci docs4", "hf fix --reviews docs4", "browse https://example.invalid/14")
	drv.Press("esc", "g", "j", "alt+4")
	drv.Until("no pull request yet")
	drv.Until("P create")
}

// onBranch is a branch of a tree, which is a task's where its name begins with
// feat/.
func onBranch(depth int, name, base string) api.StackBranch {
	b := api.StackBranch{Depth: depth, Branch: api.Branch{Name: name, Base: base}}
	b.Task, _ = strings.CutPrefix(name, "feat/")
	if b.Task == name {
		b.Task = ""
	}
	return b
}

// history is what was done to the stacks of two repos.
func history(t *testing.T) []api.HistoryEntry {
	t.Helper()
	var out []api.HistoryEntry
	for i, e := range []struct {
		kind     api.EventKind
		repo, op string
		outcome  api.StackOutcome
		text     string
	}{
		{api.EventStackDone, "r1", "o1", api.OutcomeMoved, "lone4 moved onto side3"},
		{api.EventStackDone, "r1", "o2", api.OutcomeFolded, "top2 folded"},
		{api.EventStackUndone, "r1", "o2", api.OutcomeRestored, "undo: top2 restored"},
		{api.EventStackDone, "r1", "o3", api.OutcomeUpToDate, "nothing to do"},
		{api.EventStackDone, "r2", "o4", api.OutcomeMoved, "of another repo"},
	} {
		data, err := json.Marshal(api.StackEvent{Repo: e.repo, Operation: e.op, Report: api.StackReport{Branches: []api.StackResult{{Branch: "b", Outcome: e.outcome}}}})
		if err != nil {
			t.Fatal(err)
		}
		at := tuitest.Now().Add(time.Duration(i-60) * time.Minute)
		out = append(out, api.HistoryEntry{Event: api.Event{Seq: int64(i + 1), Time: at, Kind: e.kind, Data: data}, Text: e.text})
	}
	return out
}

// What is done with stacks is for the branch under the cursor, and asks before
// something is lost.
func TestStack(t *testing.T) {
	c := stackedRepo(t)
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("G", "alt+3")
	drv.Until("by-hand")
	drv.Press("o", "k", "u", ".", "*", "y", "S", "-")
	asked(t, c, "stack restack_subtree docs4 stack", "stack restack_subtree test3 upstack", "stack rebase_branch test3", "stack restack_repo repo=web",
		"stack sync_repo repo=web", "stack submit test3", "stack untrack test3")

	drv.Press("O")
	drv.Until("another branch")
	if s := drv.Screen(); strings.Contains(s[strings.Index(s, "─ onto"):], "feat/docs4  ") || !strings.Contains(s, "feat/form2 (it stands there)") {
		t.Errorf("it can be moved onto what stands on it, or where it stands:\n%s", s)
	}
	drv.Type("main")
	drv.Press("enter", "O")
	drv.Until("another branch")
	drv.Type("another")
	drv.Press("enter")
	drv.Type("k3f9")
	drv.Press("enter")
	asked(t, c, "stack reparent_branch test3 onto=main", "stack reparent_branch test3 onto=k3f9")

	drv.Press("F")
	drv.Until("go to feat/form2")
	drv.Press("esc", "F", "y", "<")
	drv.Until("resolved in its worktree so far is lost")
	drv.Press("y", ">", "f", "U")
	drv.Until("lone4 moved onto side3")
	drv.Press("y", "G", "o", "+")
	drv.Until("no commit moves")
	drv.Press("enter")
	asked(t, c, "stack fold test3", "stack abort test3", "stack continue test3", "stack resolve test3", "stack undo repo=web",
		"stack restack_subtree by-hand repo=web stack", "stack track by-hand repo=web")

	drv.Press("g", "enter")
	if got := a.deps.Store.Selected().ID; got != "form2" || a.focused().Title() != "Conversation" {
		t.Errorf("%s of %s is looked at", a.focused().Title(), got)
	}
}

// A conflict of another task of the repo is what the keys are for.
func TestStoppedOnAConflict(t *testing.T) {
	c := &tuitest.Client{Stacks: api.Stack{Repo: "web", Trunk: "main", Branches: []api.StackBranch{onBranch(0, "feat/form2", "main"), onBranch(1, "feat/test3", "feat/form2")}}}
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	u := tuitest.Snapshot()
	u.Tasks[2].Rebase = &api.StoppedRebase{Base: "feat/form2", Files: []string{"form.go"}}
	drv.Send(u)
	drv.Press("G", "k", "k", "alt+3")
	drv.Until("feat/test3 onto feat/form2 stopped on form.go")
	drv.Press(">", "f")
	asked(t, c, "stack continue test3", "stack resolve test3")
}

// The cursor of the tree goes to a task that the list does not show, too.
func TestStackShowsWhatTheFilterHides(t *testing.T) {
	c := &tuitest.Client{Stacks: api.Stack{Repo: "web", Trunk: "main", Branches: []api.StackBranch{onBranch(0, "feat/form2", "main"), onBranch(1, "feat/test3", "feat/form2")}}}
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("/")
	drv.Type("browser")
	drv.Press("enter", "alt+3")
	drv.Until("feat/form2")
	drv.Press("k")
	if got := a.deps.Store.Selected().ID; got != "form2" {
		t.Errorf("%s is selected", got)
	}
}

// happens is what hfd tells of an operation.
func happens(t *testing.T, drv *tuitest.Driver, kind api.EventKind, data any) {
	t.Helper()
	b, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	drv.Send(model.Update{Events: []api.Event{{Kind: kind, Data: b}}, Conn: model.Connection{Up: true}})
}

// ends has the operation end that was begun.
func ends(t *testing.T, c *tuitest.Client, drv *tuitest.Driver, d api.OperationDetail) {
	t.Helper()
	d.ID = "op"
	c.Set(func(c *tuitest.Client) { c.Ops = map[string]api.OperationDetail{"op": d} })
	happens(t, drv, api.EventOperationDone, api.Operation{ID: "op", State: d.State})
}

// A pull request is seen before it is made, what is changed of it stays, and it
// is told how it goes.
func TestMakingAPullRequest(t *testing.T) {
	c := choices()
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("P")
	drv.Until("main from feat/auth1, 3 commits")
	drv.Type(" and keys")
	drv.Press("tab", " ", "ctrl+e", "esc", "P")
	drv.Until("Log people in with passkeys and keys")
	drv.Until("[ ] ready for review")
	drv.Until("edited")
	c.Set(func(c *tuitest.Client) {
		c.Err = &api.Error{Code: api.CodeUnauthorized, Message: "nobody is signed in", Hint: "hf auth login"}
	})
	drv.Press("enter")
	drv.Until("nobody is signed in. hf auth login")
	c.Set(func(c *tuitest.Client) { c.Err = nil })
	drv.Press("enter")
	drv.Until("pull request of Log people in")
	called := c.Called()
	want := "pull auth1 title=Log people in with passkeys and keys draft=false body=" + c.Plans["auth1"].Body + "\nedited"
	if called[len(called)-1] != want {
		t.Errorf("asked %q, want %q", called, want)
	}
	happens(t, drv, api.EventStepStarted, api.StepEvent{Operation: "op", Step: "push", Detail: "to origin"})
	drv.Until("passkeys: push to origin")
	ends(t, c, drv, api.OperationDetail{Operation: api.Operation{State: api.OperationDone, Steps: []api.Step{{Name: "pull_request", Detail: "#15 made: https://example.invalid/15"}}}})
	drv.Until("passkeys: #15 made: https://example.invalid/15")
	if strings.Contains(drv.Screen(), "at work") {
		t.Errorf("the dialog is still there:\n%s", drv.Screen())
	}

	drv.Press("P")
	drv.Until("not ready for review yet") // nothing is left of what was typed
	if strings.Contains(drv.Screen(), "edited") {
		t.Error("the text is that of the one that was made")
	}
}

// One that is there already is pushed, and may become ready.
func TestThePullRequestIsThere(t *testing.T) {
	c := choices()
	c.Plans["auth1"] = api.PullPlan{Existing: &api.PullRequestSummary{Number: 9, State: api.PullRequestDraft, Draft: true, URL: "https://example.invalid/9"}}
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("P")
	drv.Until("is there already")
	drv.Type("xy")
	drv.Press("tab", " ", "enter")
	if got := c.Called(); !slices.Equal(got, []string{"pull auth1 title= draft=false body=as planned"}) {
		t.Errorf("asked %q", got)
	}
	drv.Press("esc")
	c.Set(func(c *tuitest.Client) {
		c.PullErr = &api.Error{Code: api.CodeNotFound, Message: "the repo has no remote"}
	})
	drv.Press("P")
	drv.Until("the repo has no remote")
	drv.Press("enter", "esc")
	if len(c.Called()) != 1 {
		t.Errorf("asked %q", c.Called())
	}
}

// How it is merged is chosen, and what comes of it is told, whenever that is.
func TestMerging(t *testing.T) {
	c := choices()
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("ctrl+y")
	drv.Until("the branch is merged here")
	drv.Press("a", "s", "s", "r", "k", "y") // what has no pull request cannot be merged by itself
	drv.Until("it goes on")
	drv.Press("y", "esc", "j", "j", "j", "j", "ctrl+y")
	drv.Until("The task on top of it moves")
	drv.Press("a", "w", "enter")
	drv.Until("it goes on")
	want := []string{"merge auth1 method=rebase auto=false keep=true anyway=false", "merge form2 method= auto=true keep=false anyway=true"}
	if got := c.Called(); !slices.Equal(got, want) {
		t.Errorf("asked %q", got)
	}
	// hfd went away meanwhile, and its end was not told.
	c.Set(func(c *tuitest.Client) {
		c.Ops = map[string]api.OperationDetail{"op": {Operation: api.Operation{ID: "op", State: api.OperationFailed, Error: &api.Error{Message: "it is a draft", Hint: "mark it as ready"}}}}
	})
	drv.Send(tuitest.Snapshot())
	drv.Until("it is a draft. mark it as ready")
	if len(a.follows) != 0 || !strings.Contains(drv.Screen(), "[✓] anyway") {
		t.Errorf("%v is followed still, or the dialog is gone:\n%s", a.follows, drv.Screen())
	}
}

func TestDryRun(t *testing.T) {
	c := choices()
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press(":")
	drv.Type("submit: only")
	drv.Press("enter")
	drv.Until("what submit would do")
	ends(t, c, drv, api.OperationDetail{
		Operation: api.Operation{State: api.OperationDone},
		Stack:     &api.StackReport{Branches: []api.StackResult{{Branch: "feat/auth1", Outcome: api.OutcomeSubmitted, Detail: "would-create"}}},
	})
	drv.Until("feat/auth1  would create")
	if got := c.Called(); !slices.Equal(got, []string{"stack submit auth1 dry"}) {
		t.Errorf("asked %q", got)
	}
}

// What came of an action on a stack is told in a line.
func TestOutcomes(t *testing.T) {
	c := &tuitest.Client{}
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	for want, branches := range map[string][]api.StackResult{
		"all is up to date": {{Branch: "a", Outcome: api.OutcomeUpToDate}},
		"b, c restacked; d moved onto main; e not moved: its agent is at work; 1 up to date": {
			{Branch: "a", Outcome: api.OutcomeUpToDate},
			{Branch: "b", Outcome: api.OutcomeRestacked},
			{Branch: "c", Outcome: api.OutcomeRestacked},
			{Branch: "d", Base: "main", Outcome: api.OutcomeMoved},
			{Branch: "e", Outcome: api.OutcomeBusy, Detail: "its agent is at work"},
		},
		"a, b, c and 2 more restored": {
			{Branch: "a", Outcome: api.OutcomeRestored},
			{Branch: "b", Outcome: api.OutcomeRestored},
			{Branch: "c", Outcome: api.OutcomeRestored},
			{Branch: "d", Outcome: api.OutcomeRestored},
			{Branch: "e", Outcome: api.OutcomeRestored},
		},
	} {
		drv.Press("o")
		drv.Until("restack feat/auth1")
		ends(t, c, drv, api.OperationDetail{Operation: api.Operation{State: api.OperationDone}, Stack: &api.StackReport{Branches: branches}})
		drv.Until("restack feat/auth1: " + want)
		c.Set(func(c *tuitest.Client) { c.Ops = nil })
	}
	c.Err = &api.Error{Code: api.CodeConflict, Message: "git-spice is not installed", Hint: "brew install it"}
	drv.Press("o")
	drv.Until("restack feat/auth1: git-spice is not installed. brew install it")
}
