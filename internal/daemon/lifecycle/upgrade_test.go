package lifecycle_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func TestUpgradeUnderLoad(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	var sent atomic.Int64
	var slowest atomic.Int64
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 20 {
		wg.Go(func() {
			c := w.client(1)
			for {
				select {
				case <-done:
					return
				case <-time.After(rand.N(10 * time.Millisecond)):
				}
				began := time.Now()
				if _, err := c.CreateTask(t.Context(), api.CreateTask{Prompt: "x"}); err != nil {
					t.Errorf("a request was lost: %v", err)
					return
				}
				sent.Add(1)
				took := int64(time.Since(began))
				for old := slowest.Load(); took > old && !slowest.CompareAndSwap(old, took); old = slowest.Load() {
				}
			}
		})
	}
	var next int64
	wg.Go(func() { // a stream sees every event once, in order
		for e, err := range w.client(1).Events(t.Context(), client.EventFilter{}) {
			if err != nil || e.Seq != next+1 {
				t.Errorf("event %d after %d, %v", e.Seq, next, err)
				return
			}
			next = e.Seq
			select {
			case <-done:
				return
			default:
			}
		}
	})
	n := int64(rounds(100, 30, 5))
	for build := int64(2); build <= n+1; build++ {
		w.install(build, "")
		if got := w.up(build); got != pid {
			t.Fatalf("build %d has pid %d, want %d", build, got, pid)
		}
	}
	close(done)
	wg.Wait()
	t.Logf("%d upgrades, %d requests, %d events, the slowest request %v", n, sent.Load(), next, time.Duration(slowest.Load()))
	b, err := w.client(n + 1).Backend(t.Context())
	if err != nil || b.PID != pid || b.Upgrades != int(n) || b.Build != n+1 {
		t.Errorf("backend %+v, %v; want %d upgrades", b, err, n)
	}
	if got := len(w.lines("handoffs")); got != int(n) {
		t.Errorf("%d handoffs arrived, want %d", got, n)
	}
	w.onlyOne()
	w.once(int(sent.Load()))
	w.descriptors(pid)
}

// descriptors makes sure that nothing was inherited but what must be.
func (w *world) descriptors(pid int) {
	w.t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if os.IsPermission(err) {
		return // only root sees them
	}
	if err != nil || len(fds) > 100 {
		w.t.Errorf("the daemon has %d descriptors open, %v", len(fds), err)
	}
}

func TestUpgradeToABadBuild(t *testing.T) {
	tests := []struct {
		name  string
		bad   func(w *world) (hfd string)
		force int64 // the build asked for
		says  string
	}{
		{"missing", func(w *world) string { return filepath.Join(w.dir, "9", "hfd") }, 9, "does not exist"},
		{"a directory", func(w *world) string { w.install(9, ""); return filepath.Join(w.dir, "9") }, 9, "not a regular file"},
		{"not a program", func(w *world) string { return w.script("garbage\x00") }, 9, "exec format error"},
		{"others may write to it", func(w *world) string {
			hfd := w.script("#!/bin/sh\n")
			_ = os.Chmod(hfd, 0o777)
			return hfd
		}, 9, "may write"},
		{"of another user", func(w *world) string {
			hfd := w.script("#!/bin/sh\n")
			_ = os.Chown(hfd, 65534, 65534)
			return hfd
		}, 9, "belongs to user 65534"},
		{"its self-check fails", func(w *world) string { return hfdOf(w.install(9, "bad selfcheck")) }, 9, "cannot read that database"},
		{"its self-check hangs", func(w *world) string { return hfdOf(w.install(9, "hung selfcheck")) }, 9, "self-check failed"},
		{"its self-check says nothing", func(w *world) string { return hfdOf(w.install(9, "silent selfcheck")) }, 9, "makes sense"},
		{"it crashes", func(w *world) string { return w.script("#!/bin/sh\nkill -SEGV $$\n") }, 9, "segmentation fault"},
		{"older than it says", func(w *world) string { return hfdOf(w.install(3, "")) }, 9, "not newer"},
		{"older", func(w *world) string { return hfdOf(w.install(3, "")) }, 3, "not newer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.name, "user") && os.Geteuid() != 0 {
				t.Skip("needs root")
			}
			t.Parallel()
			w := newWorld(t)
			w.install(5, "")
			pid := w.up(5)
			c := w.client(5)
			err := c.Upgrade(t.Context(), api.Upgrade{Path: tt.bad(w), Build: tt.force})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("upgrade: %v, want %q", err, tt.says)
			}
			b, err := c.Backend(t.Context())
			if err != nil || b.PID != pid || b.Build != 5 || b.Upgrades != 0 || b.Phase != api.PhaseServing {
				t.Errorf("after it: %+v, %v", b, err)
			}
		})
	}
}

func hfdOf(hf string) string { return filepath.Join(filepath.Dir(hf), "hfd") }

