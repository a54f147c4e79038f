package render

import (
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func transcript(t *testing.T, entries ...api.Entry) string {
	t.Helper()
	var b strings.Builder
	p := NewTranscript(&b, iostreams.Style{}, "k3f9", "/sandbox")
	for _, e := range entries {
		if err := p.Print(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.End(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTranscript(t *testing.T) {
	reset := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	tests := []struct {
		name    string
		entries []api.Entry
		want    string
	}{
		{"paths are those of the session's directory", []api.Entry{
			{Kind: api.EntrySession, Text: "a new session", Cwd: "/other"},
			{Kind: api.EntryTool, Tool: &api.ToolCall{ID: "1", Title: "Write", Kind: "edit", Diffs: []api.ToolDiff{{Path: "/other/a/b"}}}},
		}, "a new session\n• Write (edit)\n    a/b (+0 -0, new file)\n"},
		{"chunks run together", []api.Entry{
			{Kind: api.EntryUser, Text: "do\nit"},
			{Kind: api.EntryText, Text: "Let me "},
			{Kind: api.EntryText, Text: "see.\nI "},
			{Kind: api.EntryThought, Text: "hm"},
			{Kind: api.EntryThought, Text: ", so\n"},
			{Kind: api.EntryText, Text: "done"},
			{Kind: api.EntryTurnEnd, StopReason: api.StopEndTurn, Usage: &api.Usage{InputTokens: new(int64(3)), OutputTokens: new(int64(4))}},
		}, "\n› do\n  it\nLet me see.\nI \n  hm, so\ndone\n── turn ended (3 tokens in, 4 out)\n"},
		{"another message begins a line", []api.Entry{
			{Kind: api.EntryText, MessageID: "1", Text: "one"},
			{Kind: api.EntryText, MessageID: "2", Text: "two"},
		}, "one\ntwo\n"},
		{"a tool", []api.Entry{
			{Kind: api.EntryTool, Tool: &api.ToolCall{ID: "t", Title: "Run tests", Kind: "execute", Command: "go test", Status: "pending"}},
			{Kind: api.EntryTool, Tool: &api.ToolCall{ID: "t", Title: "Run tests", Kind: "execute", Command: "go test", Status: "in_progress", Output: "ok a\nFA"}},
			{Kind: api.EntryTool, Tool: &api.ToolCall{ID: "t", Title: "Run tests", Kind: "execute", Command: "go test", Status: "in_progress", Output: "IL b\n"}},
			{Kind: api.EntryTool, Tool: &api.ToolCall{ID: "t", Title: "Run tests", Kind: "execute", Command: "go test", Status: "failed", ExitCode: new(2)}},
		}, "• Run tests (execute)\n    $ go test\n    ok a\n    FAIL b\n    failed (exit 2)\n"},
		{"an edit", []api.Entry{
			{Kind: api.EntryTool, Tool: &api.ToolCall{ID: "t", Title: "Edit", Status: "completed", Diffs: []api.ToolDiff{
				{Path: "/sandbox/a/b.go", Old: new("x\n"), New: "y\nz"}, {Path: "/else/c", New: "n\n"},
			}}},
		}, "• Edit\n    a/b.go (+2 -1)\n    /else/c (+1 -0, new file)\n"},
		{"a plan", []api.Entry{{Kind: api.EntryPlan, Plan: []api.PlanEntry{
			{Content: "a", Status: "completed"}, {Content: "b", Status: "in_progress"}, {Content: "c", Status: "pending"},
		}}}, "Plan\n  [x] a\n  [~] b\n  [ ] c\n"},
		{"a permission", []api.Entry{
			{Kind: api.EntryPermission, Permission: &api.PermissionRequest{
				ID: "c3f2", Title: "Run ls", Command: "ls\x1b[8m; rm -rf ~", Paths: []string{"a"}, Diff: "-x\n+y\n",
				Options: []api.PermissionOption{{ID: "1", Name: "Allow"}, {ID: "2", Name: "Deny"}},
			}},
			{Kind: api.EntryResolved, Permission: &api.PermissionRequest{ID: "c3f2", State: api.PermissionDenied}},
		}, "? permission c3f2: Run ls\n    command: \"ls\\x1b[8m; rm -rf ~\" (4 hidden bytes)\n    path: a\n    -x\n    +y\n    answers: 1 Allow · 2 Deny\n" +
			"    `hf approve k3f9 c3f2` or `hf deny k3f9 c3f2`\n✗ denied c3f2\n"},
		{"ends that are not well", []api.Entry{
			{Kind: api.EntryStderr, Text: "oops\n"},
			{Kind: api.EntryError, Error: &api.Error{Message: "bad\nworse", Hint: "fix it"}},
			{Kind: api.EntryTurnEnd, StopReason: api.StopError},
			{Kind: api.EntryLimit, Text: "no more", ResetAt: &reset},
			{Kind: api.EntryQuestion, Text: "which?"},
			{Kind: api.EntryExit, Exit: &api.ExitEvent{Signal: "killed"}},
		}, "stderr: oops\nerror: bad\n  worse\nhint: fix it\n── turn ended: error\nusage limit: no more, resets 2026-01-02 03:04:05\n? which?\nthe agent was ended by killed\n"},
		{"nothing reaches the terminal", []api.Entry{
			{Kind: api.EntryText, Text: "a\x1b]0;pwned\x07b\x1b[2Jc"},
			{Kind: api.EntryOther, Raw: []byte(`"\u001b[2J"`)},
		}, "abc\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := transcript(t, tt.entries...); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestElapsedAndAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1234 * time.Microsecond: "1ms", 3210 * time.Millisecond: "3.2s", 95 * time.Second: "1m35s", 2*time.Hour + 5*time.Minute: "2h5m",
	} {
		if got := Elapsed(d); got != want {
			t.Errorf("Elapsed(%v) = %s, want %s", d, got, want)
		}
	}
	now := time.Now()
	for d, want := range map[time.Duration]string{-time.Second: "0s", 59 * time.Second: "59s", 119 * time.Minute: "1h", 47 * time.Hour: "47h", 72 * time.Hour: "3d"} {
		if got := Age(now, now.Add(-d)); got != want {
			t.Errorf("Age(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestPatchIsColouredByLine(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	io.SetColor(true)
	patch := "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- old\n+new\n same\n"
	got := Patch(io.OutStyle(), patch)
	for _, want := range []string{"\x1b[1m--- a/x\x1b[0m\n", "\x1b[31m--- old\x1b[0m\n", "\x1b[32m+new\x1b[0m\n", "\n same\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if got := Patch(iostreams.Style{}, patch); got != patch {
		t.Errorf("without colour the patch became %q", got)
	}
}
