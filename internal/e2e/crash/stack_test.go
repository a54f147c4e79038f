package crash

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// gitSpice is the git-spice that stacks are made with, "" where there is none.
func gitSpice() string { return os.Getenv("HF_TEST_GIT_SPICE") }

// stacked reports whether a branch stands on another.
func (m *machine) stacked(base, branch string) bool {
	_, err := m.command(context.Background(), "git", "merge-base", "--is-ancestor", base, branch)
	return err == nil
}

// stacking is what moves the branches of several tasks.
func stacking() []scenario {
	// Three branches on one another, the upper ones with work that is not
	// committed, and a new commit at the bottom.
	prepare := func(m *machine, token string) string {
		on := func(name, base string) []string {
			flags := []string{"--branch", token + name}
			if base != "" {
				flags = append(flags, "--on", token+base)
			}
			return flags
		}
		below := m.create("write a-"+token+": a\ncommit: a", on("-a", "")...)
		m.create("write b-"+token+": b\ncommit: b\nwrite loose: "+token, on("-b", "-a")...)
		m.create("write c-"+token+": c\ncommit: c\nwrite README: "+token, on("-c", "-b")...)
		m.hf("send", below, "--wait", "write more-"+token+": a\ncommit: more")
		m.settle()
		return below
	}
	loose := func(m *machine, f facts, token string) {
		for branch, name := range map[string]string{"-b": "loose", "-c": "README"} {
			for _, t := range f.tasks {
				if t.branch != token+branch {
					continue
				}
				if b, err := os.ReadFile(filepath.Join(t.path, name)); err != nil || strings.TrimSpace(string(b)) != token {
					fail("what was not committed in %s is %q, %v", t.branch, b, err)
				}
				if m.git("-C", t.path, "symbolic-ref", "--short", "HEAD") != t.branch || m.git("-C", t.path, "stash", "list") != "" {
					fail("%s is not as it was left: %s", t.path, m.git("-C", t.path, "status"))
				}
			}
		}
	}
	commits := func(m *machine, from, to string) int {
		return len(strings.Fields(m.git("rev-list", from+".."+to)))
	}
	identity := func(m *machine) {
		m.write(filepath.Join(m.dir, "home", ".gitconfig"), "[user]\n\tname = t\n\temail = t@example.invalid\n")
	}
	return []scenario{
		{
			name: "restack", setUp: identity, prepare: prepare,
			act: func(m *machine, task, _ string) result { return m.try("stack", "restack", task) },
			reached: func(m *machine, f facts, _, token string) bool {
				loose(m, f, token)
				a, b, c := token+"-a", token+"-b", token+"-c"
				if !m.stacked(a, b) || !m.stacked(b, c) {
					return false
				}
				if commits(m, a, b) != 1 || commits(m, b, c) != 1 {
					fail("commits were lost or doubled:\n%s", m.git("log", "--oneline", "--graph", a, b, c))
				}
				return true
			},
		},
		{
			name: "undo a restack", setUp: identity,
			prepare: func(m *machine, token string) string {
				task := prepare(m, token)
				m.git("tag", "-f", "was", token+"-c")
				m.hf("stack", "restack", task)
				return task
			},
			act: func(m *machine, _, _ string) result { return m.try("stack", "undo") },
			reached: func(m *machine, f facts, _, token string) bool {
				loose(m, f, token)
				back := m.git("rev-parse", token+"-c") == m.git("rev-parse", "was")
				if back {
					m.git("tag", "-d", "was")
				}
				return back
			},
		},
	}
}
