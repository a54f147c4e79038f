package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// What hf keeps is the user's alone, whatever the mode mask of the shell that
// hf, its daemon and its holders were started from. What git and agents write
// in work trees, and in the repositories those belong to, has the user's mask,
// below a directory that only the user may enter.
func TestNobodyElseMayReadWhatHfKeeps(t *testing.T) {
	for _, umask := range []string{"000", "022"} {
		t.Run(umask, func(t *testing.T) {
			m := newMachine(t)
			m.withUmask(umask)
			tmp := filepath.Join(m.dir, "tmp")
			if err := os.Mkdir(tmp, 0o700); err != nil {
				t.Fatal(err)
			}
			m.env = append(m.env, "TMPDIR="+tmp)
			m.writeConfig("[backend]\nlog_max_size = \"64KiB\"\n")
			m.fullScenario()
			m.mineAlone("state", "data", "tmp")
			// The daemon's own mask is not the user's: that is what files of theirs
			// get. No mask at all is taken for the usual one.
			path := filepath.Join(m.task("kept").Path, "made")
			if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o644 {
				t.Errorf("a file of the agent's: %v, %v; want mode 0644", st, err)
			}
		})
	}
}

// withUmask has every later hf of the machine started from a shell with a mask.
func (m *machine) withUmask(umask string) {
	m.t.Helper()
	hf := filepath.Join(m.dir, "bin", "hf")
	if err := os.Rename(hf, filepath.Join(m.dir, "bin", "hf.real")); err != nil {
		m.t.Fatal(err)
	}
	// hfd is found beside hf by its resolved path: both stay where they are.
	script := fmt.Sprintf("#!/bin/sh\numask %s\nexec %s.real \"$@\"\n", umask, hf)
	if err := os.WriteFile(hf, []byte(script), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// fullScenario does what leaves files behind. The task "kept" lives at its end.
func (m *machine) fullScenario() {
	m.t.Helper()
	remote := m.makeRepo("remote.git", "--bare")
	m.git("push", "-q", remote, "main")
	m.hf("create", "--agent", "demo", "--branch", "kept", "--wait", "--check", "true", "--permission", "all", "run: echo x > made")
	m.hf("create", "--agent", "demo", "--branch", "cloned", "--wait", "--repo", "file://"+remote, "write a: b")
	m.hf("send", "kept", "--wait", "say: more")
	r := m.try("create", "--agent", "demo", "--branch", "crashed", "--wait", "crash")
	if r.code != 3 {
		m.t.Errorf("crash: exit %d\n%s", r.code, r.err)
	}
	m.killDaemon()
	m.hf("create", "--agent", "demo", "--branch", "ended", "--no-wait", "write b: c\nask: go on?")
	m.untilStatus("ended", api.StatusWaiting)
	_ = m.try("db", "backup") // whichever of these there are
	_ = m.try("archive", "cloned")
	m.hf("kill", "--yes", "ended", "crashed")
	m.hf("backend", "stop")
	log := filepath.Join(m.dir, "state", "hfd.log")
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Repeat("{}\n", 64<<10)); err != nil {
		m.t.Fatal(err)
	}
	m.hf("list")
	if logs, _ := filepath.Glob(log + "*"); len(logs) < 2 {
		m.t.Errorf("the log was not turned over: %v", logs)
	}
}

// mineAlone wants nobody but the user to be allowed anything with what is below
// some directories of the machine.
func (m *machine) mineAlone(dirs ...string) {
	m.t.Helper()
	seen := 0
	for _, dir := range dirs {
		root := filepath.Join(m.dir, dir)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil // an agent's or the daemon's, and gone
			}
			if err != nil || d.Type() == fs.ModeSymlink {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return nil //nolint:nilerr // gone meanwhile
			}
			seen++
			if users(path, root) {
				return fs.SkipDir
			}
			if perm := info.Mode().Perm(); perm&0o077 != 0 {
				m.t.Errorf("%s has mode %v", path, info.Mode())
			}
			return nil
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
	if seen < 20 {
		m.t.Errorf("only %d files were seen: this shows nothing", seen)
	}
}

// users reports whether a path is a work tree or a clone.
func users(path, root string) bool {
	if tree, ok := strings.CutPrefix(path, filepath.Join(root, "worktrees")+"/"); ok {
		return strings.Count(tree, "/") == 1 && !strings.HasPrefix(tree, ".")
	}
	_, err := os.Stat(filepath.Join(path, ".git"))
	return err == nil && strings.HasPrefix(path, filepath.Join(root, "repos"))
}
