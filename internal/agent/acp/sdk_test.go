package acp

import (
	"encoding/json"
	"testing"

	"github.com/coder/acp-go-sdk"
)

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
	line, err := k.m.Prompt(Message{ID: "p", Text: "hi"})
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
