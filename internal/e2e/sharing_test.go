package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func itoa(n int) string { return strconv.Itoa(n) }

// The user, or an agent, works with git in a task's work tree and in the main
// checkout while hf looks at both and saves: none of it fails, and hf leaves
// locks that are not its own alone.
func TestGitOfOthersNeverFails(t *testing.T) {
	m := newMachine(t)
	d := m.ready("shared")
	lock := filepath.Join(m.repo, ".git", "index.lock")
	done := make(chan struct{})
	var looking, working sync.WaitGroup
	for _, args := range [][]string{{"diff", d.ID}, {"show", d.ID}, {"send", d.ID, "--wait", "append more: x"}} {
		looking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if r := m.try(args...); r.code != 0 {
					t.Errorf("hf %v: exit %d\n%s", args, r.code, r.err)
				}
			}
		})
	}
	for _, dir := range []string{d.Path, m.repo} {
		working.Go(func() {
			there := *m
			there.repo = dir
			for n := range 12 {
				name := fmt.Sprintf("of-%s-%d", filepath.Base(dir), n)
				there.write(name, "x\n")
				for _, args := range [][]string{
					{"add", name},
					{"commit", "-q", "-m", name},
					{"checkout", "-q", "-b", name},
					{"commit", "-q", "--allow-empty", "-m", "more"},
					{"checkout", "-q", "-"},
					{"rebase", "-q", name},
					{"branch", "-q", "-D", name},
					{"status", "--short"},
				} {
					if out, err := there.command("git", args...).CombinedOutput(); err != nil {
						t.Errorf("git %v in %s: %v\n%s", args, dir, err, out)
					}
				}
			}
		})
	}
	// Meanwhile hf makes and ends tasks of the same repository.
	for n := range 3 {
		name := fmt.Sprintf("beside-%d", n)
		m.hf("create", "--agent", "demo", "--branch", name, "--wait", "write a: b")
		m.hf("kill", "--yes", name)
	}
	working.Wait()
	close(done)
	looking.Wait()

	own := filepath.Join(m.repo, ".git", "worktrees", filepath.Base(d.Path), "index.lock")
	for _, path := range []string{lock, own} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.hf("diff", d.ID)
	m.hf("send", d.ID, "--wait", "append more: x")
	m.hf("create", "--agent", "demo", "--branch", "last", "--wait", "write a: b")
	m.hf("kill", "--yes", "last")
	for _, path := range []string{lock, own} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the lock of somebody else: %v", err)
		}
	}
	if now := m.task(d.ID); now.Status != api.StatusIdle {
		t.Errorf("status %s (%s)", now.Status, now.Reason)
	}
}
