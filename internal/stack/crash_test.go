package stack_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
)

// slow makes merges of the file shared wait: each says so in the file started,
// with the process group it is in, and goes on when there is a file go. The
// driver is the user's own, so that hf runs it, too.
func (m *lab) slow() {
	m.Helper()
	m.script("slow", `ps -o pgid= -p $$ >`+m.path("started.new")+` && mv `+m.path("started.new")+` `+m.path("started")+`
while [ ! -e `+m.path("go")+` ]; do sleep 0.02; done
git merge-file "$1" "$2" "$3"`)
	m.run(".", "config", "--global", "merge.slow.driver", m.path("slow")+" %A %O %B")
	m.run(".", "config", "--global", "core.attributesFile", m.path("attributes"))
	m.write("attributes", "shared merge=slow\n")
	// What git hands to a driver stays where both are killed.
	m.run(".", "config", "--global", "core.excludesFile", m.path("excludes"))
	m.write("excludes", ".merge_file_*\n")
}

// until waits for something; a test that waits too long hangs.
func (m *lab) until(what string, ok func() bool) {
	m.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.Fatalf("waited a minute: %s", what)
		}
	}
}

func (m *lab) exists(rel string) bool {
	_, err := os.Stat(m.path(rel))
	return err == nil
}

// childVariable makes the test binary a process that restacks and can be killed.
const childVariable = "HF_STACK_CHILD"

// child is what such a process works on.
type child struct {
	Dir string
	Env []string
	Req stack.RestackRequest
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		restackAsChild(text)
		return
	}
	os.Exit(m.Run())
}

func restackAsChild(text string) {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	g := git.New(git.Options{Env: c.Env, Views: c.Dir + "/views-child"})
	eng := stack.New(stack.Options{Git: g, Scratch: c.Dir + "/scratch"})
	repo, err := g.Open(ctx, c.Dir+"/repo")
	if err != nil {
		panic(err)
	}
	c.Req.Begin = func(_ context.Context, a stack.Attempt) error {
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		return os.WriteFile(c.Dir+"/attempt", b, 0o600)
	}
	_, _ = eng.Restack(ctx, stack.In{Repo: repo, Env: c.Env}, c.Req)
}