// script makes a program of build 9 that is no hfd.
func (w *world) script(content string) string {
	w.t.Helper()
	dir := filepath.Join(w.dir, "9")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(dir, "hfd")
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func TestBadUpgradeIsToldOnceAndUsedAnyway(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	w.install(2, "bad selfcheck")
	for range 2 { // the second time the daemon remembers
		if got := w.up(2); got != pid {
			t.Fatalf("pid %d, want %d", got, pid)
		}
		if n := w.noticed(); len(n) != 1 || !strings.Contains(n[0], "cannot read that database") {
			t.Errorf("notices: %q", n)
		}
	}
}

func TestUpgradeThatCannotPark(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	w.put("never-park", "")
	w.install(2, "")
	if got := w.up(2); got != pid {
		t.Errorf("pid %d, want %d", got, pid)
	}
	if n := w.noticed(); len(n) != 1 || !strings.Contains(n[0], "could not become") {
		t.Errorf("notices: %q", n)
	}
	_ = os.Remove(filepath.Join(w.paths.State, "never-park"))
	w.up(2)
	if b, err := w.client(2).Backend(t.Context()); err != nil || b.Build != 2 || b.PID != pid {
		t.Errorf("backend %+v, %v", b, err)
	}
}

func TestBuildThatDiesAfterTheUpgrade(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	w.install(2, "crash after upgrade")
	if got := w.up(2); got == pid { // the client starts it afresh, and so it works
		t.Errorf("pid %d is still there", got)
	}
	w.onlyOne()
}

func TestEveryClientWithEveryDaemon(t *testing.T) {
	for daemon := int64(1); daemon <= 3; daemon++ {
		for hf := int64(1); hf <= 3; hf++ {
			t.Run(fmt.Sprintf("hf %d with hfd %d", hf, daemon), func(t *testing.T) {
				w := newWorld(t)
				for b := range int64(3) {
					w.install(b+1, "")
				}
				pid := w.up(daemon)
				c := w.client(hf)
				if _, err := c.CreateTask(t.Context(), api.CreateTask{}); err != nil {
					t.Fatal(err)
				}
				got, err := c.Peer(t.Context())
				if err != nil || got.PID != pid || got.Build != max(hf, daemon) {
					t.Errorf("hello %+v, %v; want pid %d and build %d", got, err, pid, max(hf, daemon))
				}
				n := w.noticed()
				if hf < daemon && (len(n) != 1 || !strings.Contains(n[0], "older")) {
					t.Errorf("notices %q, want one line", n)
				}
				if hf >= daemon && len(n) > 0 {
					t.Errorf("notices %q, want none", n)
				}
			})
		}
	}
}

func TestReplacedFileIsOutdated(t *testing.T) {
	w := newWorld(t)
	hfd := hfdOf(w.install(1, ""))
	w.up(1)
	if err := os.Rename(hfd, hfd+".old"); err != nil {
		t.Fatal(err)
	}
	b, err := w.launcher(2).Look(t.Context())
	if err != nil || !b.Outdated || !strings.Contains(b.Why, "build 2") {
		t.Errorf("seen by a newer hf: %+v, %v", b, err)
	}
	if b, err = w.launcher(1).Look(t.Context()); err != nil || !b.Outdated || !strings.Contains(b.Why, "since hfd started") {
		t.Errorf("seen by its own hf: %+v, %v", b, err)
	}
}

func TestChildrenGetNeitherLockNorSocket(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	child := w.child("60")
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", child))
	if err != nil || len(fds) == 0 {
		t.Fatalf("descriptors %q, %v", fds, err)
	}
	for _, fd := range fds {
		if path, _ := os.Readlink(fd); strings.HasPrefix(path, "socket:") || strings.HasPrefix(path, w.dir) {
			t.Errorf("the child has %s: %s", fd, path)
		}
	}
	w.install(2, "")
	w.up(2)
	after := w.child("60")
	kill(t, pid)
	w.until(5*time.Second, "free", func() bool { held, err := rundir.Held(w.paths.Lock()); return err == nil && !held })
	for _, c := range []int{child, after} {
		if !alive(c) {
			t.Errorf("child %d ended with the daemon", c)
		}
		kill(t, c)
	}
	if w.up(2) == pid {
		t.Error("the killed daemon answers")
	}
}

// child has the daemon start a sleep, and returns its pid.
func (w *world) child(seconds string) int {
	w.t.Helper()
	a, err := w.client(1).CreateTask(w.t.Context(), api.CreateTask{Prompt: "child " + seconds})
	if err != nil {
		w.t.Fatal(err)
	}
	pid, err := strconv.Atoi(a.Task.Prompt)
	if err != nil {
		w.t.Fatal(err)
	}
	return pid
}

func TestChildrenOfTheBuildBeforeAreReaped(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	w.install(2, "")
	w.up(1)
	child := w.child("60")
	w.up(2)
	kill(t, child)
	w.until(5*time.Second, "reaped", func() bool { _, err := rundir.LookUp(child); return err != nil })
}

func TestRequestsInProgressAreFinishedOrAskedAgain(t *testing.T) {
	for _, prompt := range []string{"sleep 700ms", "sleep 3s"} { // within the drain, and beyond it
		t.Run(prompt, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.install(1, "")
			w.up(1)
			c := w.client(1, func(o *launcher.Options) { o.Notice = func(string) {} })
			answer := make(chan error, 1)
			go func() {
				_, err := c.CreateTask(t.Context(), api.CreateTask{Prompt: prompt})
				answer <- err
			}()
			w.until(5*time.Second, "begun", func() bool { return len(w.lines("effects")) == 1 })
			if was, err := w.launcher(1).Stop(t.Context()); !was || err != nil {
				t.Fatalf("stop: %v, %v", was, err)
			}
			if err := <-answer; err != nil {
				t.Errorf("the request in progress: %v", err)
			}
			w.once(1)
			want := 1
			if prompt == "sleep 3s" {
				want = 2 // asked again, it brought up another one
			}
			if got := w.started(); len(got) != want {
				t.Errorf("daemons %v, want %d", slices.Clone(got), want)
			}
		})
	}
}
