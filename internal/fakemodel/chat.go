package fakemodel

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// chat is the wire of OpenAI's Chat Completions API, as OpenCode speaks it.
type chat struct{}

type chatMessage struct {
	Role       string  `json:"role"`
	Content    content `json:"content"`
	ToolCallID string  `json:"tool_call_id"`
}

func (chat) decode(body []byte) (exchange, error) {
	var req struct {
		Model    string        `json:"model"`
		Stream   bool          `json:"stream"`
		Messages []chatMessage `json:"messages"`
		Tools    []struct {
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		} `json:"tools"`
		Format struct {
			Schema struct {
				Schema map[string]any `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return exchange{}, fmt.Errorf("decode chat completions request: %w", err)
	}
	x := exchange{
		model: req.Model, stream: req.Stream, length: len(req.Messages),
		schema: req.Format.Schema.Schema, tools: map[string]bool{},
	}
	if m := workingDir.FindSubmatch(body); m != nil {
		x.dir = string(m[1])
	}
	for _, t := range req.Tools {
		x.tools[t.Function.Name] = false
	}
	for _, m := range req.Messages {
		switch m.Role {
		case "tool":
			text := m.Content.text()
			x.results = append(x.results, result{id: m.ToolCallID, text: text, failed: unsuccessful.MatchString(text)})
		case "user":
			for _, b := range m.Content {
				if b.Text != "" && !contextual(b.Text) {
					x.prompt, x.results = b.Text, nil
				}
			}
		}
	}
	return x, nil
}

func (c chat) write(ctx context.Context, out output, x exchange, r reply) error {
	frame := map[string]any{
		"id": fmt.Sprintf("chatcmpl-%d", time.Now().UnixNano()), "object": "chat.completion.chunk",
		"created": time.Now().Unix(), "model": x.model,
	}
	delta := func(d map[string]any, finish any) error {
		frame["choices"] = []any{map[string]any{"index": 0, "delta": d, "finish_reason": finish}}
		return out.data(frame)
	}
	if err := delta(map[string]any{"role": "assistant", "content": ""}, nil); err != nil {
		return err
	}
	if err := say(ctx, r.text, func(text string) error { return delta(map[string]any{"content": text}, nil) }); err != nil {
		return err
	}
	if r.fault.Kind != "" {
		return nil
	}
	message, finish := map[string]any{"role": "assistant", "content": joined(r.text)}, "stop"
	if r.call != nil {
		name, arguments, err := encodeCall(c.tool(x.dir, r.call.step))
		if err != nil {
			return err
		}
		call := map[string]any{"index": 0, "id": r.call.id, "type": "function", "function": map[string]any{"name": name, "arguments": arguments}}
		if err := delta(map[string]any{"tool_calls": []any{call}}, nil); err != nil {
			return err
		}
		message["tool_calls"], finish = []any{call}, "tool_calls"
	}
	if err := delta(map[string]any{}, finish); err != nil {
		return err
	}
	answered := tokens(joined(r.text))
	frame["choices"] = []any{}
	frame["usage"] = map[string]any{"prompt_tokens": 1000, "completion_tokens": answered, "total_tokens": 1000 + answered}
	if err := out.data(frame); err != nil {
		return err
	}
	if err := out.raw("[DONE]"); err != nil {
		return err
	}
	frame["object"] = "chat.completion"
	frame["choices"] = []any{map[string]any{"index": 0, "message": message, "finish_reason": finish}}
	return out.whole(frame)
}

// tool returns the tool of OpenCode that carries out a step, and its input.
func (chat) tool(dir string, s step) (string, map[string]any) {
	file := s.file
	if !filepath.IsAbs(file) && dir != "" {
		file = filepath.Join(dir, file)
	}
	switch s.verb {
	case verbEdit:
		return "write", map[string]any{"filePath": file, "content": s.text}
	case verbRead:
		return "read", map[string]any{"filePath": file}
	case verbAsk:
		option := func(label string) map[string]any { return map[string]any{"label": label, "description": label} }
		return "question", map[string]any{"questions": []any{map[string]any{
			"question": s.text, "header": "Question", "options": []any{option("Yes"), option("No")},
		}}}
	default:
		return "bash", map[string]any{"command": s.text, "description": "Run a command"}
	}
}

func (chat) problem(f Fault) problem {
	kinds := map[FaultKind]string{
		Unauthorized: "invalid_api_key", BadRequest: "invalid_request_error",
		RateLimited: "insufficient_quota", ServerError: "server_error", Overloaded: "server_overloaded",
	}
	p := problem{status: f.Kind.status(), header: map[string]string{}, body: map[string]any{
		"error": map[string]any{"type": kinds[f.Kind], "code": kinds[f.Kind], "message": f.message()},
	}}
	if f.Kind == RateLimited {
		p.header["Retry-After"] = strconv.Itoa(int(time.Until(f.resetAt()).Seconds()) + 1)
	}
	return p
}
