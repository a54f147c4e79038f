package acp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// talk is a machine and the journal that grows under it.
type talk struct {
	t       *testing.T
	m       *Machine
	at      int64
	now     time.Time
	entries []api.Entry
}

func newTalk(t *testing.T, cfg Config) *talk {
	k := &talk{t: t, m: New(cfg), now: epoch}
	k.feed(journal.Start, `{"pid":7,"startTime":1,"bootId":"b"}`)
	return k
}

func (k *talk) feed(kind journal.Kind, data string) []api.Entry {
	k.now = k.now.Add(time.Second)
	rec := journal.Record{Kind: kind, Data: []byte(data), Offset: k.at, Next: k.at + int64(len(data)) + 1, Time: k.now}
	k.at = rec.Next
	got := k.m.Feed(rec)
	k.entries = append(k.entries, got...)
	return got
}

func (k *talk) agent(line string) []api.Entry { return k.feed(journal.Out, line+"\n") }

// due writes what is due and returns it.
func (k *talk) due() []string {
	var keys []string
	for _, d := range k.m.Due() {
		keys = append(keys, d.Key)
		if d.FS == nil {
			k.feed(journal.In, string(d.Line))
		}
	}
	return keys
}

// ready is a talk whose handshake is over.
func ready(t *testing.T, cfg Config) *talk {
	t.Helper()
	k := newTalk(t, cfg)
	k.due()
	k.agent(`{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1}}`)
	k.due()
	k.agent(`{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"s"}}`)
	if !k.m.Facts().Ready {
		t.Fatalf("not ready: %+v", k.m.Facts())
	}
	return k
}

func (k *talk) prompt(id, text string) {
	k.t.Helper()
	line, err := k.m.Prompt(Message{ID: id, Text: text})
	if err != nil {
		k.t.Fatal(err)
	}
	k.feed(journal.In, string(line))
}

func (k *talk) update(body string) []api.Entry {
	return k.agent(`{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":` + body + `}}`)
}

func (k *talk) kinds() []api.EntryKind {
	var out []api.EntryKind
	for _, e := range k.entries {
		out = append(out, e.Kind)
	}
	return out
}

func TestGarbageInATurnHarmsNothing(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	k.feed(journal.Out, "\x00\xff no JSON {\n")
	k.update(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"still here"}}`)
	k.agent(`{"jsonrpc":"2.0","id":"m-one","result":{"stopReason":"end_turn"}}`)
	f := k.m.Facts()
	if f.Garbage != 1 || f.Activity != api.ActivityIdle || f.Err != nil {
		t.Errorf("facts %+v", f)
	}
	for _, e := range k.entries {
		if e.Raw != nil && !json.Valid(e.Raw) {
			t.Errorf("raw is not JSON: %q", e.Raw)
		}
	}
}

func TestLongLine(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	text := strings.Repeat("x", 3<<20)
	line := `{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"` + text + `"}}}}` + "\n"
	begin := k.at
	for part := range slices.Chunk([]byte(line), 64<<10) {
		if k.m.s.Partial != nil && k.m.SafeOffset() != begin {
			t.Fatalf("safe offset %d in the line that began at %d", k.m.SafeOffset(), begin)
		}
		if n := len(k.m.Snapshot()); n > 4<<10 {
			t.Fatalf("the snapshot has %d bytes in the middle of a line", n)
		}
		k.feed(journal.Out, string(part))
	}
	last := k.entries[len(k.entries)-1]
	if last.Kind != api.EntryText || last.Text != text {
		t.Errorf("got %s of %d bytes", last.Kind, len(last.Text))
	}
	if k.m.SafeOffset() != k.at {
		t.Errorf("safe offset %d, want %d", k.m.SafeOffset(), k.at)
	}
}

func TestEndlessLineIsBounded(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	part := strings.Repeat("x", 1<<20)
	for range 70 {
		k.feed(journal.Out, part)
		if len(k.m.line) > maxLine+len(part) {
			t.Fatalf("%d bytes kept", len(k.m.line))
		}
	}
	if k.m.SafeOffset() != k.at {
		t.Errorf("a line given up holds the offset back: %d of %d", k.m.SafeOffset(), k.at)
	}
	got := k.feed(journal.Out, "\n")
	if len(got) != 1 || got[0].Kind != api.EntryError {
		t.Errorf("entries %+v", got)
	}
	if got := k.update(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"ok"}}`); len(got) != 1 || got[0].Text != "ok" {
		t.Errorf("the next line: %+v", got)
	}
}

