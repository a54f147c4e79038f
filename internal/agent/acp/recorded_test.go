package acp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// recording reads what a real agent and hf said to one another.
func recording(t *testing.T, file string) []journal.Record {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := []journal.Record{{Kind: journal.Start, Data: []byte(`{"pid":1,"startTime":1,"bootId":"b"}`)}}
	for line := range strings.Lines(string(b)) {
		var said struct {
			Dir  string          `json:"dir"`
			Line json.RawMessage `json:"line"`
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		kind := map[string]journal.Kind{"in": journal.In, "out": journal.Out}[said.Dir]
		out = append(out, journal.Record{Kind: kind, Data: append(said.Line, '\n')})
	}
	return number(out)
}

// How each recorded session goes: the ends of its turns, and what was asked of
// a person and became of it.
var recordings = map[string]string{
	"claude-edit":         "allowed end_turn allowed end_turn",
	"claude-reject":       "denied end_turn end_turn",
	"claude-cancel":       "cancelled cancelled end_turn",
	"claude-cancel-shell": "allowed cancelled end_turn",
	"claude-limit":        "limit end_turn",
	"claude-refused":      "error end_turn",
	"claude-noauth":       "error",
	"claude-question":     "allowed end_turn allowed end_turn cancelled end_turn",
	"claude-resume":       "end_turn allowed end_turn",
	"codex-edit":          "allowed end_turn allowed end_turn",
	"codex-reject":        "denied cancelled end_turn",
	"codex-cancel":        "cancelled cancelled end_turn",
	"codex-cancel-shell":  "allowed cancelled end_turn",
	"codex-limit":         "limit end_turn",
	"codex-refused":       "error end_turn",
	"codex-noauth":        "error",
	"codex-broken-stream": "error end_turn",
	"codex-resume":        "end_turn allowed end_turn",
	"opencode-turns":      "allowed end_turn allowed end_turn denied end_turn allowed cancelled",
	"opencode-refused":    "error",
	"opencode-noauth":     "",
	"gemini-turns":        "allowed end_turn allowed end_turn denied end_turn allowed cancelled",
	"gemini-refused":      "error",
	"gemini-noauth":       "",
}

// What real agents say is understood, the same whoever reads on from wherever.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(recordings) {
		t.Errorf("%d recordings, and %d are told of", len(files), len(recordings))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			want, ok := recordings[name]
			if !ok {
				t.Fatal("nothing says how it goes")
			}
			cfg := Config{Cwd: "/w", Permission: api.PermissionAsk, SignIn: "sign in", Hosted: map[bool]string{true: "opencode/"}[strings.HasPrefix(name, "opencode")]}
			if strings.HasSuffix(name, "-resume") {
				cfg.Resume, cfg.ResumeMethod = "earlier", ResumeByID
			}
			records := recording(t, file)
			m := New(cfg)
			var went []string
			for _, rec := range records {
				for _, e := range m.Feed(rec) {
					switch e.Kind { //nolint:exhaustive // the rest is no outcome
					case api.EntryTurnEnd:
						went = append(went, string(e.StopReason))
					case api.EntryResolved:
						went = append(went, string(e.Permission.State))
					}
				}
				again, err := Restore(cfg, m.Snapshot())
				if err != nil {
					t.Fatal(err)
				}
				if got, want := fmt.Sprintf("%+v", again.Facts()), fmt.Sprintf("%+v", m.Facts()); got != want {
					t.Fatalf("restored facts\n%s\nwant\n%s", got, want)
				}
			}
			if got := strings.Join(went, " "); got != want {
				t.Errorf("it went %q, want %q", got, want)
			}
			f := m.Facts()
			if f.Garbage > 0 || f.Turn != "" || len(f.OpenPermissions) > 0 || len(f.Questions) > 0 {
				t.Errorf("left behind: %+v", f)
			}
			// Some agents say only in the first turn that nobody is signed in.
			noAuth := strings.HasSuffix(name, "-noauth") && !strings.Contains(want, "error")
			if noAuth && (f.Err == nil || f.Err.Code != api.CodeUnauthorized) || !noAuth && f.Err != nil {
				t.Errorf("it failed by %+v", f.Err)
			}
		})
	}
}
