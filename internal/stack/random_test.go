package stack_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/stack"
)

// fleet is a lab in which things happen at random, and what must be true of it.
type fleet struct {
	*lab
	rng     *rand.Rand
	names   []string
	files   map[string][]string // by branch: one for each commit that was made on it
	dirty   map[string]string   // uncommitted text by branch
	commits int
	log     []string
}

func newFleet(t testing.TB, seed uint64) *fleet {
	f := &fleet{lab: newLab(t), rng: rand.New(rand.NewPCG(seed, 1)), files: map[string][]string{}, dirty: map[string]string{}} //nolint:gosec // it is to be repeatable
	for i := range 5 {
		name := "b" + strconv.Itoa(i)
		base := "main"
		if i > 0 && f.rng.IntN(4) > 0 {
			base = f.names[f.rng.IntN(i)]
		}
		f.names = append(f.names, name)
		f.branch(name, base)
		f.files[name] = []string{name + ".txt"}
	}
	free := f.names[f.rng.IntN(len(f.names))]
	f.free(free)
	if f.rng.IntN(2) == 0 {
		f.run("repo", "checkout", "-q", free)
	}
	return f
}

func (f *fleet) say(format string, args ...any) {
	f.log = append(f.log, fmt.Sprintf(format, args...))
}

// where is the worktree that has a branch, "" for none or one in a rebase.
func (f *fleet) where(name string) string {
	for _, rel := range []string{tree(name), "repo"} {
		if at, err := f.try(rel, "symbolic-ref", "-q", "--short", "HEAD"); err == nil && strings.TrimSpace(at) == name {
			return rel
		}
	}
	return ""
}

func (f *fleet) pick() string { return f.names[f.rng.IntN(len(f.names))] }

// act does one thing.
func (f *fleet) act() {
	f.Helper()
	ctx, cancel := f.Context(), func() {}
	if f.rng.IntN(3) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(f.rng.IntN(400))*time.Millisecond)
	}
	defer cancel()
	var attempt *stack.Attempt
	hooks := stack.Hooks{
		Begin: func(_ context.Context, a stack.Attempt) error { attempt = &a; return nil },
		Done:  func(context.Context, stack.Result) error { attempt = nil; return nil },
	}
	on := []stack.OnConflict{stack.Leave, stack.Abort}[f.rng.IntN(2)]
	name := f.pick()
	var err error
	switch f.rng.IntN(7) {
	case 0, 1:
		f.agent(name)
	case 2:
		f.say("restack all, %s", on)
		_, err = f.eng.Restack(ctx, f.in(), stack.RestackRequest{Scope: stack.All, OnConflict: on, Hooks: hooks})
	case 3:
		f.say("restack %s, %s", name, on)
		_, err = f.eng.Restack(ctx, f.in(), stack.RestackRequest{Branch: name, Scope: stack.Whole, OnConflict: on, Hooks: hooks})
	case 4:
		onto := append(slices.Clone(f.names), "main")[f.rng.IntN(len(f.names)+1)]
		f.say("%s onto %s, %s", name, onto, on)
		_, err = f.eng.Reparent(ctx, f.in(), stack.ReparentRequest{Branch: name, Onto: onto, OnConflict: on, Hooks: hooks})
	case 5:
		f.undone(ctx)
	case 6:
		f.resolve()
	}
	f.say("  %v %v", err, ctx.Err())
	if attempt != nil {
		got, err := f.eng.Recover(f.Context(), f.in(), *attempt)
		f.say("  recovered: %s %v", got, err)
		if err != nil {
			f.Errorf("recover: %v", err)
		}
	}
}

// agent commits something, or leaves it uncommitted.
func (f *fleet) agent(name string) {
	rel := f.where(name)
	if rel == "" {
		return
	}
	if _, ok := f.dirty[name]; f.rng.IntN(3) == 0 && !ok && rel != "repo" {
		f.dirty[name] = "uncommitted of " + name
		f.write(rel+"/dirty-"+name, f.dirty[name])
		f.say("%s has something uncommitted", name)
		return
	}
	f.commits++
	file := fmt.Sprintf("c%d", f.commits)
	text := file
	f.files[name] = append(f.files[name], file)
	f.write(rel+"/"+file, text)
	f.run(rel, "add", file)
	if f.rng.IntN(3) == 0 {
		f.write(rel+"/shared", name+strconv.Itoa(f.commits)+"\n")
		f.run(rel, "add", "shared")
	}
	f.run(rel, "commit", "-qm", file)
	f.say("%s commits %s", name, file)
}

