package change

import (
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// An action that is gone through again, after a crash or a conflict, keeps where
// each branch came from: that is where undo puts it.
func TestProgressKeepsWhereBranchesWere(t *testing.T) {
	p := Progress{Attempt: &stack.Attempt{Branch: "b", Base: "a", Commit: "b1", Worktree: "/b"}}
	p.add(stack.Result{Kind: stack.KindRestack, Branch: "b", Base: "a", Outcome: stack.Conflict, From: "b1", To: "b1", Left: true, Files: []string{"f"}})
	if len(p.Stopped) != 1 || p.Stopped[0].Worktree != "/b" || p.Attempt != nil || len(p.moves()) != 0 {
		t.Fatalf("after a conflict: %+v", p)
	}
	// Met again by the same action, it is the same conflict.
	p.add(stack.Result{Kind: stack.KindRestack, Branch: "b", Base: "a", Outcome: stack.Conflict, From: "b1", To: "b1", Left: true, Files: []string{"f"}})
	if len(p.Stopped) != 1 {
		t.Fatalf("the conflict is forgotten: %+v", p)
	}
	p.add(stack.Result{Kind: stack.KindRestack, Branch: "b", Base: "a", Outcome: stack.Restacked, From: "b1", To: "b2"})
	p.add(stack.Result{Kind: stack.KindRestack, Branch: "c", Base: "b", Outcome: stack.Restacked, From: "c1", To: "c2"})
	p.add(stack.Result{Kind: stack.KindRestack, Branch: "b", Base: "a", Outcome: stack.UpToDate, From: "b2", To: "b2"})
	p.add(stack.Result{Kind: stack.KindRestack, Branch: "c", Base: "b", Outcome: stack.Restacked, From: "c2", To: "c3"})
	want := []stack.Move{{Branch: "b", From: "b1", To: "b2"}, {Branch: "c", From: "c1", To: "c3"}}
	if got := p.moves(); !slices.Equal(got, want) || len(p.Stopped) != 0 {
		t.Errorf("moves %+v, want %+v; stopped %+v", got, want, p.Stopped)
	}
	if p.Results[0].Outcome != stack.Restacked {
		t.Errorf("b is %s, although it was restacked", p.Results[0].Outcome)
	}
}

// A rebase that a person or an agent is in the middle of is not what hf stack
// continue goes on with, and is not said to be.
func TestRebasesOfOthersAreNoConflictsOfHf(t *testing.T) {
	at := func(branch string) stack.Attempt { return stack.Attempt{Branch: branch} }
	p := Progress{Stopped: []stack.Attempt{at("own")}}
	for _, b := range []string{"own", "earlier", "theirs"} {
		p.add(stack.Result{Kind: stack.KindRestack, Branch: b, Base: "main", Outcome: stack.Conflict, Left: true, Worktree: "/" + b})
	}
	p.leaveToOthers([]Action{{Progress: Progress{Stopped: []stack.Attempt{at("earlier")}}}})
	for _, r := range p.Results[:2] {
		if r.Outcome != stack.Conflict || !r.Left {
			t.Errorf("%s is %s, although hf stopped there", r.Branch, r.Outcome)
		}
	}
	r := p.Results[2]
	if r.Outcome != stack.Dirty || r.Left || r.Error == nil || r.Error.Code != api.CodeConflict || r.Error.Hint == "" || !strings.Contains(r.Error.Message, "/theirs") {
		t.Errorf("%+v", r)
	}
}

// Each branch comes behind the one it stands on, however they are given, and each
// comes once, also where they stand in a circle.
func TestTree(t *testing.T) {
	var in []api.StackBranch
	for _, b := range [][2]string{{"c", "b"}, {"x", "y"}, {"y", "x"}, {"b", "a"}, {"d", "a"}, {"a", "main"}, {"z", "develop"}} {
		in = append(in, api.StackBranch{Branch: api.Branch{Name: b[0], Base: b[1]}})
	}
	var got []string
	depth := map[string]int{}
	for _, b := range tree("main", in) {
		got = append(got, b.Name)
		depth[b.Name] = b.Depth
	}
	if want := []string{"a", "b", "c", "d", "z", "x", "y"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if depth["a"] != 0 || depth["c"] != 2 || depth["d"] != 1 || depth["z"] != 0 {
		t.Errorf("depths %v", depth)
	}
}
