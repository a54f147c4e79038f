package fakemodel

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// workingDir finds where Claude Code tells the model what its directory is, in
// the JSON of a request: its tools want absolute paths.
var workingDir = regexp.MustCompile(`orking directory: (/(?:[^"\\]|\\[^n])+)`)

// messages is the wire of Anthropic's Messages API.
type messages struct{}

// content is what a message says: a string, or a list of blocks.
type content []block

type block struct {
	Type      string  `json:"type"`
	Text      string  `json:"text"`
	ToolUseID string  `json:"tool_use_id"`
	Content   content `json:"content"`
	IsError   bool    `json:"is_error"`
}

func (c *content) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*c = content{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(data, (*[]block)(c))
}

func (c content) text() string {
	var s strings.Builder
	for _, b := range c {
		s.WriteString(b.Text)
	}
	return s.String()
}

func (messages) decode(body []byte) (exchange, error) {
	var req struct {
		Model    string `json:"model"`
		Stream   bool   `json:"stream"`
		Messages []struct {
			Role    string  `json:"role"`
			Content content `json:"content"`
		} `json:"messages"`
		Tools []struct {
			Name string `json:"name"`
		} `json:"tools"`
		OutputConfig struct {
			Format struct {
				Schema map[string]any `json:"schema"`
			} `json:"format"`
		} `json:"output_config"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return exchange{}, fmt.Errorf("decode messages request: %w", err)
	}
	x := exchange{
		model: req.Model, stream: req.Stream, length: len(req.Messages),
		schema: req.OutputConfig.Format.Schema, tools: map[string]bool{},
	}
	if m := workingDir.FindSubmatch(body); m != nil {
		x.dir = string(m[1])
	}
	for _, t := range req.Tools {
		x.tools[t.Name] = false
	}
	for _, m := range req.Messages {
		if m.Role != "user" {
			continue
		}
		for _, b := range m.Content {
			switch {
			case b.Type == "tool_result":
				x.results = append(x.results, result{id: b.ToolUseID, text: b.Content.text(), failed: b.IsError})
			case b.Type == "text" && b.Text != "" && !contextual(b.Text):
				x.prompt, x.results = b.Text, nil
			}
		}
	}
	return x, nil
}

func (m messages) write(ctx context.Context, out output, x exchange, r reply) error {
	usage := map[string]any{
		"input_tokens": 1000, "output_tokens": tokens(joined(r.text)),
		"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
	}
	message := map[string]any{
		"id": fmt.Sprintf("msg_%d", time.Now().UnixNano()), "type": "message", "role": "assistant",
		"model": x.model, "content": []any{}, "stop_reason": nil, "stop_sequence": nil, "usage": usage,
	}
	if err := out.event("message_start", map[string]any{"message": message}); err != nil {
		return err
	}
	var blocks []any
	if len(r.text) > 0 {
		if err := m.text(ctx, out, r); err != nil {
			return err
		}
		blocks = append(blocks, map[string]any{"type": "text", "text": joined(r.text)})
	}
	if r.fault.Kind != "" {
		return nil
	}
	stop := "end_turn"
	if r.call != nil {
		stop = "tool_use"
		name, input := m.tool(x.dir, r.call.step)
		if err := m.use(out, len(blocks), r.call.id, name, input); err != nil {
			return err
		}
		blocks = append(blocks, map[string]any{"type": "tool_use", "id": r.call.id, "name": name, "input": input})
	}
	end := map[string]any{"delta": map[string]any{"stop_reason": stop, "stop_sequence": nil}, "usage": usage}
	if err := out.event("message_delta", end); err != nil {
		return err
	}
	if err := out.event("message_stop", map[string]any{}); err != nil {
		return err
	}
	message["content"], message["stop_reason"] = blocks, stop
	return out.whole(message)
}

func (messages) text(ctx context.Context, out output, r reply) error {
	start := map[string]any{"index": 0, "content_block": map[string]any{"type": "text", "text": ""}}
	if err := out.event("content_block_start", start); err != nil {
		return err
	}
	err := say(ctx, r.text, func(text string) error {
		return out.event("content_block_delta", map[string]any{
			"index": 0,
			"delta": map[string]any{"type": "text_delta", "text": text},
		})
	})
	if err != nil || r.fault.Kind != "" {
		return err
	}
	return out.event("content_block_stop", map[string]any{"index": 0})
}

// use sends a call. Its input is cut in two, as inputs arrive in parts.
func (messages) use(out output, index int, id, name string, input map[string]any) error {
	text, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("encode the input of %s: %w", name, err)
	}
	start := map[string]any{"type": "tool_use", "id": id, "name": name, "input": map[string]any{}}
	if err := out.event("content_block_start", map[string]any{"index": index, "content_block": start}); err != nil {
		return err
	}
	half := len(text) / 2
	for _, part := range []string{string(text[:half]), string(text[half:])} {
		delta := map[string]any{"type": "input_json_delta", "partial_json": part}
		if err := out.event("content_block_delta", map[string]any{"index": index, "delta": delta}); err != nil {
			return err
		}
	}
	return out.event("content_block_stop", map[string]any{"index": index})
}

// tool returns the tool of Claude Code that carries out a step, and its input.
func (messages) tool(dir string, s step) (string, map[string]any) {
	file := s.file
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	switch s.verb {
	case verbEdit:
		return "Write", map[string]any{"file_path": file, "content": s.text}
	case verbRead:
		return "Read", map[string]any{"file_path": file}
	case verbAsk:
		option := func(label string) map[string]any { return map[string]any{"label": label, "description": label} }
		return "AskUserQuestion", map[string]any{"questions": []any{map[string]any{
			"question": s.text, "header": "Question",
			"multiSelect": false, "options": []any{option("Yes"), option("No")},
		}}}
	default:
		return "Bash", map[string]any{"command": s.text, "description": "Run a command"}
	}
}

func (messages) problem(f Fault) problem {
	kinds := map[FaultKind]string{
		Unauthorized: "authentication_error", BadRequest: "invalid_request_error",
		RateLimited: "rate_limit_error", ServerError: "api_error", Overloaded: "overloaded_error",
	}
	p := problem{status: f.Kind.status(), header: map[string]string{}, body: map[string]any{
		"type":  "error",
		"error": map[string]any{"type": kinds[f.Kind], "message": f.message()},
	}}
	if f.Kind == RateLimited {
		reset := f.resetAt()
		p.header["Retry-After"] = strconv.Itoa(int(time.Until(reset).Seconds()) + 1)
		p.header["Anthropic-Ratelimit-Unified-Status"] = "rejected"
		p.header["Anthropic-Ratelimit-Unified-Reset"] = strconv.FormatInt(reset.Unix(), 10)
		p.header["Anthropic-Ratelimit-Unified-Representative-Claim"] = "five_hour"
	}
	return p
}