// What comes before the answer to initialize is no agent's, however it goes on.
func TestEndlessFirstLineIsNoAgent(t *testing.T) {
	k := newTalk(t, Config{})
	k.due()
	part := strings.Repeat("\x00", 256<<10)
	for range 8 {
		k.feed(journal.Out, part)
	}
	if f := k.m.Facts(); f.Err == nil || !strings.Contains(f.Err.Message, "does not speak the Agent Client Protocol") {
		t.Errorf("Err = %v", f.Err)
	}
	if len(k.m.line) > 0 {
		t.Errorf("%d bytes are kept", len(k.m.line))
	}
}

func TestStateIsBounded(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	big := strings.Repeat("y", 4<<10)
	for i := range 400 {
		k.update(fmt.Sprintf(`{"sessionUpdate":"tool_call","toolCallId":"c%d","title":"t","kind":"edit","status":"completed","content":[{"type":"content","content":{"type":"text","text":"%s"}}]}`, i, big))
		k.update(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"` + big + `"}}`)
		k.feed(journal.Err, big)
		k.entries = nil
	}
	if n := len(k.m.Snapshot()); n > 64<<10 {
		t.Errorf("the snapshot grew to %d bytes", n)
	}
}

func TestToolOutputIsNewPartOnly(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	content := func(text string) string {
		b, _ := json.Marshal(text)
		return `{"sessionUpdate":"tool_call_update","toolCallId":"c","content":[{"type":"content","content":{"type":"text","text":` + string(b) + `}}]}`
	}
	var got []string
	for _, text := range []string{"a\n", "a\nb\n", "a\nb\n", "other"} {
		for _, e := range k.update(content(text)) {
			got = append(got, e.Tool.Output)
		}
	}
	if want := []string{"a\n", "b\n", "other"}; !slices.Equal(got, want) {
		t.Errorf("output %q, want %q", got, want)
	}
	for _, e := range k.update(content(strings.Repeat("ä", 1<<20))) {
		if len(e.Tool.Output) > maxShown+100 || !strings.Contains(e.Tool.Output, "left out") {
			t.Errorf("an entry shows %d bytes of output", len(e.Tool.Output))
		}
	}
}

func TestCancelClosesWhatIsOpen(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	if lines, err := k.m.Cancel(); err != nil || len(lines) != 0 {
		t.Errorf("cancel between turns: %q, %v", lines, err)
	}
	k.prompt("one", "hello")
	k.agent(`{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"c"},"options":[{"optionId":"o","kind":"allow_once","name":"O"}]}}`)
	k.agent(`{"jsonrpc":"2.0","id":2,"method":"elicitation/create","params":{"mode":"form","message":"Name?","requestedSchema":{"properties":{"name":{"type":"string"}}}}}`)
	lines, err := k.m.Cancel()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%q, %v", lines, err)
	}
	for _, l := range lines {
		k.feed(journal.In, string(l))
	}
	f := k.m.Facts()
	if len(f.OpenPermissions) != 0 || len(f.Questions) != 0 || !f.Cancelling || f.Activity != api.ActivityWorking {
		t.Errorf("facts %+v", f)
	}
	k.agent(`{"jsonrpc":"2.0","id":"m-one","result":{"stopReason":"cancelled"}}`)
	if f := k.m.Facts(); f.Cancelling || f.Activity != api.ActivityIdle || len(k.m.Due()) != 0 {
		t.Errorf("facts %+v, due %v", f, k.m.Due())
	}
}

func TestAFloodOfRequestsIsBounded(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	for i := range maxOpen + 1 {
		k.agent(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"c"},"options":[{"optionId":"o","kind":"allow_once","name":"O"}]}}`, i))
	}
	if n := len(k.m.Facts().OpenPermissions); n != maxOpen {
		t.Errorf("%d requests are open", n)
	}
	if due := k.m.Due(); len(due) != 1 || !bytes.Contains(due[0].Line, fmt.Appendf(nil, `"id":%d`, maxOpen)) {
		t.Errorf("due %+v", due)
	}
}

