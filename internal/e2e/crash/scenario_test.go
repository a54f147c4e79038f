package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hf-dev/hf/internal/hold"
)

// effects is the file in which agents are told to note what they were told, so
// that it can be counted.
const effects = "effects"

// note is a prompt that has an effect of its own.
func note(token string) string { return "append " + effects + ": " + token }

// effectOf is the line that a prompt is to append, if it is one of those.
func effectOf(prompt string) (line string, ok bool) {
	for l := range strings.Lines(prompt) {
		if line, ok := strings.CutPrefix(strings.TrimSpace(l), "append "+effects+": "); ok {
			return line, true
		}
	}
	return "", false
}

// busy is a prompt that ends only when it is interrupted.
const busy = "sleep: 24h"

func isBusy(prompt string) bool { return strings.Contains(prompt, busy) }

// scenario is something that a person asks of hf, and what has to have come of
// it whatever struck in between.
type scenario struct {
	name  string
	build string
	files map[string]string
	setUp func(m *machine) // the machine, once

	// prepare brings about what is there before anything can strike, and
	// returns the task that it is about.
	prepare func(m *machine, token string) (task string)
	// act asks. A person whose command failed does it again.
	act func(m *machine, task, token string) result
	// again is what a person does whom hf told that it goes on without what was
	// asked for.
	again func(m *machine) result
	// reached reports whether what was asked for is so.
	reached func(m *machine, f facts, task, token string) bool
	// restore makes the machine ready for the next case; one that is spent cannot
	// be.
	restore func(m *machine)
	spent   bool
	cold    bool // hfd has never run on the machine
	steps   bool // what it asks for is the operation to be killed at each step
}

func scenarios() []scenario {
	all := slices.Concat(talking(), making(), parking(), landing(), living())
	if gitSpice() != "" {
		all = append(all, stacking()...)
	}
	return all
}

func nothing(*machine, string) string { return "" }

// create makes a task and returns it when its agent is at rest, or busy.
func (m *machine) create(prompt string, flags ...string) string {
	args := append([]string{"create", "--agent", "demo", "--no-wait", "--jq", ".id"}, flags...)
	id := strings.TrimSpace(m.hf(append(args, prompt)...))
	m.settle()
	return id
}

func (f *facts) messageWith(token string) (message, bool) {
	i := slices.IndexFunc(f.messages, func(v message) bool { return strings.Contains(v.text, token) })
	if i < 0 {
		return message{}, false
	}
	return f.messages[i], true
}

func asked(_ *machine, f facts, _, token string) bool {
	_, ok := f.messageWith(token)
	return ok
}

// making is how tasks come to be and end.
func making() []scenario {
	create := func(m *machine, _, token string) result {
		return m.try("create", "--agent", "demo", "--no-wait", note(token)+"\nwrite work: "+token)
	}
	config := func(setup, teardown string) map[string]string {
		return map[string]string{
			".hf/config.toml":  fmt.Sprintf("setup = [%q]\nteardown = [%q]\n", setup, teardown),
			".gitignore":       "secret\n",
			".worktreeinclude": "secret\n",
		}
	}
	trust := func(m *machine) {
		m.write(filepath.Join(m.repo, "secret"), "of the user\n")
		m.hf("repo", "add", m.repo)
		m.hf("repo", "trust", "--yes")
	}
	ended := func(_ *machine, f facts, task, _ string) bool { return f.task(task).lifecycle == "killed" }
	return []scenario{
		{
			name: "create", files: config("true", "true"), setUp: trust, steps: true,
			prepare: nothing, act: create, reached: asked,
		},
		{
			// Its set-up fails the first time.
			name: "setup fails", files: config(`test -e "$HOME/mended" || { touch "$HOME/mended"; false; }`, "true"), setUp: trust,
			prepare: nothing, act: create, reached: asked,
			restore: func(m *machine) { _ = os.Remove(filepath.Join(m.dir, "home", "mended")) },
		},
		{
			name: "clone",
			prepare: func(m *machine, token string) string {
				m.git("clone", "-q", "--bare", m.repo, filepath.Join(m.dir, token))
				return ""
			},
			act: func(m *machine, _, token string) result {
				return m.try("create", "--agent", "demo", "--no-wait", "--repo", "file://"+filepath.Join(m.dir, token), note(token))
			},
			reached: asked,
		},
		{
			name: "kill", files: config("true", "true"), setUp: trust, steps: true,
			prepare: func(m *machine, token string) string { return m.create(note(token) + "\nwrite work: " + token) },
			act:     func(m *machine, task, _ string) result { return m.try("kill", "--yes", task) },
			reached: ended,
		},
		{
			name:    "kill a busy one",
			prepare: func(m *machine, token string) string { return m.create(note(token) + "\n" + busy) },
			act:     func(m *machine, task, _ string) result { return m.try("kill", "--yes", task) },
			reached: ended,
		},
	}
}

