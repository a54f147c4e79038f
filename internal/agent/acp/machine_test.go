package acp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/acp-go-sdk"
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
	line, err := k.m.Prompt(id, text)
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

func TestHandshakeFails(t *testing.T) {
	initialized := `{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1}}`
	tests := []struct {
		name string
		feed []string // kind and data
		code api.Code
		says string // in the message or the hint
	}{
		{"garbage", []string{"oWelcome to \x1b[31mmy shell\x1b[0m"}, api.CodeAgent, `Welcome to`},
		{"garbage is harmless", []string{"oWelcome to \x1b[31mmy shell\x1b[0m"}, api.CodeAgent, "�[31mmy"},
		{"not an object", []string{"o[1,2]"}, api.CodeAgent, "does not speak"},
		{"echo", []string{`o{"jsonrpc":"2.0","id":"hf-init","method":"initialize","params":{}}`}, api.CodeAgent, "does not speak"},
		{"exit", []string{`eno such file or directory`, `x{"code":127}`}, api.CodeAgent, "exited with code 127"},
		{"exit says why", []string{`eno such file or directory`, `x{"code":127}`}, api.CodeAgent, "no such file"},
		{"exit with success", []string{`x{"code":0}`}, api.CodeAgent, "before its session began"},
		{"exit after initialize", []string{"o" + initialized, `x{"code":0}`}, api.CodeAgent, "before its session began"},
		{"killed", []string{`x{"signal":"SIGKILL"}`}, api.CodeAgent, "SIGKILL"},
		{"wrong version", []string{`o{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":2}}`}, api.CodeAgent, "version 2"},
		{"refused", []string{`o{"jsonrpc":"2.0","id":"hf-init","error":{"code":-32603,"message":"no"}}`}, api.CodeAgent, "refused to initialize: no"},
		{"not signed in", []string{"o" + initialized, `o{"jsonrpc":"2.0","id":"hf-session","error":{"code":-32000,"message":"Authentication required"}}`}, api.CodeUnauthorized, "Authentication required"},
		{"how to sign in", []string{"o" + initialized, `o{"jsonrpc":"2.0","id":"hf-session","error":{"code":-32000,"message":"Authentication required"}}`}, api.CodeUnauthorized, "run agent login"},
		{"no native binary", []string{"o" + initialized, `o{"jsonrpc":"2.0","id":"hf-session","error":{"code":-32603,"message":"Internal error","data":{"details":"native binary not found"}}}`}, api.CodeAgent, "native binary not found"},
		{"no session id", []string{"o" + initialized, `o{"jsonrpc":"2.0","id":"hf-session","result":{}}`}, api.CodeAgent, "without an id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newTalk(t, Config{Cwd: "/w", SignIn: "run agent login"})
			for _, f := range tt.feed {
				k.due()
				k.feed(journal.Kind(f[0]), f[1:]+"\n")
			}
			f := k.m.Facts()
			if f.Err == nil {
				t.Fatalf("no error: %+v", f)
			}
			if f.Ready || f.Activity != api.ActivityFailed {
				t.Errorf("ready %v, activity %s", f.Ready, f.Activity)
			}
			if f.Err.Code != tt.code || !strings.Contains(f.Err.Message+f.Err.Hint, tt.says) {
				t.Errorf("error %+v, want %s saying %q", f.Err, tt.code, tt.says)
			}
			if strings.ContainsRune(f.Err.Message, '\x1b') {
				t.Errorf("the message has an escape: %q", f.Err.Message)
			}
			if !slices.Contains(k.kinds(), api.EntryError) {
				t.Errorf("no error in the transcript: %v", k.kinds())
			}
			if len(k.m.Due()) > 0 {
				t.Errorf("due after the failure: %v", k.m.Due())
			}
		})
	}
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

