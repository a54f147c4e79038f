package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hf-dev/hf/pkg/api"
)

// hostile is text that a terminal obeys, or is misled by, in most ways there
// are.
const hostile = "A\x1b[2JB\x1b]0;title\x07C\x1b]52;c;aGk=\x1b\\D\x1bPq\x1b\\E\u009b31mF\u009d0;x\u009cG\u202eH\u2066I\rJ\bK\x7fL\U000e0041M\x0eN\x1b[8mO\x1bcP"

// oddBranch is a name that git takes.
const oddBranch = "odd-\u009b31m\u202e"

// What agents, repositories and servers say reaches a terminal, by whatever
// way, without a byte that it would obey; programs get it as it was.
func TestNothingObeysTheTerminal(t *testing.T) {
	m := newMachine(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintln(w, hostile)
	}))
	defer server.Close()
	m.writeConfig(fmt.Sprintf("[agents.garbage]\ncommand = [\"sh\", \"-c\", %q]\n[agents.quits]\ncommand = [\"sh\", \"-c\", %q]\n",
		`printf '`+hostileFormat+`\n'; exec sleep 4242`, `printf '`+hostileFormat+`\n' >&2; exit 3`))
	m.repo = m.oddRepo()
	tasks := m.hostileTasks()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	show := func(stdin string, args ...string) {
		t.Helper()
		for _, terminal := range []bool{false, true} {
			there := *m
			if terminal {
				there.env = append(slices.Clip(m.env), "HF_FORCE_TTY=100", "TERM=xterm")
			}
			r := there.tryIn(ctx, stdin, args...)
			if args[0] == "diff" && len(args) == 2 && !terminal {
				r.out = "" // into a pipe goes the patch itself, to be applied
			}
			for name, text := range map[string]string{"stdout": r.out, "stderr": r.err} {
				if found := obeyed(text, terminal); found != "" {
					t.Errorf("hf %.60q (terminal: %v): %s of it has %s:\n%.2000q", args, terminal, name, found, text)
				}
			}
		}
	}
	for _, id := range tasks {
		for _, args := range [][]string{
			{"show", id},
			{"show", id, "--explain"},
			{"logs", id},
			{"diff", id},
			{"diff", id, "--stat"},
			{"wait", id, "--timeout", "1s"},
			{"approve", id, "nope"},
			{"__complete", "approve", id, ""},
			{"history", "--task", id},
			{"switch", id},
		} {
			show("", args...)
		}
		show("", "attach", id)
	}
	for _, args := range [][]string{
		{"list"},
		{"list", "--all"},
		{"approvals"},
		{"status"},
		{"history"},
		{"statusline"},
		{"statusline", "--format", "tmux"},
		{"repo", "list"},
		{"__complete", "show", ""},
		{"__complete", "show", "o"},
		{"__complete", "create", "--repo", ""},
		{"backend", "inspect"},
		{"backend", "logs"},
		{"doctor"},
		{"agent", "list"},
		{"agent", "test", "garbage"},
		{"agent", "test", "quits"},
		{"show", hostile},
		{"logs", hostile},
		{"create", "--branch", hostile, "x"},
		{"create", "--base", hostile, "x"},
		{"create", "--on", hostile, "x"},
		{"create", "--on", oddBranch, "x"},
		{"create", "--agent", hostile, "x"},
		{"create", "--repo", hostile, "x"},
		{hostile},
		{"list", "--" + hostile},
		{"list", "--status", hostile},
		{"repo", "add", server.URL + "/o/n"},
		{"create", "--repo", server.URL + "/o/m", "--agent", "demo", "x"},
		{"create", "--agent", "garbage", "x"},
		{"create", "--agent", "quits", "x"},
		{"create", "--agent", "demo", "--wait", "say: " + hostile + "\nfail: " + hostile},
		{"create", "--agent", "demo", "--wait", "input: " + hostile},
		{"send", "-", "--wait", "ask: " + hostile},
		{"approve", "-"},
		{"kill", "--yes", "-"},
	} {
		show("", args...)
	}
	m.writeConfig("workspace = \"" + hostile + "\"\n")
	m.hf("backend", "stop")
	show("", "list")
}

