package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hf-dev/hf/internal/picture"
	"github.com/hf-dev/hf/pkg/api"
)

// The tear-down table: every kind of work that a worktree can hold, and every
// way of ending its task. Kinds that can be in one worktree together are.
func TestEverythingComesBackWhateverEndsTheTask(t *testing.T) {
	kinds := map[string]struct {
		make  func(w *workTree)
		repos []string
	}{
		"on its branch": {repos: []string{"nested", "sub"}, make: func(w *workTree) {
			w.submodule()
			w.stash()
			w.changes()
			w.nested()
		}},
		"on a detached HEAD": {make: func(w *workTree) {
			w.git("checkout", "-q", "--detach")
			w.write("README", "on no branch\n")
			w.git("commit", "-qam", "on no branch")
			w.changes()
		}},
		"in a rebase": {make: func(w *workTree) {
			for _, text := range []string{"one", "two"} {
				w.write("README", text+"\n")
				w.git("commit", "-qam", text)
			}
			if _, err := w.run(w.dir, "-c", "sequence.editor=sed -i 1d", "rebase", "-i", "main"); err == nil {
				w.t.Fatal("the rebase did not stop")
			}
			w.write("untracked", "in the middle of it\n")
		}},
	}
	endings := map[string]func(m *machine, id string){
		"archive": func(m *machine, id string) { m.hf("archive", id) },
		"kill":    func(m *machine, id string) { m.hf("kill", "--yes", id) },
		"kill and delete the branch": func(m *machine, id string) {
			branch := m.task(id).Branch
			m.hf("kill", "--yes", "--delete-branch", id)
			if r := m.tryGit("rev-parse", "--verify", "--quiet", "refs/heads/"+branch); r == nil {
				m.t.Errorf("branch %s is still there", branch)
			}
		},
		"prune": func(m *machine, id string) {
			path := m.task(id).Path
			m.hf("prune", "--yes", "--older-than", "0s") // of what is not merged it takes nothing
			if _, err := os.Stat(path); err != nil {
				m.t.Errorf("prune took a live task: %v", err)
			}
			m.hf("archive", id)
			m.hf("prune", "--yes", "--older-than", "0s") // of what is parked, only what is not saved
		},
	}
	m := newMachine(t)
	m.write(".gitignore", ".env\nbuild/\n")
	m.write(".worktreeinclude", ".env\n")
	m.git("add", "-A")
	m.git("commit", "-qm", "ignore")
	outside := filepath.Join(m.dir, "outside")
	for kind, k := range kinds {
		for ending, end := range endings {
			t.Run(kind+"/"+ending, func(t *testing.T) {
				m := *m
				m.t = t
				id := m.create("say: hi")
				w := newWorkTree(&m, m.untilStatus(id, api.StatusIdle).Path, outside)
				k.make(w)
				before := w.picture(k.repos...)
				end(&m, id)
				if _, err := os.Lstat(w.dir); err == nil {
					t.Error("the worktree is still there")
				}
				if list := m.git("worktree", "list", "--porcelain"); strings.Contains(list, id) {
					t.Errorf("git still has the worktree:\n%s", list)
				}
				m.hf("restore", id)
				if after := w.picture(k.repos...); after != before {
					t.Errorf("it came back changed:\n%s", picture.Difference(before, after))
				}
				if b, err := os.ReadFile(filepath.Join(outside, "precious")); err != nil || string(b) != "untouched\n" {
					t.Errorf("the target of a link: %q, %v", b, err)
				}
				// A rebase that came back waits for somebody as before.
				if r := m.try("send", id, "--wait", "say: and on"); r.code != 0 && !strings.Contains(r.err, "a rebase waits in the worktree") {
					t.Errorf("hf send: exit %d\n%s", r.code, r.err)
				}
				if text := m.text(id); !strings.Contains(text, "hi") || !strings.Contains(text, "and on") {
					t.Errorf("the conversation is %q", text)
				}
			})
		}
	}
}

