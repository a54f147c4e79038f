package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// readOnly makes a directory one that nothing can be written to, until the
// returned function is called.
func readOnly(t *testing.T, dir string) (again func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		return func() { _ = os.Chmod(dir, 0o700) }
	}
	// Modes do not stop root.
	return mounted(t, dir, []string{"--bind", dir}, "remount,ro,bind")
}

// mounted mounts something on a directory. The test is skipped where that is
// not allowed.
func mounted(t *testing.T, dir string, what []string, then string) (unmount func()) {
	t.Helper()
	run := func(args ...string) error { return exec.Command("mount", args...).Run() }
	if err := run(append(what, dir)...); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	done := false
	unmount = func() {
		if !done {
			done = true
			_ = exec.Command("umount", "-l", dir).Run()
		}
	}
	t.Cleanup(unmount)
	if then != "" {
		if err := run("-o", then, dir); err != nil {
			t.Skipf("nothing can be remounted here: %v", err)
		}
	}
	return unmount
}

// failsThenGoesOn wants a create to fail visibly, and the same task to go on
// once the cause is mended.
func (m *machine) failsThenGoesOn(says string, mend func(), args ...string) {
	m.t.Helper()
	m.refuses(m.in(m.dir, append([]string{"create", "--agent", "demo", "--repo", m.repo}, append(args, "write a: b")...)...), 1, says)
	d := m.task("-")
	if d.Status != api.StatusError || !strings.Contains(d.Reason, says) {
		m.t.Errorf("status %s (%s), want error and %q", d.Status, d.Reason, says)
	}
	m.nothingUnseen()
	mend()
	m.hf("retry", d.ID)
	m.untilStatus(d.ID, api.StatusIdle)
	m.hf("kill", "--yes", d.ID)
	m.nothingUnseen()
}

func TestCreateWhereNothingCanBeWritten(t *testing.T) {
	t.Run("directory of the work trees", func(t *testing.T) {
		m := newMachine(t)
		dir := filepath.Join(m.dir, "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		m.hf("repo", "add", m.repo)
		m.failsThenGoesOn(filepath.Join(dir, "worktrees"), readOnly(t, dir))
	})
	t.Run("repository", func(t *testing.T) {
		m := newMachine(t)
		m.hf("repo", "add", m.repo)
		m.failsThenGoesOn(`create branch "x"`, readOnly(t, filepath.Join(m.repo, ".git", "refs", "heads")), "--branch", "x")
	})
}

func TestCreateOnAFullDisk(t *testing.T) {
	m := newMachine(t)
	dir := filepath.Join(m.dir, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	m.write("big", strings.Repeat("0123456789abcdef", 1<<17))
	m.git("add", ".")
	m.git("commit", "-q", "-m", "big")
	mounted(t, dir, []string{"-t", "tmpfs", "-o", "size=1m,mode=700", "none"}, "")
	m.failsThenGoesOn("big", func() {
		if out, err := exec.Command("mount", "-o", "remount,size=16m", dir).CombinedOutput(); err != nil {
			t.Fatalf("remount: %v\n%s", err, out)
		}
	})
}

// A remote that cannot be cloned: which is wrong, what to do, and the exit code
// of it, from both commands.
func TestRemoteThatCannotBeCloned(t *testing.T) {
	m := newMachine(t)
	file := func(name string) string { return "file://" + filepath.Join(m.dir, name) }
	m.makeRepo("empty.git", "--bare")
	for _, c := range []struct {
		name, url, says string
		code            int
	}{
		{"none", file("none.git"), "there is no repository at " + file("none.git"), 10},
		{"empty", file("empty.git"), file("empty.git") + " has no commit yet", 11},
		{"closed", "http://127.0.0.1:1/o/closed", "cannot reach http://127.0.0.1:1/o/closed", 1},
	} {
		for _, args := range [][]string{{"repo", "add", c.url}, {"repo", "add", c.url}} {
			r := m.try(args...)
			m.refuses(r, c.code, "clone "+c.name+": "+c.says)
			if strings.Contains(r.err, ".partial") || strings.Contains(r.err, "Cloning into") {
				t.Errorf("hf %v says too much:\n%s", args, r.err)
			}
		}
		m.refuses(m.try("create", "--agent", "demo", "--repo", c.url, "say: hi"), 11, "could not be cloned")
		m.hf("repo", "remove", c.name)
		m.refuses(m.try("create", "--agent", "demo", "--repo", c.url, "say: hi"), c.code, "clone "+c.name+": "+c.says)
	}
	if left, _ := filepath.Glob(filepath.Join(m.dir, "data", "repos", "*", "*", "*.partial")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	m.git("commit", "-q", "--allow-empty", "-m", "second")
	m.git("push", "-q", file("empty.git"), "main")
	m.hf("retry", m.failedOf("empty"))
}

// failedOf is the task of a repo whose create failed.
func (m *machine) failedOf(repo string) string {
	m.t.Helper()
	for _, task := range decode[[]api.Task](m, m.hf("list", "--all", "--json")) {
		if task.Repo == repo && task.Status == api.StatusError {
			return task.ID
		}
	}
	m.t.Fatalf("no task of %s failed", repo)
	return ""
}

// The HEAD of a remote may name a branch that it does not have.
func TestRemoteWhoseHeadIsNowhere(t *testing.T) {
	m := newMachine(t)
	remote := m.makeRepo("odd.git", "--bare")
	m.git("push", "-q", remote, "main:one", "main:two")
	m.git("--git-dir="+remote, "symbolic-ref", "HEAD", "refs/heads/nowhere")
	m.hf("repo", "add", "file://"+remote)
	m.refuses(m.try("create", "--agent", "demo", "--repo", "odd", "say: hi"), 10, `there is no branch "nowhere"`)
	m.hf("create", "--agent", "demo", "--repo", "odd", "--base", "one", "--wait", "say: hi")
}

// A checkout of an old commit is no obstacle where the default branch is known,
// and refused at once where it is not.
func TestDetachedHeadWithoutADefaultBranch(t *testing.T) {
	m := newMachine(t)
	m.git("branch", "-m", "main", "odd")
	m.git("branch", "other")
	m.git("checkout", "-q", "--detach")
	m.refuses(m.try("create", "--agent", "demo", "say: hi"), 10, "has no default branch: HEAD is detached")
	m.hf("create", "--agent", "demo", "--base", "odd", "--wait", "say: hi")

	known := newMachine(t)
	known.git("branch", "-m", "main", "odd")
	known.git("branch", "other")
	known.hf("repo", "add")
	known.git("checkout", "-q", "--detach")
	known.hf("create", "--agent", "demo", "--wait", "say: hi")
	if got := known.task("-").Base; got != "odd" {
		t.Errorf("base %q, want the branch that was checked out when hf met the repo", got)
	}
}
