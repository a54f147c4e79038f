package demo_test

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/agent/agenttest"
	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/internal/agent/probe"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

const asAgent = "HF_TEST_RUN_DEMO_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := demo.Main(ctx, nil, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func command(t *testing.T) (argv, env []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{exe}, []string{asAgent + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
}

func config(cwd string, permission api.Permission) acp.Config {
	return acp.Config{
		ClientVersion: "test", Cwd: cwd, ResumeMethod: acp.ResumeByID, Mode: string(permission), Permission: permission,
	}
}

func TestContract(t *testing.T) {
	argv, env := command(t)
	agenttest.Run(t, agenttest.Agent{
		Argv: argv, Env: env, Config: config,
		Say: "say: hello there", SayReply: "hello there",
		Act: "run: echo yes > made.txt", ActFile: "made.txt",
		Slow: "stream: 1000 every 20ms",
	})
}

// agent is a running demo agent.
type agent struct {
	*probe.Peer
	t   *testing.T
	ctx context.Context
	dir string
	n   int
}

func start(t *testing.T, permission api.Permission) *agent {
	t.Helper()
	argv, env := command(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	dir := t.TempDir()
	peer, err := probe.Start(ctx, xec.Cmd{Argv: argv, Env: env, Dir: dir}, config(dir, permission))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(peer.Stop)
	a := &agent{Peer: peer, t: t, ctx: ctx, dir: dir}
	a.wait(func(f acp.Facts) bool { return f.Ready })
	return a
}

func (a *agent) wait(reached func(acp.Facts) bool) {
	a.t.Helper()
	if err := a.Wait(a.ctx, reached); err != nil {
		a.t.Fatalf("%v; %+v", err, a.Facts())
	}
}

// begin gives a prompt and returns its id.
func (a *agent) begin(lines ...string) string {
	a.t.Helper()
	a.n++
	id := strconv.Itoa(a.n)
	if err := a.Prompt(id, strings.Join(lines, "\n")); err != nil {
		a.t.Fatal(err)
	}
	return id
}

// end waits for the turn's end and returns its entries.
func (a *agent) end(id string) []api.Entry {
	a.t.Helper()
	var turn []api.Entry
	a.wait(func(acp.Facts) bool {
		turn = slices.DeleteFunc(a.Entries(), func(e api.Entry) bool { return e.Turn != id })
		return len(turn) > 0 && turn[len(turn)-1].Kind == api.EntryTurnEnd
	})
	return turn
}

// do carries a script out and returns the entries of its turn.
func (a *agent) do(lines ...string) []api.Entry {
	a.t.Helper()
	return a.end(a.begin(lines...))
}

func (a *agent) file(name string) string {
	a.t.Helper()
	b, err := os.ReadFile(filepath.Join(a.dir, name))
	if err != nil {
		a.t.Error(err)
	}
	return string(b)
}

func stop(turn []api.Entry) api.StopReason { return turn[len(turn)-1].StopReason }

func text(turn []api.Entry, kind api.EntryKind) string {
	var b strings.Builder
	for _, e := range turn {
		if e.Kind == kind {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// tool is the last state of the only tool call of a turn, with all its output.
func tool(t *testing.T, turn []api.Entry) api.ToolCall {
	t.Helper()
	var out api.ToolCall
	var output strings.Builder
	for _, e := range turn {
		if e.Tool == nil {
			continue
		}
		if out.ID != "" && out.ID != e.Tool.ID {
			t.Fatalf("more than one tool call: %+v", turn)
		}
		diffs := out.Diffs
		out = *e.Tool
		if out.Diffs == nil {
			out.Diffs = diffs
		}
		output.WriteString(e.Tool.Output)
	}
	out.Output = output.String()
	return out
}

func TestWords(t *testing.T) {
	a := start(t, api.PermissionAsk)
	turn := a.do(`say: one\ntwo`, "think: hm", "plan: first; second;", "stream: 3 every 1ms")
	if got, want := text(turn, api.EntryText), "one\ntwoline 1 of 3\nline 2 of 3\nline 3 of 3\n"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if got := text(turn, api.EntryThought); got != "hm" {
		t.Errorf("thought %q", got)
	}
	for _, e := range turn {
		if e.Kind == api.EntryPlan && (len(e.Plan) != 2 || e.Plan[1].Content != "second") {
			t.Errorf("plan %+v", e.Plan)
		}
	}
	if stop(turn) != api.StopEndTurn {
		t.Errorf("ended with %s", stop(turn))
	}
}

func TestFiles(t *testing.T) {
	a := start(t, api.PermissionAsk)
	turn := a.do("write sub/a.txt: one")
	c := tool(t, turn)
	path := filepath.Join(a.dir, "sub/a.txt")
	if c.Status != "completed" || c.Kind != "edit" || len(c.Diffs) != 1 || c.Diffs[0].Path != path || c.Diffs[0].Old != nil || c.Diffs[0].New != "one\n" {
		t.Errorf("tool %+v", c)
	}
	turn = a.do("append sub/a.txt: two")
	if c := tool(t, turn); c.Diffs[0].Old == nil || *c.Diffs[0].Old != "one\n" {
		t.Errorf("tool %+v", c)
	}
	if got := a.file("sub/a.txt"); got != "one\ntwo\n" {
		t.Errorf("file %q", got)
	}
	if c := tool(t, a.do("read sub/a.txt")); c.Output != "one\ntwo\n" || c.Status != "completed" {
		t.Errorf("tool %+v", c)
	}
	if c := tool(t, a.do("write "+path+": by its full name")); c.Status != "completed" {
		t.Errorf("tool %+v", c)
	}
}

func TestFilesStayInside(t *testing.T) {
	a := start(t, api.PermissionAll)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(a.dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"write ../escaped: x", "write " + outside + "/escaped: x", "write link/escaped: x", "append link/escaped: x", "read ../secret", "read missing"} {
		turn := a.do(line)
		if c := tool(t, turn); c.Status != "failed" || c.Output == "" {
			t.Errorf("%s: tool %+v", line, c)
		}
		if stop(turn) != api.StopEndTurn {
			t.Errorf("%s: ended with %s", line, stop(turn))
		}
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("written outside: %v, %v", left, err)
	}
}

func TestRun(t *testing.T) {
	a := start(t, api.PermissionAll)
	c := tool(t, a.do("run: echo out; echo err >&2; exit 3"))
	if c.Status != "failed" || c.ExitCode == nil || *c.ExitCode != 3 || !strings.Contains(c.Output, "out\n") || !strings.Contains(c.Output, "err\n") {
		t.Errorf("tool %+v", c)
	}
	if c.Command != "echo out; echo err >&2; exit 3" {
		t.Errorf("command %q", c.Command)
	}
	if c := tool(t, a.do("run: pwd")); c.Status != "completed" || strings.TrimSpace(c.Output) != a.dir {
		t.Errorf("tool %+v in %s", c, a.dir)
	}
}

// answer waits for a permission request and answers it.
func (a *agent) answer(kind string) api.PermissionRequest {
	a.t.Helper()
	a.wait(func(f acp.Facts) bool { return len(f.OpenPermissions) > 0 })
	p := a.Facts().OpenPermissions[0]
	for _, o := range p.Options {
		if o.Kind == kind {
			if err := a.Answer(p.ID, o.ID); err != nil {
				a.t.Fatal(err)
			}
			return p
		}
	}
	a.t.Fatalf("no option %s in %+v", kind, p)
	return p
}

func TestPermissions(t *testing.T) {
	a := start(t, api.PermissionEdits)
	id := a.begin("run: echo no > f")
	if p := a.answer("reject_once"); p.Command != "echo no > f" || p.Kind != "execute" {
		t.Errorf("asked %+v", p)
	}
	if c := tool(t, a.end(id)); c.Status != "failed" || c.Output != "not allowed" {
		t.Errorf("tool %+v", c)
	}
	id = a.begin("run: echo yes > f", "run: echo more >> f")
	a.answer("allow_always")
	if turn := a.end(id); stop(turn) != api.StopEndTurn || a.file("f") != "yes\nmore\n" {
		t.Errorf("turn %+v", turn)
	}
	id = a.begin("ask: Really?")
	if p := a.answer("reject_once"); p.Title != "Really?" || len(p.Options) != 2 {
		t.Errorf("asked %+v", p)
	}
	if got := text(a.end(id), api.EntryText); got != "denied: Really?" {
		t.Errorf("said %q", got)
	}
	id = a.begin("ask: Really?")
	a.answer("allow_once")
	if got := text(a.end(id), api.EntryText); got != "allowed: Really?" {
		t.Errorf("said %q", got)
	}
}

func TestInput(t *testing.T) {
	a := start(t, api.PermissionAsk)
	turn := a.do("say: hm", "input: Which colour?", "say: thanks")
	if f := a.Facts(); stop(turn) != api.StopEndTurn || f.Activity != api.ActivityNeedsInput || !strings.Contains(f.Reason, "Which colour?") {
		t.Errorf("facts %+v", f)
	}
	if got := text(a.do("blue"), api.EntryText); got != "You answered: bluethanks" {
		t.Errorf("said %q", got)
	}
	if f := a.Facts(); f.Activity != api.ActivityIdle {
		t.Errorf("facts %+v", f)
	}
}

func TestPlainPrompt(t *testing.T) {
	a := start(t, api.PermissionAsk)
	turn := a.do("Fix the login bug", "It is urgent")
	if got := a.file("demo/fix-the-login-bug-it-is-urgent.md"); !strings.Contains(got, "It is urgent") {
		t.Errorf("file %q", got)
	}
	if !strings.Contains(text(turn, api.EntryText), "Fix the login bug") || stop(turn) != api.StopEndTurn {
		t.Errorf("turn %+v", turn)
	}
}

func TestCommit(t *testing.T) {
	for _, identity := range []bool{false, true} {
		a := start(t, api.PermissionAll)
		git := func(args ...string) string {
			t.Helper()
			out, err := xec.Output(t.Context(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: a.dir, Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + a.dir}})
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(string(out))
		}
		git("init", "-q")
		want := "hf demo agent <demo-agent@hf.invalid>"
		if identity {
			git("config", "user.name", "Ada")
			git("config", "user.email", "ada@example.org")
			want = "Ada <ada@example.org>"
		}
		turn := a.do("write a.txt: one", `commit: add a\n\nbecause`)
		if stop(turn) != api.StopEndTurn {
			t.Fatalf("turn %+v", turn)
		}
		if got := git("log", "-1", "--format=%an <%ae>|%s|%b"); got != want+"|add a|because" {
			t.Errorf("commit %q, want by %s", got, want)
		}
		if got := git("status", "--porcelain"); got != "" {
			t.Errorf("left %q", got)
		}
		if c := tool(t, a.do("commit: nothing")); c.Status != "failed" {
			t.Errorf("an empty commit: %+v", c)
		}
	}
}