func TestRefusesWhatItDoesNotServe(t *testing.T) {
	for _, serve := range []bool{false, true} {
		k := ready(t, Config{Cwd: "/w", ServeFiles: serve})
		k.prompt("one", "hello")
		k.agent(`{"jsonrpc":"2.0","id":1,"method":"fs/read_text_file","params":{"path":"/w/a","line":2,"limit":1}}`)
		k.agent(`{"jsonrpc":"2.0","id":2,"method":"terminal/create","params":{}}`)
		due := k.m.Due()
		if len(due) != 2 {
			t.Fatalf("due %+v", due)
		}
		for _, d := range due {
			line := d.Line
			if d.FS != nil {
				line = k.m.FSResult(d.FS, "one\ntwo\nthree\n", nil)
				if !bytes.Contains(line, []byte(`"content":"two\n"`)) {
					t.Errorf("read as %s", line)
				}
			} else if !bytes.Contains(line, []byte("-32601")) {
				t.Errorf("refused as %s", line)
			}
			k.feed(journal.In, string(line))
		}
		if got := k.m.Due(); len(got) != 0 {
			t.Errorf("due again: %+v", got)
		}
	}
}

func TestUsageLimits(t *testing.T) {
	tests := []struct {
		name, err string
		limit     bool
		reset     string
	}{
		{"claude", `{"code":-32603,"message":"Internal error","data":{"errorKind":"rate_limit"}}`, true, ""},
		{"codex", `{"code":-32603,"message":"Internal error","data":{"codexErrorInfo":"usageLimitExceeded","resetsAt":1800000000}}`, true, "2027-01-15T08:00:00Z"},
		{"codex, as an object", `{"code":-32603,"message":"x","data":{"codex_error_info":{"usage_limit_exceeded":{}}}}`, true, ""},
		{"gemini", `{"code":429,"message":"exhausted"}`, true, ""},
		{"demo", `{"code":-32603,"message":"limit","data":{"_meta":{"hf":{"limit":{"resetAt":"2026-11-23T22:00:00Z"}}}}}`, true, "2026-11-23T22:00:00Z"},
		{"a year that cannot be", `{"code":429,"message":"x","data":{"hf":{"limit":{"resetAt":"9999-12-31T23:59:59-23:00"}}}}`, true, ""},
		{"words are no fact", `{"code":-32603,"message":"You've hit your usage limit, rate limit, 429"}`, false, ""},
		{"other data", `{"code":-32603,"message":"x","data":["a"]}`, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := ready(t, Config{Cwd: "/w"})
			k.prompt("one", "hello")
			k.agent(`{"jsonrpc":"2.0","id":"m-one","error":` + tt.err + `}`)
			f := k.m.Facts()
			if (f.Activity == api.ActivityLimited) != tt.limit {
				t.Fatalf("facts %+v", f)
			}
			end := k.entries[len(k.entries)-1]
			want := api.StopError
			if tt.limit {
				want = api.StopLimit
			}
			if end.Kind != api.EntryTurnEnd || end.StopReason != want || end.Error == nil || end.Error.Message == "" {
				t.Errorf("ended %+v", end)
			}
			if got := f.LimitReset; (got == nil) != (tt.reset == "") || got != nil && got.Format(time.RFC3339) != tt.reset {
				t.Errorf("reset %v, want %q", got, tt.reset)
			}
			k.prompt("two", "again")
			if f := k.m.Facts(); f.Activity != api.ActivityWorking || f.LimitReset != nil {
				t.Errorf("the limit outlives the next prompt: %+v", f)
			}
		})
	}
}

func TestUnknownStopReasonIsNoSuccess(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	k.agent(`{"jsonrpc":"2.0","id":"m-one","result":{}}`)
	if end := k.entries[len(k.entries)-1]; end.StopReason != api.StopError || end.Error == nil {
		t.Errorf("ended %+v", end)
	}
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	for _, s := range []string{"{", `{"v":99}`} {
		if _, err := Restore(Config{}, []byte(s)); err == nil {
			t.Errorf("restored from %s", s)
		}
	}
	if _, err := Restore(Config{}, nil); err != nil {
		t.Error(err)
	}
}

func TestFactsAreACopy(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	k.agent(`{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"c","title":"T"},"options":[{"optionId":"o","kind":"allow_once","name":"O"}]}}`)
	k.m.Facts().OpenPermissions[0].Options[0].ID = "changed"
	if got := k.m.Facts().OpenPermissions[0].Options[0].ID; got != "o" {
		t.Errorf("a caller changed the machine: %q", got)
	}
}