// hostileFormat is hostile for printf(1).
var hostileFormat = func() string {
	var b strings.Builder
	for _, c := range []byte(hostile) {
		fmt.Fprintf(&b, `\%03o`, c)
	}
	return b.String()
}()

// oddRepo is a repository whose directory, branch and files have odd names.
func (m *machine) oddRepo() string {
	m.t.Helper()
	name := strings.NewReplacer("/", "", "\x00", "").Replace(hostile)
	dir := m.makeRepo(name)
	there := *m
	there.repo = dir
	there.write(name, "one\n")
	there.write("README", "hello\n")
	there.git("add", ".")
	there.git("commit", "-q", "-m", hostile)
	there.git("branch", oddBranch)
	return dir
}

// hostileTasks makes tasks that say, ask, do and fail in hostile ways, and
// checks that JSON has it all as it was.
func (m *machine) hostileTasks() (ids []string) {
	m.t.Helper()
	const line = "\u009b31m\u202e\x1b[31m"
	create := func(prompt string, args ...string) string {
		args = append([]string{"create", "--agent", "demo", "--no-wait", "--json", "--permission", "all"}, args...)
		r := m.tryIn(m.t.Context(), prompt, append(args, "-F", "-")...)
		if r.code != 0 {
			m.t.Fatalf("exit %d\n%s", r.code, r.err)
		}
		id := decode[api.Task](m, r.out).ID
		ids = append(ids, id)
		return id
	}
	prompt := "say: " + hostile + "\nthink: " + hostile + "\nplan: " + line + "; b" + "\nrun: printf '" + hostileFormat + "\\n'; printf '" + hostileFormat + "' > README; printf x > \"$(printf '" +
		strings.ReplaceAll(hostileFormat, `\057`, "") + "')2\""
	said := create(prompt, "--title", hostile, "--check", "printf '"+hostileFormat+"\\n'; exit 1")
	asks := create("ask: "+hostile, "--permission", "ask", "--branch", "asks")
	input := create("input: " + hostile)
	failed := create("fail: " + hostile)
	create("exit: 3")
	m.untilStatus(asks, api.StatusWaiting)
	m.untilStatus(input, api.StatusWaiting)
	m.until("the turn failed", 50*time.Second, func() bool { return m.task(failed).Result != nil })
	m.until("the check failed", 50*time.Second, func() bool { r := m.task(said).Result; return r != nil && r.Check != nil })
	d := m.task(said)
	if d.Prompt != prompt {
		m.t.Errorf("the prompt is %q", d.Prompt)
	}
	if !strings.Contains(d.Title, "\u009b31mF") || !strings.Contains(d.Title, "\x1b[2J") {
		m.t.Errorf("the title is %q", d.Title)
	}
	if got := m.text(said); !strings.Contains(got, hostile) {
		m.t.Errorf("the agent said %q", got)
	}
	if st, err := os.ReadFile(filepath.Join(d.Path, "README")); err != nil || string(st) != hostile {
		m.t.Errorf("README holds %q, %v", st, err)
	}
	return ids
}

// byHf are the sequences of hf's own that terminals get: colours, and the one
// that draws a line of progress anew.
var byHf = regexp.MustCompile("\x1b\\[[0-9;:]*m|\r\x1b\\[K")

// obeyed names what a terminal would obey in a text, or "".
func obeyed(text string, terminal bool) string {
	if terminal {
		text = byHf.ReplaceAllString(text, "")
	}
	if !utf8.ValidString(text) {
		return "bytes that are no UTF-8"
	}
	for _, r := range text {
		switch {
		case r == '\n', r == '\t':
		case r < ' ', r >= 0x7f && r <= 0x9f, r >= 0x200e && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r >= 0xe0000 && r <= 0xe007f:
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}
