package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

var (
	sequences = flag.Int("sequences", 8, "how many random sequences of stack actions are tried")
	seed      = flag.Uint64("seed", 0, "the first of their seeds; 0 = a new one")
)

// Random sequences of stack actions, hfd killed in the middle of some, lose no
// commit and no work that was not committed; what they leave can be put right.
func TestRandomStackActionsLoseNothing(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	const workers = 2
	var group sync.WaitGroup
	machines := make([]*machine, workers)
	for w := range machines { // in the test's own goroutine: it may end the test
		machines[w] = newMachine(t)
		machines[w].withGitSpice()
	}
	for w, m := range machines {
		group.Go(func() {
			for i := w; i < *sequences && !t.Failed(); i += workers {
				r := &randomStack{machine: m, seed: first + uint64(i)}
				r.rnd = rand.New(rand.NewPCG(r.seed, 1))
				r.run(filepath.Join(m.dir, fmt.Sprintf("r%d", i)))
			}
		})
	}
	group.Wait()
}

// randomStack is one sequence, in a repository of its own.
type randomStack struct {
	*machine
	seed     uint64
	rnd      *rand.Rand
	log      []string          // what was done
	branches []string          // that were made; b0 stands on main
	commits  []string          // the files that tell them: each is added once, and never removed
	loose    map[string]string // files that are in no commit, with their texts
	ok       bool
}

// step notes what is done.
func (r *randomStack) step(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *randomStack) wrong(format string, args ...any) {
	r.ok = false
	r.t.Errorf("-seed %d: %s\nafter:\n  %s", r.seed, fmt.Sprintf(format, args...), strings.Join(r.log, "\n  "))
}

func (r *randomStack) run(dir string) {
	r.machine, r.ok, r.loose = r.within(filepath.Join(dir, "repo")), true, map[string]string{}
	if err := os.MkdirAll(r.repo, 0o755); err != nil {
		r.wrong("%v", err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r.git("init", "-q", "-b", "main")
	r.commit(r.repo)
	r.hf("repo", "add", r.repo)
	for i := range 3 + r.rnd.IntN(2) {
		r.branch(i)
	}
	for range 3 {
		r.something()
		if !r.ok {
			return
		}
	}
	r.settle()
	r.check()
}

// branch makes a branch on one that is there, most of them in a worktree.
func (r *randomStack) branch(i int) {
	base, name := "main", fmt.Sprintf("b%d", i)
	if i > 0 {
		base = r.branches[r.rnd.IntN(len(r.branches))]
	}
	at := r.tree(name)
	r.git("worktree", "add", "-q", "-b", name, at, base)
	r.commit(at)
	if r.rnd.IntN(4) == 0 { // nobody has it checked out
		r.git("worktree", "remove", "--force", at)
	}
	r.branches = append(r.branches, name)
	r.action(0, "stack", "track", name, "--base", base)
}

func (r *randomStack) tree(branch string) string {
	return filepath.Join(filepath.Dir(r.repo), branch)
}

// commit adds a file that nothing else has, and now and then a line to one that
// others have, too: that makes conflicts.
func (r *randomStack) commit(dir string) {
	name := fmt.Sprintf("m%d", len(r.commits))
	m := r.within(dir)
	m.write(name, name+"\n")
	if r.rnd.IntN(3) == 0 {
		m.write("shared", name+"\n")
	}
	m.git("add", "-A")
	m.git("commit", "-q", "-m", name)
	r.commits = append(r.commits, name)
}

// something is what a person or an agent may do next.
func (r *randomStack) something() {
	name := r.branches[r.rnd.IntN(len(r.branches))]
	if at := r.tree(name); r.clean(at) {
		switch r.rnd.IntN(3) {
		case 0:
			r.step("commit on %s", name)
			r.commit(at)
		case 1:
			file, text := filepath.Join(at, "loose-"+name), fmt.Sprint(r.rnd.Uint32())
			r.step("leave %s", file)
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				r.wrong("%v", err)
			}
			r.loose[file] = text
		}
	}
	if r.rnd.IntN(3) == 0 {
		r.step("commit on main")
		r.commit(r.repo)
	}
	other := append(r.branches, "main")[r.rnd.IntN(len(r.branches)+1)]
	kill := time.Duration(0)
	if r.rnd.IntN(2) == 0 {
		kill = time.Duration(1+r.rnd.IntN(400)) * time.Millisecond
	}
	actions := [][]string{
		{"restack", "--all"},
		{"restack", "--all"},
		{"restack", name},
		{"restack", name, "--upstack"},
		{"restack", name, "--only"},
		{"onto", name, other},
		{"onto", name, other},
		{"fold", name},
		{"untrack", name},
		{"track", name, "--base", other},
		{"undo"},
		{"undo"},
		{"abort"},
		{"continue"},
		{"sync"},
	}
	r.action(kill, append([]string{"stack"}, actions[r.rnd.IntN(len(actions))]...)...)
}

// clean reports whether a worktree is there and waits in no rebase.
func (r *randomStack) clean(dir string) bool {
	return exists(dir) && !strings.Contains(r.within(dir).git("status"), "rebase in progress")
}

// action runs hf; hfd is killed so long after it began, unless that is 0. It may
// be refused or stop on a conflict; it may not fail for no reason.
func (r *randomStack) action(kill time.Duration, args ...string) {
	r.step("hf %s, killed after %s", strings.Join(args, " "), kill)
	if kill > 0 {
		pid := r.backend().PID
		stop := time.AfterFunc(kill, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
		defer stop.Stop()
	}
	res := r.try(args...)
	r.step("  exit %d %s", res.code, strings.TrimSpace(res.err))
	if res.code < 0 || strings.Contains(res.err, "internal error") {
		r.wrong("hf %s: exit %d\n%s", strings.Join(args, " "), res.code, res.err)
	}
}

// settle puts back what stopped, and ends when nothing is at work any more.
func (r *randomStack) settle() {
	for range 2 * len(r.branches) {
		r.until("no operation is live", time.Minute, func() bool {
			return len(decode[api.Inspect](r.machine, r.hf("backend", "inspect", "--json")).Operations) == 0
		})
		waiting := false
		for _, name := range r.branches {
			if at := r.tree(name); !exists(at) || r.clean(at) {
				continue
			}
			waiting = true
			res := r.try("stack", "abort", name)
			r.step("hf stack abort %s: exit %d %s", name, res.code, strings.TrimSpace(res.err))
		}
		if !waiting {
			return
		}
	}
}

// check looks whether everything is there that ever was.
func (r *randomStack) check() {
	for _, name := range r.branches {
		if at := r.tree(name); exists(at) && !r.clean(at) {
			r.wrong("%s is left in a rebase", name)
		}
	}
	all := r.git("log", "--all", "--format=%s")
	for _, name := range r.commits {
		if !strings.Contains("\n"+all+"\n", "\n"+name+"\n") {
			r.wrong("commit %s is on no ref", name)
		}
	}
	for file, text := range r.loose {
		if b, err := os.ReadFile(file); err != nil || string(b) != text {
			r.wrong("%s is %q, %v; want %q", file, b, err, text)
		}
	}
	if out := r.git("fsck", "--connectivity-only", "--no-dangling"); out != "" {
		r.wrong("git fsck: %s", out)
	}
	if res := r.try("stack", "--json"); res.code != 0 {
		r.wrong("hf stack: exit %d %s", res.code, res.err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