// parking is how tasks are put away and brought back.
func parking() []scenario {
	files := map[string]string{".gitignore": "left\n"}
	// The agent leaves a file that is ignored, and so saved nowhere but in the trash.
	work := func(m *machine, token string) string {
		return m.create(note(token) + "\nwrite work: " + token + "\nwrite left: " + token)
	}
	away := func(args ...string) func(*machine, string) string {
		return func(m *machine, token string) string {
			task := work(m, token)
			m.hf(append(args, task)...)
			m.settle()
			return task
		}
	}
	is := func(lifecycle string) func(*machine, facts, string, string) bool {
		return func(_ *machine, f facts, task, _ string) bool { return f.task(task).lifecycle == lifecycle }
	}
	back := func(_ *machine, f facts, task, token string) bool {
		t := f.task(task)
		if t.lifecycle != "ready" {
			return false
		}
		for _, name := range []string{"work", "left", effects} {
			if b, err := os.ReadFile(filepath.Join(t.path, name)); err != nil || strings.TrimSpace(string(b)) != token {
				fail("%s came back as %q, %v", name, b, err)
			}
		}
		return true
	}
	restore := func(m *machine, task, _ string) result { return m.try("restore", task) }
	stray := func(m *machine) string { return filepath.Join(m.dir, "data", "worktrees", "repo", "stray") }
	prune := func(m *machine) result { return m.try("prune", "--yes", "--older-than", "0s") }
	return []scenario{
		{
			name: "archive", files: files, steps: true, prepare: work,
			act:     func(m *machine, task, _ string) result { return m.try("archive", task) },
			reached: is("archived"),
		},
		{name: "restore", files: files, steps: true, prepare: away("archive"), act: restore, reached: back},
		{name: "restore one that was killed", files: files, prepare: away("kill", "--yes", "--delete-branch"), act: restore, reached: back},
		{
			name: "restore without the branch", files: files,
			prepare: func(m *machine, token string) string {
				task := away("archive")(m, token)
				f := m.read()
				m.git("branch", "-q", "-D", f.task(task).branch)
				return task
			},
			act: restore, reached: back,
		},
		{
			name: "prune", files: files,
			prepare: func(m *machine, token string) string {
				task := away("kill", "--yes", "--delete-branch")(m, token)
				m.write(filepath.Join(stray(m), "file"), "of nobody\n")
				m.deleted[task], m.freed[task] = true, true
				return task
			},
			act:   func(m *machine, _, _ string) result { return prune(m) },
			again: prune,
			reached: func(m *machine, f facts, task, _ string) bool {
				kept := m.git("for-each-ref", "--format=%(refname)", "refs/hf")
				journals := slices.ContainsFunc(f.sessions, func(s sessionRow) bool {
					_, err := os.Lstat(s.dir)
					return s.task == task && err == nil
				})
				_, err := os.Lstat(stray(m))
				return err != nil && !journals && !strings.Contains(kept, task)
			},
			restore: func(m *machine) { _ = os.RemoveAll(filepath.Join(m.dir, "data", "worktrees", ".trash")) },
		},
		{
			name: "delete the branch", files: files, prepare: work,
			act: func(m *machine, task, _ string) result {
				m.deleted[task] = true
				return m.try("kill", "--yes", "--delete-branch", task)
			},
			reached: is("killed"),
		},
	}
}

