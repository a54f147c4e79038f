package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/fakemodel"
	"github.com/hf-dev/hf/pkg/api"
)

// agentsVar names the directory of the installed agents' programs, as
// scripts/agents.sh prints it. Without it the tests of real agents are skipped.
const agentsVar = "HF_TEST_AGENTS"

// realKey is the key that the agents are given through the configuration.
const realKey = "key-of-the-test"

// realAgent is a real agent program and how it reaches the model.
type realAgent struct {
	name   string
	env    func(model, dir string) map[string]string // for [agents.NAME] env
	signed func(fakemodel.Request) bool              // whether a request carries realKey
	model  string                                    // one of its models, not its default
	asked  string                                    // how a request to the model names that
	mode   string                                    // one of its modes, not its default
	// resumes is what the transcript says when its process had died.
	resumes string
}

var realAgents = []realAgent{
	{
		name: "claude",
		env: func(model, _ string) map[string]string {
			return map[string]string{"ANTHROPIC_BASE_URL": model, "ANTHROPIC_API_KEY": "$REAL_KEY"}
		},
		signed: func(r fakemodel.Request) bool { return r.Header.Get("X-Api-Key") == realKey },
		model:  "haiku", asked: "haiku", mode: "plan", resumes: "goes on (by session/resume)",
	},
	{
		name: "codex",
		env: func(model, dir string) map[string]string {
			provider := fmt.Sprintf(`{"name":"fake","base_url":%q,"env_key":"REAL_KEY","wire_api":"responses"}`, model+"/v1")
			return map[string]string{
				// The newest models of codex take no patches by themselves.
				"CODEX_CONFIG": `{"model":"gpt-5.5","model_provider":"fake","check_for_update_on_startup":false,"model_providers":{"fake":` + provider + `}}`,
				"REAL_KEY":     "$REAL_KEY",
				// It refuses to work from a home below the temporary directory.
				"TMPDIR": filepath.Join(dir, "tmp"),
			}
		},
		signed: func(r fakemodel.Request) bool { return r.Header.Get("Authorization") == "Bearer "+realKey },
		model:  "gpt-6-sol", asked: "gpt-6-sol", mode: "agent", resumes: "goes on (by session/resume)",
	},
	{
		name: "opencode",
		env: func(model, _ string) map[string]string {
			return map[string]string{
				"OPENCODE_CONFIG_CONTENT": fmt.Sprintf(`{"provider":{"fake":{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":%q,"apiKey":"{env:REAL_KEY}"},"models":{"one":{"attachment":true,"modalities":{"input":["text","image"],"output":["text"]}},"two":{}}}},"model":"fake/one"}`, model+"/v1"),
				"REAL_KEY":                "$REAL_KEY",
			}
		},
		signed: func(r fakemodel.Request) bool { return r.Header.Get("Authorization") == "Bearer "+realKey },
		model:  "fake/two", asked: `"two"`, mode: "plan", resumes: "goes on (by session/resume)",
	},
	{
		name: "gemini",
		env: func(model, _ string) map[string]string {
			return map[string]string{"GOOGLE_GEMINI_BASE_URL": model, "GEMINI_API_KEY": "$REAL_KEY"}
		},
		signed: func(r fakemodel.Request) bool { return r.Header.Get("X-Goog-Api-Key") == realKey },
		model:  "gemini-3.8-flash", asked: "gemini-3.8-flash", mode: "plan", resumes: "given a summary of the earlier conversation",
	},
}

const (
	// agentsAtOnce is how many real agents run side by side: they are large.
	agentsAtOnce = 2
	// agentLimit is when a real agent hangs: on a busy machine one needs a minute
	// to begin.
	agentLimit = 3 * time.Minute
)

