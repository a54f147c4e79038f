package fakemodel

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// gemini is the wire of Google's Gemini API. Whether the answer is a stream, its
// path says and not its body.
type gemini struct {
	model  string
	stream bool
}

// geminiAction reads the last part of a path: MODEL:METHOD.
func geminiAction(part string) (wire gemini, method string) {
	model, method, _ := strings.Cut(part, ":")
	return gemini{model: model, stream: method == "streamGenerateContent"}, method
}

func (g gemini) decode(body []byte) (exchange, error) {
	var req struct {
		Contents []struct {
			Role  string `json:"role"`
			Parts []struct {
				Text     string `json:"text"`
				Thought  bool   `json:"thought"`
				Response *struct {
					ID       string         `json:"id"`
					Response map[string]any `json:"response"`
				} `json:"functionResponse"`
			} `json:"parts"`
		} `json:"contents"`
		Tools []struct {
			Functions []struct {
				Name string `json:"name"`
			} `json:"functionDeclarations"`
		} `json:"tools"`
		Config struct {
			Schema     map[string]any `json:"responseSchema"`
			JSONSchema map[string]any `json:"responseJsonSchema"`
		} `json:"generationConfig"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return exchange{}, fmt.Errorf("decode generate content request: %w", err)
	}
	x := exchange{model: g.model, stream: g.stream, length: len(req.Contents), schema: req.Config.JSONSchema, tools: map[string]bool{}}
	if x.schema == nil {
		x.schema = req.Config.Schema
	}
	for _, t := range req.Tools {
		for _, f := range t.Functions {
			x.tools[f.Name] = false
		}
	}
	for _, c := range req.Contents {
		if c.Role != "user" && c.Role != "" {
			continue
		}
		for _, p := range c.Parts {
			if strings.HasPrefix(p.Text, "\n--- Content from referenced") {
				break // files that Gemini CLI puts behind the words of the person
			}
			switch {
			case p.Response != nil:
				text, failed := geminiResult(p.Response.Response)
				x.results = append(x.results, result{id: p.Response.ID, text: text, failed: failed})
			case p.Text != "" && !p.Thought && !contextual(p.Text):
				x.prompt, x.results = p.Text, nil
			}
		}
	}
	return x, nil
}

// geminiResult is what became of a call: the wire has a mark for failure.
func geminiResult(response map[string]any) (text string, failed bool) {
	if text, failed = response["error"].(string); failed {
		return text, true
	}
	text, _ = response["output"].(string)
	return text, unsuccessful.MatchString(text)
}

func (g gemini) write(ctx context.Context, out output, x exchange, r reply) error {
	id := fmt.Sprintf("resp-%d", time.Now().UnixNano())
	frame := func(finish string, parts ...any) map[string]any {
		candidate := map[string]any{"index": 0, "content": map[string]any{"role": "model", "parts": parts}}
		if finish != "" {
			candidate["finishReason"] = finish
		}
		return map[string]any{"responseId": id, "modelVersion": x.model, "candidates": []any{candidate}}
	}
	part := func(text string) map[string]any { return map[string]any{"text": text} }
	if err := say(ctx, r.text, func(text string) error { return out.data(frame("", part(text))) }); err != nil {
		return err
	}
	if r.fault.Kind != "" {
		return nil
	}
	var last, whole []any
	if len(r.text) > 0 {
		whole = append(whole, part(joined(r.text)))
	}
	if r.call != nil {
		name, args := g.tool(r.call.step)
		last = append(last, map[string]any{"functionCall": map[string]any{"id": r.call.id, "name": name, "args": args}})
	} else {
		last = append(last, part(""))
	}
	answered := tokens(joined(r.text))
	usage := map[string]any{"promptTokenCount": 1000, "candidatesTokenCount": answered, "totalTokenCount": 1000 + answered}
	end := frame("STOP", last...)
	end["usageMetadata"] = usage
	if err := out.data(end); err != nil {
		return err
	}
	document := frame("STOP", append(whole, last...)...)
	document["usageMetadata"] = usage
	return out.whole(document)
}

// tool returns the tool of Gemini CLI that carries out a step, and its input.
func (gemini) tool(s step) (string, map[string]any) {
	switch s.verb {
	case verbEdit:
		return "write_file", map[string]any{"file_path": s.file, "content": s.text}
	case verbRead:
		return "read_file", map[string]any{"file_path": s.file}
	case verbAsk:
		return "ask_user", map[string]any{"questions": []any{map[string]any{
			"question": s.text, "header": "Question", "type": "yesno",
		}}}
	default:
		return "run_shell_command", map[string]any{"command": s.text, "description": "Run a command"}
	}
}

// problem words a limit as one of the day: it does not go away by trying again.
func (gemini) problem(f Fault) problem {
	kinds := map[FaultKind]string{
		Unauthorized: "UNAUTHENTICATED", BadRequest: "INVALID_ARGUMENT",
		RateLimited: "RESOURCE_EXHAUSTED", ServerError: "INTERNAL", Overloaded: "UNAVAILABLE",
	}
	status := f.Kind.status()
	if f.Kind == Overloaded {
		status = 503
	}
	detail := map[string]any{"code": status, "message": f.message(), "status": kinds[f.Kind]}
	if f.Kind == RateLimited {
		detail["details"] = []any{map[string]any{
			"@type":      "type.googleapis.com/google.rpc.QuotaFailure",
			"violations": []any{map[string]any{"quotaMetric": "requests", "quotaId": "GenerateRequestsPerDayPerProject"}},
		}}
	}
	return problem{status: status, header: map[string]string{}, body: map[string]any{"error": detail}}
}
