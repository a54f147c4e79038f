package stack

import (
	"bytes"
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// What the arguments of each command ask for.
func TestActions(t *testing.T) {
	yes := true
	for args, want := range map[string]api.StackAction{
		"restack":                      {Action: api.StackRestackSubtree, Task: api.TaskOfCwd, Scope: api.ScopeStack},
		"restack k3f9 --upstack --now": {Action: api.StackRestackSubtree, Task: "k3f9", Scope: api.ScopeUpstack, Now: true},
		"restack - --only":             {Action: api.StackRebaseBranch, Task: api.TaskLast},
		"restack --all -R web":         {Action: api.StackRestackRepo, Repo: "web"},
		"onto k3f9 -":                  {Action: api.StackReparentBranch, Task: "k3f9", Onto: api.TaskLast},
		"sync":                         {Action: api.StackSyncRepo},
		"track feat/x --base k3f9":     {Action: api.StackTrack, Task: "feat/x", Onto: "k3f9"},
		"untrack .":                    {Action: api.StackUntrack, Task: api.TaskOfCwd},
		"submit --draft --stack -n":    {Action: api.StackSubmit, Task: api.TaskOfCwd, Scope: api.ScopeStack, Draft: &yes, DryRun: true},
		"fold k3f9":                    {Action: api.StackFold, Task: "k3f9"},
		"continue":                     {Action: api.StackContinue},
		"abort k3f9":                   {Action: api.StackAbort, Task: "k3f9"},
		"resolve k3f9 -m both":         {Action: api.StackResolve, Task: "k3f9", Message: "both"},
		"undo":                         {Action: api.StackUndo},
	} {
		t.Run(args, func(t *testing.T) {
			got, err := parse(t, args)
			if err != nil {
				t.Fatal(err)
			}
			if got.Draft != nil && want.Draft != nil && *got.Draft == *want.Draft {
				got.Draft, want.Draft = nil, nil
			}
			if got.Action != want.Action || got.Task != want.Task || got.Onto != want.Onto || got.Scope != want.Scope || got.Now != want.Now ||
				got.Draft != want.Draft || got.DryRun != want.DryRun || got.Message != want.Message || got.Repo != want.Repo {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	for _, args := range []string{"restack --all k3f9", "restack --upstack --only", "submit --stack --upstack", "onto k3f9", "fold", "resolve", "sync now", "undo k3f9"} {
		if _, err := parse(t, args); exitcode.For(err) != exitcode.Usage {
			t.Errorf("hf stack %s: %v, want a usage error", args, err)
		}
	}
}

// parse runs a command up to what it would ask for.
func parse(t *testing.T, args string) (got api.StackAction, err error) {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	f := factory.New(io, nil)
	run := func(_ context.Context, opts *options) error {
		got = opts.action
		return nil
	}
	cmd := newTree(f, run)
	for _, build := range []func(*factory.Factory, runFunc) *cobra.Command{
		newRestack, newOnto, newSync, newSubmit, newTrack, newUntrack, newFold, newContinue, newAbort, newResolve, newUndo,
	} {
		cmd.AddCommand(build(f, run))
	}
	err = clitest.Run(t, cmd, strings.Fields(args)...)
	return got, err
}

// daemon answers as hfd would.
type daemon struct {
	tree   api.Stack
	detail api.OperationDetail
	events []api.Event
}

func (d *daemon) Stack(context.Context, client.StackFilter) (api.Stack, error) { return d.tree, nil }

func (d *daemon) StackAction(context.Context, api.StackAction) (api.ChangeAccepted, error) {
	return api.ChangeAccepted{Operation: api.Operation{ID: "op", Repo: "r"}, Seq: 1}, nil
}

func (d *daemon) Operation(context.Context, string) (api.OperationDetail, error) {
	return d.detail, nil
}

func (d *daemon) Events(_ context.Context, f client.EventFilter) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		for _, e := range d.events {
			if f.Task != "" || !yield(e, nil) {
				return
			}
		}
	}
}

func optionsFor(d *daemon) (*options, *bytes.Buffer, *bytes.Buffer) {
	io, _, out, errOut := iostreams.Test()
	return &options{io: io, client: func() (stacker, error) { return d, nil }, env: clitest.Env}, out, errOut
}

func TestTreeIsDrawn(t *testing.T) {
	stale, ahead, behind := true, 2, 1
	branch := func(name, base string, depth int) api.StackBranch {
		return api.StackBranch{Depth: depth, Branch: api.Branch{Name: name, Base: base}}
	}
	d := &daemon{tree: api.Stack{Repo: "app", Trunk: "main", Branches: []api.StackBranch{
		branch("a", "main", 0), branch("b", "a", 1), branch("c", "b", 2), branch("d", "a", 1), branch("e", "main", 0), branch("x", "develop", 0),
	}}}
	b := &d.tree.Branches[1]
	b.Task, b.Status, b.Reason, b.Ahead, b.Behind, b.NeedsRestack, b.Current = "k3f9", api.StatusIdle, "check failed (exit 1)", &ahead, &behind, &stale, true
	b.PullRequest = api.Some(api.PullRequestSummary{Number: 7, State: api.PullRequestOpen, Checks: api.ChecksFail})
	opts, out, errOut := optionsFor(d)
	opts.environ = []string{"PATH=" + t.TempDir()}
	if err := runTree(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(errOut.String(), "git-spice, which moves branches, is not installed: https://") {
		t.Errorf("without git-spice it says %q", errOut)
	}
	for _, want := range []string{
		"\nmain\n├─ a", "\n│  ├─ b ◀", "\n│  │  └─ c", "\n│  └─ d", "\n└─ e", "\ndevelop\n└─ x",
		"k3f9  idle (check failed (exit 1))  ↑2 ↓1    needs restack  #7 open  fail",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestTreeDoesNotMissAGitSpiceThatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "git-spice")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, environ := range [][]string{{"PATH=" + filepath.Dir(path)}, {"HF_GIT_SPICE_BIN=" + path, "PATH=/nowhere"}} {
		opts, _, errOut := optionsFor(&daemon{tree: api.Stack{Repo: "app", Trunk: "main"}})
		opts.environ = environ
		if err := runTree(t.Context(), opts); err != nil || strings.Contains(errOut.String(), "installed") {
			t.Errorf("%q: %v, %q", environ, err, errOut)
		}
	}
}

func TestReportHasALineForEachBranch(t *testing.T) {
	stopped := &api.Error{Code: api.CodeMergeStopped, Message: "c stopped"}
	d := &daemon{
		events: []api.Event{clitest.Event(2, api.EventOperationFailed, api.Operation{ID: "op", State: api.OperationFailed, Error: stopped})},
		detail: api.OperationDetail{Stack: &api.StackReport{
			GitSpice: &api.GitSpice{Path: "/bin/git-spice", Version: "v0.26.0", Hint: "an old one"},
			Branches: []api.StackResult{
				{Branch: "a", Outcome: api.OutcomeUpToDate},
				{Branch: "b", Base: "a", Outcome: api.OutcomeRestacked, Before: "1111111111", After: "2222222222"},
				{Branch: "c", Outcome: api.OutcomeConflict, Files: []string{"x", "y\x1b[2J"}},
				{Branch: "d", Outcome: api.OutcomeBlocked, Detail: "c below it is not done"},
			},
			Notes: []string{"something"},
		}},
	}
	opts, out, errOut := optionsFor(d)
	opts.verbose = true
	if err := act(t.Context(), opts); exitcode.For(err) != exitcode.MergeStopped {
		t.Fatalf("it ends with %v", err)
	}
	for _, want := range []string{"·  a  up to date", "✓  b  restacked onto a", "1111111..2222222", "✗  c  conflict in x, y", "!  d  not moved: c below it is not done"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, want := range []string{"git-spice v0.26.0 (/bin/git-spice)", "hint: an old one", "note: something"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("no %q in\n%s", want, errOut)
		}
	}
	if strings.Contains(out.String(), "\x1b[2J") {
		t.Error("the name of a file clears the screen")
	}
}