func TestPolicy(t *testing.T) {
	options := `"options":[{"optionId":"a","kind":"allow_always","name":"A"},{"optionId":"o","kind":"allow_once","name":"O"},{"optionId":"r","kind":"reject_once","name":"R"}]`
	onlyReject := `"options":[{"optionId":"r","kind":"reject_once","name":"R"}]`
	edit := func(path string) string {
		return fmt.Sprintf(`"toolCall":{"toolCallId":"c","kind":"edit","title":"Edit","locations":[{"path":%q}]}`, path)
	}
	tests := []struct {
		name   string
		policy api.Permission
		before string // a tool_call update
		call   string
		option string
		auto   bool
	}{
		{"ask", api.PermissionAsk, "", edit("/w/a"), options, false},
		{"edits inside", api.PermissionEdits, "", edit("/w/a"), options, true},
		{"edits relative", api.PermissionEdits, "", edit("sub/a"), options, true},
		{"edits outside", api.PermissionEdits, "", edit("/etc/passwd"), options, false},
		{"edits beside", api.PermissionEdits, "", edit("/work/a"), options, false},
		{"edits above", api.PermissionEdits, "", edit("/w/../etc/passwd"), options, false},
		{"edits of git", api.PermissionEdits, "", edit("/w/.git/config"), options, false},
		{"edits of git's link", api.PermissionEdits, "", edit("/w/.git"), options, false},
		{"edits of nothing", api.PermissionEdits, "", `"toolCall":{"toolCallId":"c","kind":"edit","title":"Edit"}`, options, false},
		{"edits, path told before", api.PermissionEdits, `{"sessionUpdate":"tool_call","toolCallId":"c","kind":"edit","locations":[{"path":"/w/a"}]}`, `"toolCall":{"toolCallId":"c"}`, options, true},
		{"edits, other path told before", api.PermissionEdits, `{"sessionUpdate":"tool_call","toolCallId":"c","kind":"edit","content":[{"type":"diff","path":"/etc/passwd","newText":"x"}]}`, edit("/w/a"), options, false},
		{"edits does not run", api.PermissionEdits, "", `"toolCall":{"toolCallId":"c","kind":"execute","title":"rm","locations":[{"path":"/w/a"}]}`, options, false},
		{"all", api.PermissionAll, "", `"toolCall":{"toolCallId":"c","kind":"execute","title":"rm"}`, options, true},
		{"all, nothing to allow", api.PermissionAll, "", edit("/w/a"), onlyReject, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := ready(t, Config{Cwd: "/w", Permission: tt.policy})
			k.prompt("one", "hello")
			if tt.before != "" {
				k.update(tt.before)
			}
			k.entries = nil
			k.agent(`{"jsonrpc":"2.0","id":4,"method":"session/request_permission","params":{"sessionId":"s",` + tt.call + `,` + tt.option + `}}`)
			if !slices.Contains(k.kinds(), api.EntryPermission) {
				t.Fatalf("not in the transcript: %v", k.kinds())
			}
			due, f := k.m.Due(), k.m.Facts()
			if !tt.auto {
				if len(due) != 0 || len(f.OpenPermissions) != 1 || f.Activity != api.ActivityNeedsPermission {
					t.Errorf("due %v, facts %+v", due, f)
				}
				return
			}
			if len(due) != 1 || !bytes.Contains(due[0].Line, []byte(`"optionId":"o"`)) {
				t.Fatalf("due %+v", due)
			}
			if f.Activity != api.ActivityWorking || len(f.OpenPermissions) != 0 {
				t.Errorf("a person is asked: %+v", f)
			}
			k.due()
			last := k.entries[len(k.entries)-1]
			if last.Kind != api.EntryResolved || last.Permission.State != api.PermissionAllowed || !strings.Contains(last.Text, string(tt.policy)) {
				t.Errorf("resolved as %+v", last)
			}
			if due := k.m.Due(); len(due) != 0 {
				t.Errorf("due again: %+v", due)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	k := ready(t, Config{Cwd: "/w", Permission: api.PermissionAsk})
	k.prompt("one", "hello")
	if _, err := k.m.Prompt("two", "more"); err == nil {
		t.Error("a prompt in the middle of a turn was accepted")
	}
	k.agent(`{"jsonrpc":"2.0","id":"x-1","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"c","title":"T"},"options":[{"optionId":"o","kind":"allow_once","name":"O"},{"optionId":"r","kind":"reject_once","name":"R"}]}}`)
	id := k.m.Facts().OpenPermissions[0].ID
	if _, err := k.m.Answer(id, "nope"); err == nil {
		t.Error("an option that was not offered was accepted")
	}
	if _, err := k.m.Answer("nope", "o"); err == nil {
		t.Error("an unknown request was answered")
	}
	line, err := k.m.Answer(id, "r")
	if err != nil {
		t.Fatal(err)
	}
	var sdk struct {
		ID     string                        `json:"id"`
		Result acp.RequestPermissionResponse `json:"result"`
	}
	if err := json.Unmarshal(line, &sdk); err != nil || sdk.ID != "x-1" || sdk.Result.Outcome.Selected == nil || sdk.Result.Outcome.Selected.OptionId != "r" {
		t.Errorf("the SDK reads %s as %+v, %v", line, sdk, err)
	}
	got := k.feed(journal.In, string(line))
	if len(got) != 1 || got[0].Permission.State != api.PermissionDenied || got[0].Permission.ResolvedAt == nil {
		t.Errorf("folded as %+v", got)
	}
	if _, err := k.m.Answer(id, "o"); err == nil {
		t.Error("a closed request was answered again")
	}
}

// What hf sends is what the protocol's own types read, with nothing missing.
func TestLinesAgreeWithTheSDK(t *testing.T) {
	k := newTalk(t, Config{Cwd: "/w", ClientVersion: "1", Mode: "m"})
	params := func(line []byte, v any) {
		t.Helper()
		var msg message
		if err := json.Unmarshal(line, &msg); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(msg.Params, v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	var initialize acp.InitializeRequest
	params(k.m.Due()[0].Line, &initialize)
	c := initialize.ClientCapabilities
	if initialize.ProtocolVersion != 1 || initialize.ClientInfo == nil || initialize.ClientInfo.Name != "hf" ||
		c.Fs.ReadTextFile || c.Fs.WriteTextFile || c.Terminal || c.Elicitation == nil || c.Elicitation.Form == nil || c.Elicitation.Url == nil || c.Meta["terminal_output"] != true {
		t.Errorf("initialize: %+v", initialize)
	}
	k.due()
	k.agent(`{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1}}`)
	var session acp.NewSessionRequest
	params(k.m.Due()[0].Line, &session)
	if err := session.Validate(); err != nil || session.Cwd != "/w" {
		t.Errorf("session/new: %+v, %v", session, err)
	}
	k.due()
	k.agent(`{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"s","modes":{"currentModeId":"n","availableModes":[{"id":"m","name":"M"}]}}}`)
	var mode acp.SetSessionModeRequest
	params(k.m.Due()[0].Line, &mode)
	if mode.ModeId != "m" || mode.SessionId != "s" {
		t.Errorf("session/set_mode: %+v", mode)
	}
	k.due()
	k.agent(`{"jsonrpc":"2.0","id":"hf-mode","result":{}}`)
	line, err := k.m.Prompt("p", "hi")
	if err != nil {
		t.Fatal(err)
	}
	var prompt acp.PromptRequest
	params(line, &prompt)
	if err := prompt.Validate(); err != nil || len(prompt.Prompt) != 1 || prompt.Prompt[0].Text == nil || prompt.Prompt[0].Text.Text != "hi" {
		t.Errorf("session/prompt: %+v, %v", prompt, err)
	}
	k.prompt("p", "hi")
	lines, err := k.m.Cancel()
	if err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	var cancel acp.CancelNotification
	params(lines[0], &cancel)
	if cancel.SessionId != "s" {
		t.Errorf("session/cancel: %+v", cancel)
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
	if len(f.OpenPermissions) != 0 || f.Question != "" || !f.Cancelling || f.Activity != api.ActivityWorking {
		t.Errorf("facts %+v", f)
	}
	k.agent(`{"jsonrpc":"2.0","id":"m-one","result":{"stopReason":"cancelled"}}`)
	if f := k.m.Facts(); f.Cancelling || f.Activity != api.ActivityIdle || len(k.m.Due()) != 0 {
		t.Errorf("facts %+v, due %v", f, k.m.Due())
	}
}

func TestRequestIDsOfAnyKind(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	ask := func(id string) string {
		k.agent(`{"method":"session/request_permission","params":{"toolCall":{"toolCallId":"c","title":"T"},"options":[{"optionId":"o","kind":"allow_once","name":"O"}]},"id":` + id + `,"jsonrpc":"2.0"}`)
		open := k.m.Facts().OpenPermissions
		return open[len(open)-1].ID
	}
	number, text, again := ask("1"), ask(`"1"`), ask("1")
	if number == text || text == again || number == again {
		t.Errorf("ids %s %s %s are not all different", number, text, again)
	}
	line, err := k.m.Answer(text, "o")
	if err != nil {
		t.Fatal(err)
	}
	k.feed(journal.In, string(line))
	open := k.m.Facts().OpenPermissions
	if len(open) != 2 || open[0].ID != number || open[1].ID != again {
		t.Errorf("open %+v", open)
	}
}

func TestQuestions(t *testing.T) {
	tests := []struct {
		name, props, text, want string
	}{
		{"free text", `{"name":{"type":"string"}}`, "  Ada ", `{"action":"accept","content":{"name":"Ada"}}`},
		{"choice by number", `{"q":{"type":"string","enum":["red","blue"]}}`, "2", `{"action":"accept","content":{"q":"blue"}}`},
		{"choice by title", `{"q":{"type":"string","oneOf":[{"const":"r","title":"Red"}]}}`, "red", `{"action":"accept","content":{"q":"r"}}`},
		{"own words", `{"q":{"type":"string","oneOf":[{"const":"r","title":"Red"}]},"q_custom":{"type":"string","_meta":{"_askUserQuestionCustomAnswer":{"questionId":"q"}}}}`, "green", `{"action":"accept","content":{"q_custom":"green"}}`},
		{"several choices", `{"q":{"type":"array","items":{"anyOf":[{"const":"a"},{"const":"b"},{"const":"c"}]}}}`, "1, c", `{"action":"accept","content":{"q":["a","c"]}}`},
		{"yes", `{"q":{"type":"boolean"}}`, "Yes", `{"action":"accept","content":{"q":true}}`},
		{"number", `{"q":{"type":"integer"}}`, "42", `{"action":"accept","content":{"q":42}}`},
		{"two fields", `{"name":{"type":"string"},"age":{"type":"number","title":"Age"}}`, "name: Ada\nAge: 36.5", `{"action":"accept","content":{"age":36.5,"name":"Ada"}}`},
		{"JSON", `{"name":{"type":"string"},"age":{"type":"number"}}`, `{"name":"Ada","age":1}`, `{"action":"accept","content":{"age":1,"name":"Ada"}}`},
		{"declined", `{"name":{"type":"string"}}`, " ", `{"action":"decline"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := ready(t, Config{Cwd: "/w"})
			k.prompt("one", "hello")
			k.agent(`{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{"mode":"form","message":"Well?","requestedSchema":{"type":"object","properties":` + tt.props + `}}}`)
			f := k.m.Facts()
			if f.Activity != api.ActivityNeedsInput || f.Question == "" {
				t.Fatalf("facts %+v", f)
			}
			line, err := k.m.AnswerQuestion(f.Question, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			var msg message
			if err := json.Unmarshal(line, &msg); err != nil || string(msg.Result) != tt.want || string(msg.ID) != "9" {
				t.Errorf("answered %s, want %s", line, tt.want)
			}
			k.feed(journal.In, string(line))
			if f := k.m.Facts(); f.Question != "" || f.Activity != api.ActivityWorking {
				t.Errorf("facts %+v", f)
			}
		})
	}
}

func TestModes(t *testing.T) {
	session := func(extra string) string {
		return `{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"s",` + extra + `}}`
	}
	modes := `"modes":{"currentModeId":"auto","availableModes":[{"id":"auto"},{"id":"default"}]}`
	tests := []struct {
		name, mode, session, answer string
		due, current                string
		says                        string
	}{
		{"set", "default", session(modes), `{"jsonrpc":"2.0","id":"hf-mode","result":{}}`, "session/set_mode", "default", ""},
		{"second choice", "full,default", session(modes), `{"jsonrpc":"2.0","id":"hf-mode","result":{}}`, "session/set_mode", "default", ""},
		{"already", "auto", session(modes), "", "", "auto", ""},
		{"unknown", "other", session(modes), "", "", "auto", `stays in "auto"`},
		{"refused", "default", session(modes), `{"jsonrpc":"2.0","id":"hf-mode","error":{"code":-32602,"message":"bad mode"}}`, "session/set_mode", "auto", "bad mode"},
		{"option", "default", session(`"configOptions":[{"id":"mode","type":"select","currentValue":"auto","options":[{"value":"default"}]}]`), `{"jsonrpc":"2.0","id":"hf-mode","result":{"configOptions":[{"id":"mode","currentValue":"default"}]}}`, "session/set_config_option", "default", ""},
		{"option not taken", "default", session(`"configOptions":[{"id":"mode","type":"select","currentValue":"auto","options":[{"value":"default"}]}]`), `{"jsonrpc":"2.0","id":"hf-mode","result":{"configOptions":[{"id":"mode","currentValue":"auto"}]}}`, "session/set_config_option", "auto", `stays in "auto"`},
		{"none offered", "default", session(`"x":1`), "", "", "", "does not offer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newTalk(t, Config{Cwd: "/w", Mode: tt.mode})
			k.due()
			k.agent(`{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1}}`)
			k.due()
			k.agent(tt.session)
			due := k.m.Due()
			if tt.due == "" && len(due) != 0 || tt.due != "" && (len(due) != 1 || !bytes.Contains(due[0].Line, []byte(tt.due))) {
				t.Fatalf("due %+v, want %q", due, tt.due)
			}
			if tt.answer != "" {
				if k.m.Facts().Ready {
					t.Error("ready before the mode is set")
				}
				k.due()
				k.agent(tt.answer)
			}
			f := k.m.Facts()
			if !f.Ready || f.CurrentMode != tt.current {
				t.Errorf("ready %v in mode %q, want %q", f.Ready, f.CurrentMode, tt.current)
			}
			var said strings.Builder
			for _, e := range k.entries {
				said.WriteString(e.Text)
			}
			if !strings.Contains(said.String(), tt.says) {
				t.Errorf("said %q, want %q", said.String(), tt.says)
			}
		})
	}
}

func TestModel(t *testing.T) {
	for name, session := range map[string]string{
		"session/set_model":         `"models":{"currentModelId":"a","availableModels":[{"modelId":"a"},{"modelId":"b"}]}`,
		"session/set_config_option": `"configOptions":[{"id":"model","category":"model","currentValue":"a","options":[{"group":"g","options":[{"value":"b"}]}]}]`,
	} {
		k := newTalk(t, Config{Cwd: "/w", Model: "b"})
		k.due()
		k.agent(`{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1}}`)
		k.due()
		k.agent(`{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"s",` + session + `}}`)
		due := k.m.Due()
		if len(due) != 1 || due[0].Key != idModel || !bytes.Contains(due[0].Line, []byte(name)) {
			t.Fatalf("due %+v, want %s", due, name)
		}
		k.due()
		k.agent(`{"jsonrpc":"2.0","id":"hf-model","result":{}}`)
		if !k.m.Facts().Ready {
			t.Error("not ready")
		}
	}
}

func TestResume(t *testing.T) {
	caps := func(load, resume string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1,"agentCapabilities":{"loadSession":%s,"sessionCapabilities":{%s}}}}`, load, resume)
	}
	tests := []struct {
		name   string
		method ResumeMethod
		init   string
		want   string
	}{
		{"resume", ResumeByID, caps("true", `"resume":{}`), "session/resume"},
		{"load", ResumeLoad, caps("true", `"resume":{}`), "session/load"},
		{"only load", ResumeByID, caps("true", ""), "session/load"},
		{"only resume", ResumeLoad, caps("false", `"resume":{}`), "session/resume"},
		{"neither", ResumeByID, caps("false", `"resume":null`), "session/new"},
		{"not this agent", ResumeNone, caps("true", `"resume":{}`), "session/new"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newTalk(t, Config{Cwd: "/w", Resume: "old", ResumeMethod: tt.method})
			k.due()
			k.agent(tt.init)
			var msg message
			if err := json.Unmarshal(k.m.Due()[0].Line, &msg); err != nil || msg.Method != tt.want {
				t.Fatalf("%s, want %s", msg.Method, tt.want)
			}
			k.due()
			k.update(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"long ago"}}`)
			k.agent(`{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"x"}}`)
			f := k.m.Facts()
			resumed := tt.want != "session/new"
			if !f.Ready || f.Resumed != resumed {
				t.Errorf("facts %+v", f)
			}
			if slices.Contains(k.kinds(), api.EntryText) == resumed {
				t.Errorf("entries %v", k.kinds())
			}
		})
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
