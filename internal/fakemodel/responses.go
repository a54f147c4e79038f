package fakemodel

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// responses is the wire of OpenAI's Responses API.
type responses struct{}

// unsuccessful matches the result of a call that did not work: the wire has no
// mark for it, Codex says it in words.
var unsuccessful = regexp.MustCompile(`(?i)exited with code [1-9]|exit code: [1-9]|rejected|failed|aborted|unavailable`)

func (responses) decode(body []byte) (exchange, error) {
	var req struct {
		Model  string `json:"model"`
		Stream bool   `json:"stream"`
		Input  []struct {
			Type    string  `json:"type"`
			Role    string  `json:"role"`
			Content content `json:"content"`
			CallID  string  `json:"call_id"`
			Output  content `json:"output"`
		} `json:"input"`
		Tools []struct {
			Type string `json:"type"`
			Name string `json:"name"`
		} `json:"tools"`
		Text struct {
			Format struct {
				Schema map[string]any `json:"schema"`
			} `json:"format"`
		} `json:"text"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return exchange{}, fmt.Errorf("decode responses request: %w", err)
	}
	x := exchange{
		model: req.Model, stream: req.Stream, length: len(req.Input),
		schema: req.Text.Format.Schema, tools: map[string]bool{},
	}
	for _, t := range req.Tools {
		if t.Name != "" {
			x.tools[t.Name] = t.Type == "custom"
		}
	}
	for _, item := range req.Input {
		switch {
		case strings.HasSuffix(item.Type, "call_output"):
			text := item.Output.text()
			x.results = append(x.results, result{id: item.CallID, text: text, failed: unsuccessful.MatchString(text)})
		case item.Role == "user":
			for _, b := range item.Content {
				if b.Text != "" && !contextual(b.Text) {
					x.prompt, x.results = b.Text, nil
				}
			}
		}
	}
	return x, nil
}

func (w responses) write(ctx context.Context, out output, x exchange, r reply) error {
	id := fmt.Sprintf("resp_%d", time.Now().UnixNano())
	response := map[string]any{"id": id, "object": "response", "status": "in_progress", "model": x.model, "output": []any{}}
	if err := out.event("response.created", map[string]any{"response": response}); err != nil {
		return err
	}
	var items []any
	if len(r.text) > 0 {
		item, err := w.text(ctx, out, "msg_"+id, r)
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	if r.fault.Kind != "" {
		return nil
	}
	if r.call != nil {
		item, err := w.call(out, len(items), x, *r.call)
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	answered := tokens(joined(r.text))
	response["status"], response["output"] = "completed", items
	response["usage"] = map[string]any{
		"input_tokens": 1000, "output_tokens": answered, "total_tokens": 1000 + answered,
		"input_tokens_details": map[string]any{"cached_tokens": 0}, "output_tokens_details": map[string]any{"reasoning_tokens": 0},
	}
	if err := out.event("response.completed", map[string]any{"response": response}); err != nil {
		return err
	}
	return out.whole(response)
}

func (responses) text(ctx context.Context, out output, id string, r reply) (map[string]any, error) {
	item := func(parts ...any) map[string]any {
		return map[string]any{"id": id, "type": "message", "role": "assistant", "content": parts}
	}
	part := func(text string) map[string]any {
		return map[string]any{"type": "output_text", "text": text, "annotations": []any{}}
	}
	at := func(more map[string]any) map[string]any {
		more["item_id"], more["output_index"], more["content_index"] = id, 0, 0
		return more
	}
	if err := out.event("response.output_item.added", map[string]any{"output_index": 0, "item": item()}); err != nil {
		return nil, err
	}
	if err := out.event("response.content_part.added", at(map[string]any{"part": part("")})); err != nil {
		return nil, err
	}
	err := say(ctx, r.text, func(text string) error {
		return out.event("response.output_text.delta", at(map[string]any{"delta": text}))
	})
	if err != nil || r.fault.Kind != "" {
		return nil, err
	}
	text := joined(r.text)
	if err := out.event("response.output_text.done", at(map[string]any{"text": text})); err != nil {
		return nil, err
	}
	if err := out.event("response.content_part.done", at(map[string]any{"part": part(text)})); err != nil {
		return nil, err
	}
	done := item(part(text))
	return done, out.event("response.output_item.done", map[string]any{"output_index": 0, "item": done})
}

func (w responses) call(out output, index int, x exchange, c call) (map[string]any, error) {
	name, input, err := w.tool(x.tools, c.step)
	if err != nil {
		return nil, err
	}
	kind, field, event := "function_call", "arguments", "response.function_call_arguments"
	if x.tools[name] {
		kind, field, event = "custom_tool_call", "input", "response.custom_tool_call_input"
	}
	itemID := "item_" + c.id
	item := func(input string) map[string]any {
		return map[string]any{"id": itemID, "type": kind, "call_id": c.id, "name": name, field: input}
	}
	for _, e := range []struct {
		name string
		data map[string]any
	}{
		{"response.output_item.added", map[string]any{"output_index": index, "item": item("")}},
		{event + ".delta", map[string]any{"output_index": index, "item_id": itemID, "delta": input}},
		{event + ".done", map[string]any{"output_index": index, "item_id": itemID, field: input}},
		{"response.output_item.done", map[string]any{"output_index": index, "item": item(input)}},
	} {
		if err := out.event(e.name, e.data); err != nil {
			return nil, err
		}
	}
	return item(input), nil
}

// tool returns the tool of Codex, of those it offers, that carries out a step,
// and its input as the wire carries it.
func (responses) tool(offered map[string]bool, s step) (name, input string, err error) {
	command := s.text
	switch s.verb {
	case verbAsk:
		return encodeCall("request_user_input", map[string]any{"questions": []any{map[string]any{
			"id": "q", "header": "Question",
			"question": s.text, "options": []any{map[string]any{"label": "Yes", "description": "Yes"}, map[string]any{"label": "No", "description": "No"}},
		}}})
	case verbEdit:
		if offered["apply_patch"] {
			return "apply_patch", patch(s), nil
		}
		command = "apply_patch <<'END_OF_PATCH'\n" + patch(s) + "END_OF_PATCH"
	default:
	}
	if _, ok := offered["exec_command"]; ok {
		arguments := map[string]any{"cmd": command}
		if s.verb == verbEscalate {
			arguments["sandbox_permissions"], arguments["justification"] = "require_escalated", "May I run this outside the sandbox?"
		}
		return encodeCall("exec_command", arguments)
	}
	if _, ok := offered["shell_command"]; ok {
		return encodeCall("shell_command", map[string]any{"command": command})
	}
	return encodeCall("shell", map[string]any{"command": []string{"bash", "-lc", command}})
}

func encodeCall(name string, arguments map[string]any) (string, string, error) {
	text, err := json.Marshal(arguments)
	if err != nil {
		return "", "", fmt.Errorf("encode the arguments of %s: %w", name, err)
	}
	return name, string(text), nil
}

// patch is the edit as apply_patch reads it.
func patch(s step) string {
	text := strings.TrimSuffix(s.text, "\n")
	return "*** Begin Patch\n*** Add File: " + s.file + "\n+" + strings.ReplaceAll(text, "\n", "\n+") + "\n*** End Patch\n"
}

func (responses) problem(f Fault) problem {
	kinds := map[FaultKind]string{
		Unauthorized: "invalid_api_key", BadRequest: "invalid_request_error",
		RateLimited: "usage_limit_reached", ServerError: "server_error", Overloaded: "server_overloaded",
	}
	detail := map[string]any{"type": kinds[f.Kind], "code": kinds[f.Kind], "message": f.message()}
	p := problem{status: f.Kind.status(), header: map[string]string{}, body: map[string]any{"error": detail}}
	if f.Kind == RateLimited {
		reset := f.resetAt()
		left := int(time.Until(reset).Seconds()) + 1
		p.header["Retry-After"] = strconv.Itoa(left)
		detail["plan_type"], detail["resets_at"], detail["resets_in_seconds"] = "plus", reset.Unix(), left
	}
	return p
}
