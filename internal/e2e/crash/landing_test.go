package crash

import (
	"path/filepath"
	"strings"
)

// landing is how the work of tasks goes where it belongs.
func landing() []scenario {
	origin := func(m *machine) string { return filepath.Join(m.dir, "origin.git") }
	remote := func(m *machine) {
		m.git("clone", "-q", "--bare", m.repo, origin(m))
		m.git("remote", "add", "origin", origin(m))
	}
	identity := func(m *machine) {
		m.git("config", "user.name", "A User")
		m.git("config", "user.email", "user@example.invalid")
	}
	work := func(m *machine, token string) string {
		return m.create(note(token)+"\nwrite "+token+": "+token+"\ncommit: "+token, "--permission", "all")
	}
	branch := func(f facts, task string) string { return "refs/heads/" + f.task(task).branch }
	pushed := func(m *machine, f facts, task, _ string) bool {
		there := m.git("--git-dir", origin(m), "for-each-ref", "--format=%(objectname)", branch(f, task))
		if there != m.git("rev-parse", branch(f, task)) {
			return false
		}
		// Whatever struck: it was pushed once, and that is told once.
		told := strings.Count(m.hf("history", "--task", task), "pushed "+f.task(task).branch)
		if told > 1 || told == 0 && !strings.Contains(m.hf("push", task), task) {
			fail("the push is told %d times", told)
		}
		return true
	}
	// merged also takes note of where the checkout, which followed, is now.
	merged := func(m *machine, f facts, task, token string) bool {
		said := m.git("log", "--format=%s", "main")
		switch n := strings.Count(said, token+"\n") + strings.Count("\n"+said, "\n"+token+"$"); {
		case n > 1:
			fail("%s was merged %d times:\n%s", token, n, said)
		case !strings.Contains(said, token) || f.task(task).lifecycle != "archived":
			return false
		}
		m.head = m.git("rev-parse", "main")
		return true
	}
	elsewhere := func(m *machine, _ facts, _, token string) bool {
		done := strings.Contains(m.git("log", "--format=%s", "release"), token)
		if done { // it is no task's
			m.git("branch", "-q", "-D", "release")
		}
		return done
	}
	return []scenario{
		{
			name: "push", setUp: remote, prepare: work,
			act:     func(m *machine, task, _ string) result { return m.try("push", task) },
			reached: pushed,
		},
		{
			name: "merge", setUp: identity, prepare: work, steps: true,
			act:     func(m *machine, task, _ string) result { return m.try("merge", task) },
			reached: merged,
		},
		{
			name: "merge into a branch that nobody has checked out", setUp: identity,
			prepare: func(m *machine, token string) string {
				m.git("branch", "-f", "release", "main")
				task := m.create("write "+token+": "+token+"\ncommit: "+token, "--permission", "all", "--base", "release")
				return task
			},
			act:     func(m *machine, task, _ string) result { return m.try("merge", "--keep", task) },
			reached: elsewhere,
		},
	}
}