// A process that hf did not start is never ended, and what it writes into a
// worktree that was taken away is not lost.
func TestAProcessInTheWorktreeGoesOnAndLosesNothing(t *testing.T) {
	for ending, c := range map[string]struct{ end, prune []string }{
		"archive": {[]string{"archive"}, []string{"prune", "--yes", "--older-than", "0s"}},
		"kill":    {[]string{"kill", "--yes"}, []string{"prune", "--yes"}}, // it must not take what the killed task is restored from
	} {
		t.Run(ending, func(t *testing.T) {
			m := newMachine(t)
			id := m.create("say: hi")
			path := m.untilStatus(id, api.StatusIdle).Path
			ask, answer := m.shellIn(path)
			ask("echo before > written; echo done")
			answer("done")

			m.hf(append(c.end, id)...)
			if _, err := os.Lstat(path); err == nil {
				t.Error("the worktree is still there")
			}
			ask("echo late > written; echo new > later; echo done") // it is alive, and where it was
			answer("done")
			if out := m.hf(c.prune...); !strings.Contains(out, "in use by sh (pid ") {
				t.Errorf("prune does not name who uses it:\n%s", out)
			}
			m.hf("restore", id)
			for name, want := range map[string]string{"written": "late\n", "later": "new\n"} {
				if b, err := os.ReadFile(filepath.Join(path, name)); err != nil || string(b) != want {
					t.Errorf("%s = %q, %v", name, b, err)
				}
			}
			ask("echo later still > later; echo done")
			answer("done")
			ask("exit")
			answer("")
			m.hf("prune", "--yes", "--older-than", "0s")
			if got := m.git("for-each-ref", "--format=%(refname)", "refs/hf/"); !strings.Contains(got, "-late-") {
				t.Errorf("what was written later is not saved:\n%s", got)
			}
		})
	}
}

// Of a worktree whose directory somebody removed git has the index and HEAD.
func TestArchiveWhereTheSandboxIsGone(t *testing.T) {
	m := newMachine(t)
	id := m.create("write new: staged")
	path := m.untilStatus(id, api.StatusIdle).Path
	w := &workTree{machine: m, dir: path}
	w.git("add", "-A")
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	m.hf("archive", id)
	m.hf("restore", id)
	if got := w.git("status", "--porcelain"); got != "A  new" {
		t.Errorf("status = %q", got)
	}
	// One that git forgot, too, has nothing to park.
	m.git("worktree", "remove", "-f", "-f", path)
	m.refuses(m.try("archive", id), 11, "somebody removed it")
	if _, err := os.Lstat(path); err == nil {
		t.Error("an empty directory is left")
	}
	m.hf("kill", "--yes", id)
}

// Who waits for an answer need not get it to be parked.
func TestArchiveWhileTheAgentAsks(t *testing.T) {
	m := newMachine(t)
	id := m.create("ask: may I?")
	m.untilStatus(id, api.StatusWaiting)
	m.hf("archive", id)
	if got := m.hf("approvals", "--json"); strings.TrimSpace(got) != "[]" {
		t.Errorf("approvals = %s", got)
	}
	m.hf("restore", id)
	m.hf("send", id, "--wait", "say: on")
}

// Two who want the same get it, once.
func TestArchiveAndRestoreAtOnce(t *testing.T) {
	m := newMachine(t)
	id := m.create("write new: x")
	m.untilStatus(id, api.StatusIdle)
	for range 2 {
		for _, verb := range []string{"archive", "restore"} {
			var wg sync.WaitGroup
			var done atomic.Int32
			for range 3 {
				wg.Go(func() {
					if r := m.try(verb, id); r.code == 0 {
						done.Add(1)
					} else if r.code != 11 {
						t.Errorf("%s: exit %d\n%s", verb, r.code, r.err)
					}
				})
			}
			wg.Wait()
			if done.Load() == 0 {
				t.Errorf("nobody could %s", verb)
			}
		}
	}
	if b, err := os.ReadFile(filepath.Join(m.task(id).Path, "new")); err != nil || len(b) == 0 {
		t.Errorf("new = %q, %v", b, err)
	}
}