// talking is what goes between people and agents.
func talking() []scenario {
	idle := func(m *machine, _ string) string { return m.create("say: ready") }
	send := func(m *machine, task, token string) result { return m.try("send", task, note(token)) }
	agent := func(m *machine, task string) hold.Info {
		for _, s := range m.read().sessions {
			if info, alive := hold.Alive(s.dir); s.task == task && alive {
				return info
			}
		}
		fail("task %s has no agent", task)
		return hold.Info{}
	}
	end := func(m *machine, task string, pid int) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		m.until(func() string { return "the session is to end" }, func() bool {
			f := m.read()
			return !slices.ContainsFunc(f.sessions, func(s sessionRow) bool {
				_, alive := hold.Alive(s.dir)
				return s.task == task && (alive || !s.ended)
			})
		})
	}
	return []scenario{
		{name: "send", prepare: idle, act: send, reached: asked},
		{
			name: "send a file", prepare: idle,
			act: func(m *machine, task, token string) result {
				return m.try("send", "--attach", filepath.Join(m.repo, "README"), task, note(token))
			},
			reached: asked,
		},
		{
			name: "send to one that ended",
			prepare: func(m *machine, token string) string {
				task := idle(m, token)
				end(m, task, agent(m, task).AgentPID)
				return task
			},
			act: send, reached: asked, steps: true,
		},
		{
			name: "the holder dies", prepare: idle,
			act: func(m *machine, task, token string) result {
				for _, s := range m.read().sessions {
					if info, alive := hold.Alive(s.dir); s.task == task && alive {
						_ = syscall.Kill(info.PID, syscall.SIGKILL)
					}
				}
				return send(m, task, token)
			},
			reached: asked,
		},
		{
			name:    "approve",
			prepare: func(m *machine, token string) string { return m.create("ask: may I?\n" + note(token)) },
			act:     func(m *machine, task, _ string) result { return m.try("approve", task) },
			reached: func(m *machine, f facts, task, token string) bool { return m.count(f, f.task(task), token) == 1 },
		},
		{
			name:    "answer",
			prepare: func(m *machine, token string) string { return m.create("input: what?\n" + note("other-"+token)) },
			act:     func(m *machine, task, token string) result { return m.try("send", task, "the answer is "+token) },
			reached: asked,
		},
		{
			name:    "interrupt",
			prepare: func(m *machine, token string) string { return m.create(note(token) + "\n" + busy) },
			act: func(m *machine, task, _ string) result {
				pid := m.daemon()
				r := m.try("interrupt", task)
				working := func() bool { f := m.read(); return f.task(task).activity == "working" }
				m.until(func() string { return "the turn is to end" }, func() bool { return r.code != 0 || !working() || m.daemon() != pid })
				switch {
				case r.code == 11: // a daemon that died had done it
					r.code = 0
				case working():
					r.code = -1 // the daemon that was told has died, and perhaps nobody knows of it
				}
				return r
			},
			reached: func(_ *machine, f facts, task, _ string) bool { return f.task(task).activity != "working" },
		},
	}
}

// living is what becomes of the daemon itself.
func living() []scenario {
	stop := func(m *machine) { m.hf("backend", "stop") }
	task := func(m *machine, token string) string { return m.create(note(token)) }
	serves := func(m *machine, _ facts, _, _ string) bool { return m.daemon() != 0 }
	restart := func(m *machine) result { return m.try("backend", "restart") }
	upgraded := func(build string) func(*machine, facts, string, string) bool {
		return func(m *machine, _ facts, _, _ string) bool {
			return strings.TrimSpace(m.hf("backend", "status", "--jq", ".build")) == build
		}
	}
	back := func(m *machine) {
		stop(m)
		m.install(oldBuild)
	}
	return []scenario{
		{
			name: "first start", prepare: nothing, cold: true, spent: true,
			act:     func(m *machine, _, _ string) result { return m.try("list") },
			reached: serves,
		},
		{
			name:    "start",
			prepare: func(m *machine, token string) string { id := task(m, token); stop(m); return id },
			act:     func(m *machine, _, _ string) result { return m.try("list") },
			reached: serves,
		},
		{
			name: "damage", spent: true,
			prepare: func(m *machine, token string) string {
				id := task(m, token)
				stop(m)
				db := must(os.OpenFile(filepath.Join(m.state(), "hf.db"), os.O_WRONLY, 0))
				must(db.WriteAt(make([]byte, 512), 0))
				must(0, db.Close())
				return id
			},
			act:     func(m *machine, _, _ string) result { return m.try("list") },
			reached: func(_ *machine, f facts, id, _ string) bool { return f.task(id).lifecycle == "ready" },
		},
		{
			name: "stop", prepare: task,
			act:     func(m *machine, _, _ string) result { return m.try("backend", "stop") },
			reached: serves,
		},
		{
			name:    "upgrade",
			prepare: func(m *machine, token string) string { id := task(m, token); m.install(newBuild); return id },
			act:     func(m *machine, _, _ string) result { return m.try("list") },
			again:   restart,
			reached: upgraded(newBuild),
			restore: back,
		},
		{
			name:    "upgrade of the schema",
			prepare: func(m *machine, token string) string { id := task(m, token); m.install(schemaBuild); return id },
			act:     func(m *machine, _, _ string) result { return m.try("list") },
			again:   restart,
			reached: upgraded(schemaBuild), spent: true,
		},
		{
			name: "migration",
			prepare: func(m *machine, token string) string {
				id := task(m, token)
				stop(m)
				m.install(schemaBuild)
				return id
			},
			act:     func(m *machine, _, _ string) result { return m.try("list") },
			reached: upgraded(schemaBuild), spent: true,
		},
	}
}
