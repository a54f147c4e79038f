package acp

import (
	"bytes"
	"encoding/json"
	"errors"
)

// message is any JSON-RPC message, of either side.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// hasID reports whether the message is a request or an answer.
func (m *message) hasID() bool { return len(m.ID) > 0 && !bytes.Equal(m.ID, []byte("null")) }

// rpcError is the error of an answer. Data has no common form.
type rpcError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// JSON-RPC and ACP error codes.
const (
	codeMethodNotFound = -32601
	codeAuthRequired   = -32000
	codeTooMany        = 429 // gemini gives the model server's status as the code
	codeUnauthorized   = 401
	codeForbidden      = 403
)

// idKey is a JSON-RPC id as a map key: a string and a number never collide,
// and two spellings of one string are one.
func idKey(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return "s" + s
	}
	return "n" + string(bytes.TrimSpace(raw))
}

// decode reads what fits of raw into v. A field of another type than expected
// stays empty and harms no other: agents differ.
func decode(raw json.RawMessage, v any) {
	if len(raw) == 0 {
		return
	}
	var mismatch *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, v); err != nil && !errors.As(err, &mismatch) {
		return
	}
}

type implementation struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Version string `json:"version"`
}

type initializeResult struct {
	ProtocolVersion int            `json:"protocolVersion"`
	AgentInfo       implementation `json:"agentInfo"`
	Capabilities    struct {
		LoadSession bool `json:"loadSession"`
		Prompt      struct {
			Image    bool `json:"image"`
			Embedded bool `json:"embeddedContext"`
		} `json:"promptCapabilities"`
		Session struct {
			Resume json.RawMessage `json:"resume"`
		} `json:"sessionCapabilities"`
		Meta steeringMeta `json:"_meta"`
	} `json:"agentCapabilities"`
	Meta steeringMeta `json:"_meta"`
}

type steeringMeta struct {
	Steering struct {
		Supported bool `json:"supported"`
	} `json:"steering"`
}

type sessionResult struct {
	SessionID string         `json:"sessionId"`
	Modes     *modeState     `json:"modes"`
	Models    *modelState    `json:"models"`
	Options   []configOption `json:"configOptions"`
}

type modeState struct {
	Current   string `json:"currentModeId"`
	Available []Mode `json:"availableModes"`
}

type modelState struct {
	Current   string `json:"currentModelId"`
	Available []struct {
		ID   string `json:"modelId"`
		Name string `json:"name"`
	} `json:"availableModels"`
}

// configOption is a setting of the session. Its options may be in groups.
type configOption struct {
	ID       string          `json:"id"`
	Category string          `json:"category"`
	Current  json.RawMessage `json:"currentValue"`
	Options  []configValue   `json:"options"`
}

type configValue struct {
	Value   string        `json:"value"`
	Name    string        `json:"name"`
	Options []configValue `json:"options"`
}

func (o *configOption) current() string {
	var s string
	decode(o.Current, &s)
	return s
}

// values lists what may be chosen, groups flattened.
func (o *configOption) values() []Mode {
	var out []Mode
	for _, v := range o.Options {
		if v.Value != "" {
			out = append(out, Mode{ID: v.Value, Name: v.Name})
		}
		for _, w := range v.Options {
			out = append(out, Mode{ID: w.Value, Name: w.Name})
		}
	}
	return out
}

func isOption(o *configOption, what string) bool {
	return o.Category == what || o.Category == "" && o.ID == what
}

// sessionUpdate is the body of a session/update notification; the fields of
// all kinds of update side by side.
type sessionUpdate struct {
	Kind      string          `json:"sessionUpdate"`
	MessageID string          `json:"messageId"`
	Content   json.RawMessage `json:"content"` // a block, or of a tool call a list of items

	Entries []planEntry `json:"entries"` // plan
	Plan    struct {
		Entries []planEntry `json:"entries"`
	} `json:"plan"`

	CurrentModeID string         `json:"currentModeId"`
	Options       []configOption `json:"configOptions"`
	Title         string         `json:"title"`
	Commands      []struct {
		Name string `json:"name"`
	} `json:"availableCommands"`

	Used *int64 `json:"used"`
	Size *int64 `json:"size"`
	Cost *struct {
		Amount   *float64 `json:"amount"`
		Currency string   `json:"currency"`
	} `json:"cost"`
	Meta struct {
		RateLimit *struct {
			Status   string  `json:"status"`
			ResetsAt float64 `json:"resetsAt"` // seconds since 1970
		} `json:"_claude/rateLimit"`
		Codex struct {
			ThreadStatus struct {
				Type string `json:"type"` // active, idle, systemError
			} `json:"threadStatus"`
		} `json:"codex"`
	} `json:"_meta"`
}

type planEntry struct {
	Content  string `json:"content"`
	Status   string `json:"status"`
	Priority string `json:"priority"`
}

type contentBlock struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URI  string `json:"uri"`
	Name string `json:"name"`

	Meta blockMeta `json:"_meta"`
}

// toolUpdate is a tool_call, a tool_call_update or the toolCall of a
// permission request. What is absent stays as it was.
type toolUpdate struct {
	ID        string         `json:"toolCallId"`
	Name      string         `json:"name"`
	Title     *string        `json:"title"`
	Kind      *string        `json:"kind"`
	Status    *string        `json:"status"`
	Content   *[]toolContent `json:"content"`
	Locations *[]struct {
		Path string `json:"path"`
	} `json:"locations"`
	RawInput  json.RawMessage `json:"rawInput"`
	RawOutput json.RawMessage `json:"rawOutput"`
	Meta      toolMeta        `json:"_meta"`
}

type toolContent struct {
	Type    string       `json:"type"` // content, diff, terminal
	Content contentBlock `json:"content"`
	Path    string       `json:"path"`
	OldText *string      `json:"oldText"`
	NewText string       `json:"newText"`
}

type toolMeta struct {
	Claude struct {
		ToolName string `json:"toolName"`
	} `json:"claudeCode"`
	Output      *terminalData `json:"terminal_output"`
	OutputDelta *terminalData `json:"terminal_output_delta"`
	Exit        *struct {
		Code *int `json:"exit_code"`
	} `json:"terminal_exit"`
}

type terminalData struct {
	Data string `json:"data"`
}

type permissionParams struct {
	ToolCall json.RawMessage `json:"toolCall"`
	Options  []struct {
		ID   string `json:"optionId"`
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"options"`
}

// permissionResult is hf's own answer, as it is read back from the journal.
type permissionResult struct {
	Outcome struct {
		Outcome  string `json:"outcome"` // selected, cancelled
		OptionID string `json:"optionId"`
	} `json:"outcome"`
}

type promptResult struct {
	StopReason string `json:"stopReason"`
	Usage      *struct {
		Input  *int64 `json:"inputTokens"`
		Output *int64 `json:"outputTokens"`
	} `json:"usage"`
	Meta struct {
		Quota *struct {
			Tokens struct {
				Input      *int64 `json:"inputTokens"`
				Output     *int64 `json:"outputTokens"`
				InputOld   *int64 `json:"input_tokens"`
				OutputOld  *int64 `json:"output_tokens"`
				TotalInput *int64 `json:"total_input_tokens"`
			} `json:"token_count"`
		} `json:"quota"`
		HF hfMeta `json:"hf"`
	} `json:"_meta"`
}

// hfMeta is what the demo agent says beyond ACP.
type hfMeta struct {
	Input string `json:"input"` // the turn ended with this question
	Limit *struct {
		ResetAt string `json:"resetAt"` // RFC 3339
	} `json:"limit"`
}