// shellIn starts a shell in a directory. ask gives it a line, answer waits for
// one of its lines, or for its end.
func (m *machine) shellIn(dir string) (ask func(line string), answer func(want string)) {
	m.t.Helper()
	cmd := exec.Command("/bin/sh")
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH")}
	in, err := cmd.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	ask = func(line string) {
		m.t.Helper()
		if _, err := fmt.Fprintln(in, line); err != nil {
			m.t.Fatalf("the process was ended: %v", err)
		}
	}
	answer = func(want string) {
		m.t.Helper()
		got, err := lines.ReadString('\n')
		if want == "" && err == io.EOF {
			return
		}
		if err != nil || strings.TrimSpace(got) != want {
			m.t.Fatalf("the process said %q, %v; want %q", got, err, want)
		}
	}
	return ask, answer
}

// workTree makes work in a task's worktree.
type workTree struct {
	*machine
	dir, outside string
}

func newWorkTree(m *machine, dir, outside string) *workTree {
	m.t.Helper()
	w := &workTree{machine: m, dir: dir, outside: outside}
	if err := os.MkdirAll(outside, 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "precious"), []byte("untouched\n"), 0o644); err != nil {
		m.t.Fatal(err)
	}
	return w
}

func (w *workTree) run(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, w.env
	out, err := cmd.Output()
	return string(out), err
}

func (w *workTree) git(args ...string) string {
	w.t.Helper()
	return w.gitIn(".", args...)
}

func (w *workTree) gitIn(rel string, args ...string) string {
	w.t.Helper()
	out, err := w.run(filepath.Join(w.dir, rel), args...)
	if err != nil {
		w.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(out)
}

func (w *workTree) write(name, text string) {
	w.t.Helper()
	p := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workTree) picture(repos ...string) string {
	w.t.Helper()
	text, err := picture.Of(w.dir, w.run, repos...)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// changes is everything that can be in any work tree: staged, changed,
// untracked, ignored and listed, odd names and modes, links out of the tree.
func (w *workTree) changes() {
	w.t.Helper()
	w.write("README", "staged\n")
	w.write("staged", "new and staged\n")
	w.git("add", "README", "staged")
	w.write("README", "staged\r\nand changed \xff\n")
	w.write("deep/untracked", "u\n")
	w.write("new\nline \"q\" \xfe", "odd name\n")
	w.write("run.sh", "#!/bin/sh\n")
	w.write(".env", "SECRET=1\n")
	for name, mode := range map[string]os.FileMode{"run.sh": 0o755, ".env": 0o600, "deep": 0o700, ".gitignore": 0o640} {
		if err := os.Chmod(filepath.Join(w.dir, name), mode); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"link": filepath.Join(w.outside, "precious"), "dir-link": w.outside} {
		if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *workTree) stash() {
	w.t.Helper()
	w.write("README", "stashed\n")
	w.git("stash", "-q")
}

func (w *workTree) nested() {
	w.t.Helper()
	w.git("init", "-q", "nested")
	w.write("nested/file", "committed\n")
	w.gitIn("nested", "add", "-A")
	w.gitIn("nested", "commit", "-qm", "inside")
	w.write("nested/file", "changed\n")
}

// submodule adds one with a commit and changes of its own.
func (w *workTree) submodule() {
	w.t.Helper()
	w.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", w.repo, "sub")
	w.git("commit", "-qm", "submodule")
	w.write("sub/README", "its own\n")
	w.gitIn("sub", "commit", "-qam", "only here")
	w.write("sub/README", "changed\n")
	w.write("sub/new", "untracked\n")
}

// tryGit runs git in the user's checkout.
func (m *machine) tryGit(args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = m.repo, m.env
	return cmd.Run()
}