// undone restacks and takes that back.
func (f *fleet) undone(ctx context.Context) {
	before := f.places()
	snap := f.snapshot("refs/hf/stack/x")
	rep, err := f.eng.Restack(ctx, f.in(), stack.RestackRequest{Scope: stack.All, OnConflict: stack.Abort})
	f.say("restack all to undo it: %v", err)
	if err != nil {
		return // moves of an action that was cut off are known to whoever records them
	}
	if _, err := f.eng.Undo(f.Context(), f.in(), stack.UndoRequest{Before: snap, Moves: rep.Moves(), After: rep.After, Keep: "refs/hf/stack/y"}); err != nil {
		f.say("  not undone: %v", err)
		f.Errorf("undo: %v", err)
		return
	}
	for name, at := range f.places() {
		if before[name] != at {
			f.Errorf("%s is not where it was before", name)
		}
	}
}

// resolve ends the rebases that wait, one way or the other.
func (f *fleet) resolve() {
	waits, err := f.eng.InProgress(f.Context(), f.repo)
	if err != nil {
		f.Error(err)
	}
	for _, w := range waits {
		rel := strings.TrimPrefix(w.Worktree, f.dir+"/")
		if f.rng.IntN(2) == 0 {
			f.say("abort the rebase of %s", w.Branch)
			if err := f.eng.Abort(f.Context(), f.in(), w.Worktree); err != nil {
				f.Error(err)
			}
			continue
		}
		f.say("resolve the rebase of %s", w.Branch)
		for range 20 {
			if _, err := os.Stat(f.run(rel, "rev-parse", "--git-path", "rebase-merge")); err != nil {
				break
			}
			f.write(rel+"/shared", "resolved "+w.Branch+"\n")
			f.run(rel, "add", "shared")
			_, _ = f.try(rel, "-c", "core.editor=true", "rebase", "--continue")
		}
		kind, base := stack.KindRestack, f.state().Branches[w.Branch].Base
		if base == "" {
			continue
		}
		// As whoever recorded the attempt knows: the base that it went onto.
		for _, name := range append(slices.Clone(f.names), "main") {
			if f.tip(name) == w.Onto && name != base && f.tip(base) != w.Onto {
				kind, base = stack.KindReparent, name
			}
		}
		if slices.Contains(f.state().Above(w.Branch), base) {
			continue
		}
		_, err := f.eng.Continue(f.Context(), f.in(), stack.Attempt{Kind: kind, Branch: w.Branch, Base: base, Worktree: w.Worktree, Commit: w.Commit})
		f.say("  continued: %v", err)
	}
}

// check wants that nothing is lost, and that everybody is where they were.
func (f *fleet) check() {
	f.Helper()
	st := f.state()
	if len(st.Branches) != len(f.names) || len(st.Above("main")) != len(f.names) {
		f.Errorf("git-spice knows %v", st.Branches)
	}
	rebasing := map[string]bool{}
	waits, err := f.eng.InProgress(f.Context(), f.repo)
	if err != nil {
		f.Error(err)
	}
	for _, w := range waits {
		rebasing[w.Branch] = true
	}
	for _, name := range f.names {
		have := strings.Fields(f.run("repo", "ls-tree", "--name-only", name))
		for _, file := range f.files[name] {
			if !slices.Contains(have, file) {
				f.Errorf("%s has lost %s", name, file)
			}
		}
		if n := f.run("repo", "rev-list", "--count", "--merges", name); n != "0" {
			f.Errorf("%s has a merge", name)
		}
		if text, ok := f.dirty[name]; ok && !rebasing[name] {
			if rel := f.where(name); rel == "" || f.read(rel+"/dirty-"+name) != text {
				f.Errorf("%s has lost what was not committed", name)
			}
		}
		if _, err := os.Stat(f.path(tree(name))); err == nil && !rebasing[name] && f.where(name) != tree(name) {
			f.Errorf("%s is not on its branch", tree(name))
		}
	}
	f.tidy()
}

// Whatever happens, cut off or not, no commit is lost and nobody is moved from
// their branch.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	seeds := 1
	if n, err := strconv.Atoi(os.Getenv("HF_STACK_SEEDS")); err == nil {
		seeds = n
	}
	first, _ := strconv.Atoi(os.Getenv("HF_STACK_SEED"))
	for seed := range seeds {
		f := newFleet(t, uint64(first+seed)) //nolint:gosec // it is small
		for range 15 {
			f.act()
			f.check()
			if t.Failed() {
				t.Fatalf("seed %d:\n%s", first+seed, strings.Join(f.log, "\n"))
			}
		}
		// In the end all of it can be brought in order.
		for range 6 {
			waits, err := f.eng.InProgress(t.Context(), f.repo)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range waits {
				if err := f.eng.Abort(t.Context(), f.in(), w.Worktree); err != nil {
					t.Fatal(err)
				}
			}
		}
		f.check()
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", first+seed, strings.Join(f.log, "\n"))
		}
	}
}