// eachRealAgent runs a test with each real agent, on a machine that has it and
// knows the model server by its configuration.
func eachRealAgent(t *testing.T, test func(t *testing.T, m *machine, a realAgent, model *fakemodel.Server)) {
	programs := os.Getenv(agentsVar)
	if programs == "" {
		t.Skipf("%s is not set: run scripts/agents.sh and set it to what that prints", agentsVar)
	}
	places := make(chan struct{}, agentsAtOnce)
	for _, a := range realAgents {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			places <- struct{}{}
			t.Cleanup(func() { <-places })
			model, err := fakemodel.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := model.Close(); err != nil {
					t.Error(err)
				}
			})
			// Not in /dev/shm: codex asks about nothing that it does there.
			m := newMachineIn(t, os.TempDir())
			m.env = append(m.env, "REAL_KEY="+realKey,
				"PATH="+filepath.Join(m.dir, "bin")+":"+programs+":"+os.Getenv("PATH"))
			if err := os.Mkdir(filepath.Join(m.dir, "tmp"), 0o700); err != nil {
				t.Fatal(err)
			}
			m.configure(a.name, "", a.env(model.URL(), m.dir))
			test(t, m, a, model)
		})
	}
}

// configure writes the configuration of one agent: more is lines of its table.
func (m *machine) configure(agent, more string, env map[string]string) {
	m.t.Helper()
	var config strings.Builder
	fmt.Fprintf(&config, "[create]\nagent_timeout = \"%s\"\n[agents.%s]\n%s\n[agents.%s.env]\n", agentLimit, agent, more, agent)
	for name, value := range env {
		fmt.Fprintf(&config, "%s = '%s'\n", name, value)
	}
	file := filepath.Join(m.dir, "home", ".config", "hf", "config.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// asked waits until the task asks for permission and returns what it asks.
func (m *machine) asked(id string) (api.TaskDetail, api.PermissionRequest) {
	m.t.Helper()
	var d api.TaskDetail
	m.until("task "+id+" asks", agentLimit, func() bool {
		d = m.task(id)
		if d.Status == api.StatusError {
			m.t.Fatalf("task %s: %s\n%s", id, d.Reason, m.try("logs", id).out)
		}
		return d.Status == api.StatusWaiting && len(d.Permissions) > 0
	})
	if len(d.Permissions) != 1 {
		m.t.Fatalf("open permissions: %+v, want one", d.Permissions)
	}
	return d, d.Permissions[0]
}

func (m *machine) idle(id string) {
	m.t.Helper()
	m.hf("wait", id, "--for", "idle", "--timeout", "150s")
}

// content is a file of the task's sandbox, "" when there is none.
func content(t *testing.T, d api.TaskDetail, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(d.Path, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// life is a task of a real agent. What is tried with one goes on where the part
// before it ended: an agent takes long to begin.
type life struct {
	*machine
	agent realAgent
	model *fakemodel.Server
	id    string
	died  int // pid that its agent had before it was killed
}

// The whole way with a real agent, from its first prompt to its end.
func TestRealAgentFromCreateToKill(t *testing.T) {
	eachRealAgent(t, func(_ *testing.T, m *machine, a realAgent, model *fakemodel.Server) {
		id := m.create("edit made.txt: by its own tool\nsay: That was the first part.", "--agent", a.name)
		l := &life{machine: m, agent: a, model: model, id: id}
		worksOnceItMay(l)
		isDenied(l)
		isInterrupted(l)
		getsFiles(l)
		asksAQuestion(l)
		isShownAtOnce(l)
		takesUpItsConversation(l)
		leavesNothing(l)
	})
}

// It edits a file by its own tool once it may, across a crash of the daemon; goes
// on with a follow-up; its work shows in the difference.
func worksOnceItMay(l *life) {
	d, p := l.asked(l.id)
	if p.Kind != "edit" || !strings.Contains(strings.Join(p.Paths, " "), "made.txt") {
		l.t.Errorf("it asks for %+v, want to edit made.txt", p)
	}
	if got := content(l.t, d, "made.txt"); got != "" {
		l.t.Errorf("the file holds %q before it was allowed", got)
	}

	agent := l.agentPID(l.id)
	l.killDaemon()
	if again, p2 := l.asked(l.id); p2.ID != p.ID || l.agentPID(l.id) != agent {
		l.t.Errorf("after a crash of the daemon: permission %s of pid %d (%s), was %s of pid %d", p2.ID, l.agentPID(l.id), again.Status, p.ID, agent)
	}
	l.hf("approve", l.id)
	l.idle(l.id)
	if got := content(l.t, d, "made.txt"); got != "by its own tool" {
		l.t.Errorf("the file holds %q", got)
	}

	l.hf("send", l.id, "run: cp made.txt copy.txt\nsay: That was the second part.")
	if _, p := l.asked(l.id); !strings.Contains(p.Command, "cp made.txt copy.txt") {
		l.t.Errorf("it asks for %+v, want to run cp", p)
	}
	l.hf("approve", l.id)
	l.idle(l.id)
	if got := l.text(l.id); !strings.Contains(got, "the first part") || !strings.Contains(got, "the second part") {
		l.t.Errorf("it said %q", got)
	}
	diff := l.hf("diff", l.id)
	for _, want := range []string{"made.txt", "copy.txt", "+by its own tool"} {
		if !strings.Contains(diff, want) {
			l.t.Errorf("the difference lacks %q:\n%s", want, diff)
		}
	}
	if !slices.ContainsFunc(l.model.Requests(), l.agent.signed) {
		l.t.Error("no request to the model carries the configured key")
	}
}

// What it is not allowed to do does not happen.
func isDenied(l *life) {
	l.hf("send", l.id, "edit denied.txt: x\nsay: over")
	d, _ := l.asked(l.id)
	l.hf("deny", l.id)
	l.untilStatus(l.id, api.StatusIdle) // codex ends its turn then, claude goes on
	if got := content(l.t, d, "denied.txt"); got != "" {
		l.t.Errorf("the file holds %q", got)
	}
	l.goesOn("still here after the denial")
}

func (l *life) goesOn(word string) {
	l.hf("send", l.id, "say: "+word, "--wait")
	if got := l.text(l.id); !strings.Contains(got, word) {
		l.t.Errorf("it said %q", got)
	}
}

// A command that it runs ends with an interrupt, and it goes on.
func isInterrupted(l *life) {
	l.hf("send", l.id, "run: touch begun && sleep 1234")
	d, _ := l.asked(l.id)
	l.hf("approve", l.id)
	l.until("the command runs", 30*time.Second, func() bool {
		_, err := os.Stat(filepath.Join(d.Path, "begun"))
		return err == nil
	})
	l.hf("interrupt", l.id)
	l.untilStatus(l.id, api.StatusIdle)
	l.until("the command ended", 10*time.Second, func() bool { return !slices.ContainsFunc(l.processes(), isSleep) })
	l.goesOn("still here after the interrupt")
}

func isSleep(pid int) bool { return strings.Contains(cmdline(pid), "sleep\x001234") }

// Files that go with a message reach the model: an image as such.
func getsFiles(l *life) {
	image := filepath.Join(l.dir, "dot.png")
	if err := os.WriteFile(image, dot(l.t), 0o600); err != nil {
		l.t.Fatal(err)
	}
	l.write("notes.txt", "the word is okapi\n")
	l.hf("send", l.id, "say: I see", "--attach", image, "--attach", "notes.txt", "--wait")
	picture := base64.StdEncoding.EncodeToString(dot(l.t))
	if !slices.ContainsFunc(l.model.Requests(), func(r fakemodel.Request) bool {
		return strings.Contains(r.Body, picture) && strings.Contains(r.Body, "the word is okapi")
	}) {
		l.t.Errorf("the model did not get the files:\n%s", l.hf("logs", l.id))
	}
	logs := l.hf("logs", l.id)
	for _, want := range []string{"dot.png (image/png, ", "notes.txt (text/plain, "} {
		if !strings.Contains(logs, want) {
			l.t.Errorf("the transcript does not say %q:\n%s", want, logs)
		}
	}
}

// dot is a picture.
func dot(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A question of claude waits for a person through a crash of the daemon, takes
// only what fits, and goes on with the answer. The others ask none.
func asksAQuestion(l *life) {
	if l.agent.name != "claude" {
		return
	}
	l.hf("send", l.id, "ask: Shall I?\nsay: So be it.")
	d, p := l.asked(l.id)
	if d.Activity != api.ActivityNeedsInput || p.Kind != api.PermissionKindInput || p.Question == nil || !strings.Contains(p.Title, "Shall I?") {
		l.t.Errorf("%s (%s): it asks %+v", d.Activity, d.Reason, p)
	}
	l.killDaemon()
	if _, again := l.asked(l.id); again.ID != p.ID {
		l.t.Errorf("after a crash question %s is open, was %s", again.ID, p.ID)
	}
	if r := l.try("approve", l.id); r.code != 2 || !strings.Contains(r.err, "hf send") {
		l.t.Errorf("approve: exit %d\n%s", r.code, r.err)
	}
	l.hf("send", l.id, "yes", "--wait")
	l.idle(l.id)
	if logs := l.hf("logs", l.id); !strings.Contains(logs, "So be it.") || !strings.Contains(logs, "› Yes") {
		l.t.Errorf("the transcript is\n%s", logs)
	}

	l.hf("send", l.id, "ask: And now?\nsay: Well then.")
	l.asked(l.id)
	l.hf("deny", l.id)
	l.idle(l.id)
}

// Its process has died: it goes on with its conversation. It takes it up again,
// or begins a new one with a summary of it. The transcript says which.
func takesUpItsConversation(l *life) {
	l.hf("send", l.id, "say: and again", "--wait")
	r, err := l.model.Await(l.t.Context(), func(r fakemodel.Request) bool { return r.Prompt == "say: and again" && !r.Aside })
	if err != nil {
		l.t.Fatal(err)
	}
	if !strings.Contains(r.Body, "the word is quagga") {
		l.t.Error("the model was not given what was said before the agent died")
	}
	if now := l.agentPID(l.id); now == l.died || !running(now) {
		l.t.Errorf("agent pid is %d, was %d", now, l.died)
	}
	if logs := l.hf("logs", l.id); !strings.Contains(logs, l.agent.resumes) {
		l.t.Errorf("the transcript does not say %q:\n%s", l.agent.resumes, logs)
	}
}

func leavesNothing(l *life) {
	l.hf("kill", l.id, "--yes")
	l.untilStatus(l.id, api.StatusKilled)
	l.hf("backend", "stop")
	l.until("nothing is left", 10*time.Second, func() bool { return len(l.processes()) == 0 })
}

// A model that fails: what a real agent shows of it. The model and the mode are
// those that a person named.
func TestRealAgentWithAModelThatFails(t *testing.T) {
	eachRealAgent(t, func(_ *testing.T, m *machine, a realAgent, model *fakemodel.Server) {
		m.configure(a.name, `quiet_after = "2s"`, a.env(model.URL(), m.dir))
		id := m.create("say: with that model", "--agent", a.name, "--model", a.model, "--mode", a.mode)
		m.idle(id)
		l := &life{machine: m, agent: a, model: model, id: id}
		hasItsModelAndMode(l)
		tellsOfFailure(l)
		isShownToBeSilent(l)
	})
}

// The model and the mode that a person names are the agent's, and one that it
// does not have is an error that lists those it has.
func hasItsModelAndMode(l *life) {
	d := l.task(l.id)
	if d.Model != l.agent.model || d.Mode != l.agent.mode {
		l.t.Errorf("the task shows model %q and mode %q", d.Model, d.Mode)
	}
	if !slices.ContainsFunc(l.entries(l.id), func(e api.Entry) bool { return e.Kind == api.EntryMode && e.Mode == l.agent.mode }) {
		l.t.Errorf("the agent is not in mode %s:\n%s", l.agent.mode, l.hf("logs", l.id))
	}
	if !slices.ContainsFunc(l.model.Requests(), func(r fakemodel.Request) bool {
		return r.Prompt != "" && strings.Contains(r.Path+r.Body, l.agent.asked)
	}) {
		l.t.Errorf("no request asks for the model %s:\n%s", l.agent.asked, l.hf("logs", l.id))
	}
	r := l.try("create", "--agent", l.agent.name, "--mode", "no-such-mode", "say: never")
	if r.code != 2 || !strings.Contains(r.err, "no-such-mode") || !strings.Contains(r.err, l.agent.mode) {
		l.t.Errorf("an unknown mode: exit %d\n%s", r.code, r.err)
	}
}

// A failure of the model is never shown as success. An agent that tries again
// and says nothing is shown to be silent.
func tellsOfFailure(l *life) {
	for _, tt := range []struct {
		fault fakemodel.FaultKind
		want  api.StopReason
	}{
		{fakemodel.RateLimited, api.StopLimit},
		{fakemodel.BadRequest, api.StopError},
	} {
		before := len(l.ends())
		l.model.Fail(fakemodel.Fault{Kind: tt.fault, Reset: fakemodel.Duration(20 * time.Minute)})
		if l.agent.name == "opencode" && tt.fault == fakemodel.RateLimited {
			l.isSilent()
			l.model.Fail(fakemodel.Fault{})
			l.hf("interrupt", l.id)
			l.untilStatus(l.id, api.StatusIdle)
			continue
		}
		l.hf("send", l.id, "say: never said")
		var ends []api.StopReason
		l.until("the turn ends", agentLimit, func() bool {
			ends = l.ends()
			return len(ends) > before
		})
		if stop := ends[len(ends)-1]; stop != tt.want {
			l.t.Errorf("%s: the turn ended by %q, want %q\n%s", tt.fault, stop, tt.want, l.hf("logs", l.id))
		}
	}
}

// ends lists how its turns ended.
func (l *life) ends() (all []api.StopReason) {
	for _, e := range l.entries(l.id) {
		if e.Kind == api.EntryTurnEnd {
			all = append(all, e.StopReason)
		}
	}
	return all
}

// A model server that does not answer is shown as the silence it is, and it ends
// with the first word. That opencode is silent, its usage limit shows.
func isShownToBeSilent(l *life) {
	if l.agent.name == "opencode" {
		return
	}
	l.model.Fail(fakemodel.Fault{Kind: fakemodel.Hang})
	l.isSilent()
	l.model.Fail(fakemodel.Fault{})
	l.hf("interrupt", l.id)
	if d := l.untilStatus(l.id, api.StatusIdle); strings.Contains(d.Reason, "no answer") {
		l.t.Errorf("the reason is %q", d.Reason)
	}
}

// isSilent sends a message and waits until the task is shown as one whose agent
// says nothing.
func (l *life) isSilent() {
	l.t.Helper()
	before := len(l.ends())
	l.hf("send", l.id, "say: never said")
	l.until("the silence is shown", agentLimit, func() bool {
		if n := len(l.ends()); n > before {
			l.t.Fatalf("the turn ended:\n%s", l.hf("logs", l.id))
		}
		return strings.HasPrefix(l.task(l.id).Reason, "no answer from the model for ")
	})
	if said := l.hf("show", l.id, "--explain"); !strings.Contains(said, "last word of the agent") {
		l.t.Errorf("the facts are\n%s", said)
	}
}

// Nobody is signed in: hf says so and how to, and no agent goes to a model that
// nobody chose.
func TestRealAgentWithoutCredentials(t *testing.T) {
	eachRealAgent(t, func(t *testing.T, m *machine, a realAgent, model *fakemodel.Server) {
		env := a.env(model.URL(), m.dir)
		maps.DeleteFunc(env, func(name, _ string) bool { return name != "TMPDIR" && name != "ANTHROPIC_BASE_URL" })
		m.configure(a.name, "", env)
		id := m.create("say: never said", "--agent", a.name)
		var said string
		m.until("it says what is missing", agentLimit, func() bool {
			d := m.task(id)
			said = d.Reason
			if d.Operation != nil && d.Operation.Error != nil {
				said += " " + d.Operation.Error.Hint
			}
			for _, e := range m.entries(id) {
				if e.Error != nil && e.Error.Code == api.CodeUnauthorized {
					said += " " + e.Error.Message + " " + e.Error.Hint
					return true
				}
			}
			return false
		})
		if !strings.Contains(strings.ToLower(said), "sign in") {
			t.Errorf("it says %q", said)
		}
		m.until("the task shows it", 30*time.Second, func() bool {
			d := m.task(id)
			return (d.Status == api.StatusError || d.Status == api.StatusIdle) && d.Reason != ""
		})
		if slices.ContainsFunc(model.Requests(), func(r fakemodel.Request) bool { return r.Prompt != "" && r.Header.Get("X-Api-Key") != "" }) {
			t.Error("a key was sent to the model that nobody gave")
		}
	})
}
