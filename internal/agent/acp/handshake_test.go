package acp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

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

// A mode or model that a person named is set, or the session does not begin.
func TestNamedSettings(t *testing.T) {
	const modes = `"modes":{"currentModeId":"auto","availableModes":[{"id":"auto"},{"id":"plan","name":"Plan it"}]}`
	const models = `"models":{"currentModelId":"small[low]","availableModels":[{"modelId":"small[low]"},{"modelId":"large[high]","name":"Large"}]}`
	const option = `"configOptions":[{"id":"model","category":"model","currentValue":"small","options":[{"value":"small"},{"value":"large","name":"Big One"}]}]`
	tests := []struct {
		name    string
		cfg     Config
		session string // what the answer to session/new has besides the id
		due     string // in the request that follows; "" = none does
		answer  string // to it
		fails   string // in the error or its hint; "" = the agent is ready
	}{
		{"mode", Config{Mode: "plan", Exact: true}, modes, `"modeId":"plan"`, `"result":{}`, ""},
		{"mode by its name", Config{Mode: "plan IT", Exact: true}, modes, `"modeId":"plan"`, `"result":{}`, ""},
		{"mode with a comma is one", Config{Mode: "plan,auto", Exact: true}, modes, "", "", `no mode "plan,auto"`},
		{"unknown mode", Config{Mode: "yolo", Exact: true}, modes, "", "", "It offers auto, plan."},
		{"mode refused", Config{Mode: "plan", Exact: true}, modes, `"modeId":"plan"`, `"error":{"code":-32603,"message":"not now"}`, "not now"},
		{"no modes", Config{Mode: "plan", Exact: true}, models, "", "", "lets nobody choose its mode"},
		{"model", Config{Model: "large[high]"}, models, `"modelId":"large[high]"`, `"result":{}`, ""},
		{"model is set", Config{Model: "small"}, option, "", "", ""},
		{"model as an option", Config{Model: "big one"}, option, `"configId":"model"`, `"result":{"configOptions":[{"id":"model","category":"model","currentValue":"large"}]}`, ""},
		{"option does not take", Config{Model: "large"}, option, `"value":"large"`, `"result":{"configOptions":[{"id":"model","category":"model","currentValue":"small"}]}`, `stays with "small"`},
		{"model in either list", Config{Model: "large[high]"}, option + "," + models, `"modelId":"large[high]"`, `"result":{}`, ""},
		{"unknown model", Config{Model: "huge"}, option + "," + models, "", "", "It offers small, large."},
		{"no models", Config{Model: "huge"}, modes, "", "", "lets nobody choose its model"},
		{"own model", Config{Hosted: "free/"}, option, "", "", ""},
		{"falls back", Config{Hosted: "free/"}, strings.ReplaceAll(option, "small", "free/small"), "", "", "fall back to the free model free/small"},
		{"free model by name", Config{Hosted: "free/", Model: "free/small"}, strings.ReplaceAll(option, "small", "free/small"), "", "", ""},
		{"no model at all", Config{Hosted: "free/"}, `"configOptions":[{"id":"model","category":"model","currentValue":"unknown/unknown","options":[]}]`, "", "", "nobody is signed in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Cwd = "/w"
			k := newTalk(t, tt.cfg)
			k.due()
			k.feed(journal.Out, `{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1}}`+"\n")
			k.due()
			k.feed(journal.Out, `{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"s",`+tt.session+`}}`+"\n")
			if tt.due != "" {
				due := k.m.Due()
				if len(due) != 1 || !strings.Contains(string(due[0].Line), tt.due) {
					t.Fatalf("due %v, want one with %s", due, tt.due)
				}
				k.due()
				k.feed(journal.Out, `{"jsonrpc":"2.0","id":"`+due[0].Key+`",`+tt.answer+"}\n")
			}
			switch f := k.m.Facts(); {
			case tt.fails == "" && (!f.Ready || f.Err != nil):
				t.Errorf("not ready: %+v", f.Err)
			case tt.fails != "" && (f.Ready || f.Err == nil || !strings.Contains(f.Err.Message+" "+f.Err.Hint, tt.fails)):
				t.Errorf("ready %v, error %+v, want one saying %q", f.Ready, f.Err, tt.fails)
			}
		})
	}
}