// killed restacks in another process and kills that in the middle of a merge,
// as a daemon is killed. What it had started goes on.
func (m *lab) killed(req stack.RestackRequest) (a stack.Attempt, group int) {
	m.Helper()
	text, err := json.Marshal(child{Dir: m.dir, Env: m.env, Req: req})
	if err != nil {
		m.Fatal(err)
	}
	cmd := exec.CommandContext(m.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	if err := cmd.Start(); err != nil {
		m.Fatal(err)
	}
	m.until("the merge begins", func() bool { return m.exists("started") })
	if err := cmd.Process.Kill(); err != nil {
		m.Fatal(err)
	}
	_ = cmd.Wait()
	if err := json.Unmarshal([]byte(m.read("attempt")), &a); err != nil {
		m.Fatal(err)
	}
	group, err = strconv.Atoi(strings.TrimSpace(m.read("started")))
	if err != nil {
		m.Fatal(err)
	}
	return a, group
}

// mergeable gives two branches changes of the same file that fit each other.
func (m *lab) mergeable(below, branch string) {
	m.Helper()
	m.commit(tree(branch), "shared", "one\ntwo\nthree\nfour\n")
	m.commit(tree(below), "shared", "zero\none\ntwo\nthree\n")
}

// The daemon is killed, git-spice is not: who comes next waits for it, and finds
// the branch restacked.
func TestScenario13KilledAndFinished(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.mergeable("a", "b")
	m.write("wt-b/notes", "dirty\n")
	m.slow()
	a, _ := m.killed(stack.RestackRequest{Scope: stack.All, OnConflict: stack.Leave})
	var got stack.Recovered
	var err error
	var wait sync.WaitGroup
	wait.Go(func() { got, err = m.eng.Recover(t.Context(), m.in(), a) })
	m.write("go", "")
	wait.Wait()
	if err != nil || got != stack.Finished || a.Branch != "b" {
		t.Fatalf("%s of %+v, %v", got, a, err)
	}
	m.stands("b")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c restacked")
	m.stands("a", "b", "c")
	if m.read("wt-b/notes") != "dirty\n" || m.read("wt-b/shared") != "zero\none\ntwo\nthree\nfour\n" {
		t.Error("the worktree of b is not as it should be")
	}
}

// Everything is killed: the branch and its worktree are put back.
func TestScenario13AllKilled(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.mergeable("a", "b")
	m.commit("wt-b", "late", "late\n")
	m.commit("wt-a", "early", "early\n")
	m.restackOnly("c")
	m.write("wt-b/notes", "dirty\n")
	before := m.tip("b")
	m.slow()
	a, group := m.killed(stack.RestackRequest{Scope: stack.All, OnConflict: stack.Leave})
	if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// It had begun to write what it had not noted yet.
	m.write("wt-b/late", "la")
	got, err := m.eng.Recover(t.Context(), m.in(), a)
	if err != nil || got != stack.PutBack {
		t.Fatalf("%s, %v", got, err)
	}
	if m.tip("b") != before || m.read("wt-b/notes") != "dirty\n" || m.run("wt-b", "status", "--porcelain") != " M notes" {
		t.Errorf("not as it was:\n%s", m.run("wt-b", "status"))
	}
	if got, err := m.eng.Recover(t.Context(), m.in(), a); err != nil || got != stack.Nothing {
		t.Errorf("a second time: %s, %v", got, err)
	}
	m.write("go", "")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
	m.stands("a", "b", "c")
	m.tidy()
}

// restackOnly puts one branch onto its base.
func (m *lab) restackOnly(name string) {
	m.Helper()
	m.restack(stack.RestackRequest{Branch: name, Scope: stack.Only}, name+" restacked")
}

// The same for a branch that is rebased aside.
func TestScenario13AllKilledAside(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.mergeable("a", "b")
	m.free("b")
	m.run("repo", "checkout", "-q", "b")
	before := m.tip("b")
	m.slow()
	a, group := m.killed(stack.RestackRequest{Scope: stack.All, OnConflict: stack.Leave})
	if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !a.Scratch {
		t.Errorf("%+v", a)
	}
	got, err := m.eng.Recover(t.Context(), m.in(), a)
	if err != nil || got != stack.Nothing || m.tip("b") != before {
		t.Fatalf("%s, %v", got, err)
	}
	m.clean("repo")
	m.tidy()
	m.write("go", "")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
	m.stands("a", "b", "c")
	m.clean("repo")
	m.tidy()
}

// A rebase that had stopped on a conflict is left to whoever is at it, and put
// back when it was not to be left.
func TestScenario13KilledAtConflict(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.conflict("a", "b")
	before := m.tip("b")
	var a stack.Attempt
	hooks := stack.Hooks{Begin: func(_ context.Context, begun stack.Attempt) error { a = begun; return nil }}
	m.restack(stack.RestackRequest{Hooks: hooks}, "a up_to_date", "b conflict")
	m.write("wt-b/shared", "half resolved\n")
	if got, err := m.eng.Recover(t.Context(), m.in(), a); err != nil || got != stack.Waiting || m.read("wt-b/shared") != "half resolved\n" {
		t.Errorf("%s, %v", got, err)
	}
	a.OnConflict = stack.Abort
	if got, err := m.eng.Recover(t.Context(), m.in(), a); err != nil || got != stack.PutBack || m.tip("b") != before {
		t.Errorf("%s, %v", got, err)
	}
	m.clean("wt-b")
}

// A time limit ends git-spice with the git that it runs, and puts all back.
func TestScenario13TimeLimit(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.mergeable("a", "b")
	m.write("wt-b/notes", "dirty\n")
	before := m.tip("b")
	m.slow()
	eng := stack.New(stack.Options{Git: m.git, Scratch: m.path("scratch"), Limits: stack.Limits{Restack: 3 * time.Second}})
	rep, err := eng.Restack(t.Context(), m.in(), stack.RestackRequest{Scope: stack.All, OnConflict: stack.Leave})
	if err != nil {
		t.Fatal(err)
	}
	m.wants(rep, "a up_to_date", "b failed", "c blocked")
	if m.tip("b") != before || m.read("wt-b/notes") != "dirty\n" || m.run("wt-b", "status", "--porcelain") != " M notes" {
		t.Errorf("not as it was:\n%s", m.run("wt-b", "status"))
	}
	m.write("go", "")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
}

// The action is cancelled in the middle of a merge.
func TestScenario13Cancelled(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.mergeable("a", "b")
	before := m.tip("b")
	m.slow()
	ctx, cancel := context.WithCancel(t.Context())
	var err error
	var wait sync.WaitGroup
	wait.Go(func() {
		_, err = m.eng.Restack(ctx, m.in(), stack.RestackRequest{Scope: stack.All, OnConflict: stack.Leave})
	})
	m.until("the merge begins", func() bool { return m.exists("started") })
	cancel()
	wait.Wait()
	if err == nil || m.tip("b") != before {
		t.Errorf("%v", err)
	}
	m.clean("wt-b")
	if waits, err := m.eng.InProgress(t.Context(), m.repo); err != nil || len(waits) > 0 {
		t.Errorf("%+v, %v", waits, err)
	}
}

// Two daemons, and somebody who runs git-spice by hand meanwhile.
func TestScenario13Concurrent(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	names := []string{"a", "b", "c", "d"}
	m.stack(names...)
	other := git.New(git.Options{Env: m.env, Views: m.path("views-other")})
	engines := []*stack.Engine{m.eng, stack.New(stack.Options{Git: other, Scratch: m.path("scratch")})}
	for round := range 3 {
		m.commit("repo", "trunk", strconv.Itoa(round))
		var wait sync.WaitGroup
		for _, eng := range engines {
			wait.Go(func() {
				if _, err := eng.Restack(t.Context(), m.in(), stack.RestackRequest{Scope: stack.All, OnConflict: stack.Abort}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Go(func() {
			for range 3 {
				m.spice("repo", "log", "short", "--all", "--json", "--no-cr-status")
			}
		})
		wait.Wait()
		m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c up_to_date", "d up_to_date")
		m.stands(names...)
		m.clean("wt-a", "wt-b", "wt-c", "wt-d")
	}
	m.tidy()
}

// Many at once: none is lost to a race for git-spice's data.
func TestScenario13ManyAtOnce(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	var names []string
	for i := range 8 {
		names = append(names, "b"+strconv.Itoa(i))
		m.run("repo", "branch", names[i])
	}
	var wait sync.WaitGroup
	for _, name := range names {
		wait.Go(func() {
			if err := m.eng.Track(t.Context(), m.in(), name, "main"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if f := m.state(); len(f.Branches) != len(names) {
		t.Errorf("%d of %d are tracked", len(f.Branches), len(names))
	}
	// A lock that a killed git left is no obstacle.
	m.write("repo/.git/refs/spice/data.lock", "")
	if err := m.eng.Untrack(t.Context(), m.in(), "b0"); err != nil {
		t.Error(err)
	}
}

// What had come to its very end when the daemon died is found done.
func TestScenario13DoneBefore(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	before := m.tip("refs/spice/data")
	var moved []stack.Move
	hooks := stack.Hooks{Move: func(_ context.Context, mv stack.Move) error { moved = append(moved, mv); return nil }}
	from, to := m.tip("a"), m.tip("b")
	for range 2 {
		if _, err := m.eng.Fold(t.Context(), m.in(), stack.FoldRequest{Branch: "b", Before: before, Hooks: hooks}); err != nil {
			t.Fatal(err)
		}
	}
	if len(moved) != 1 || moved[0] != (stack.Move{Branch: "a", From: from, To: to}) {
		t.Errorf("%+v", moved)
	}
	m.free("c")
	before = m.tip("refs/spice/data")
	for range 2 {
		if _, err := m.eng.Delete(t.Context(), m.in(), stack.DeleteRequest{Branch: "c", Force: true, Before: before}); err != nil {
			t.Fatal(err)
		}
	}
}

// Somebody has committed to a branch since the daemon died: that is no rebase.
func TestScenario13CommittedSince(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	a := stack.Attempt{
		Kind: stack.KindReparent, Branch: "b", Base: "main", Worktree: m.path("wt-b"), Commit: m.tip("b"), State: m.tip("refs/spice/data"), OnConflict: stack.Abort,
	}
	m.commit("wt-b", "late", "late\n")
	if got, err := m.eng.Recover(t.Context(), m.in(), a); err != nil || got != stack.Nothing || m.state().Branches["b"].Base != "a" {
		t.Errorf("%s, %v", got, err)
	}
	m.reparent(stack.ReparentRequest{Branch: "b", Onto: "main"}, "b restacked")
	m.read("wt-b/late")
	if _, err := os.Stat(m.path("wt-b/a.txt")); err == nil {
		t.Error("b still has the commits of a")
	}
}

// A clone that hf made has a main worktree without files.
func TestSyncOfBareClone(t *testing.T) {
	t.Parallel()
	m := newRemoteLab(t)
	m.run(".", "clone", "-q", "--no-checkout", "origin.git", "ours")
	var err error
	if m.repo, err = m.git.Open(t.Context(), m.path("ours")); err != nil {
		t.Fatal(err)
	}
	if err := m.eng.Init(t.Context(), m.in(), "main", "origin"); err != nil {
		t.Fatal(err)
	}
	m.run("ours", "worktree", "add", "-q", "-b", "a", m.path("wt-a"), "main")
	m.commit("wt-a", "a.txt", "a\n")
	m.track("a", "main")
	at := m.upstream("trunk", "more\n")
	m.syncs(stack.SyncRequest{}, "a restacked")
	if m.run("ours", "rev-parse", "main") != at || m.read("wt-a/trunk") != "more\n" {
		t.Error("trunk did not move")
	}
}
