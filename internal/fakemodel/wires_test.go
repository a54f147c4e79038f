package fakemodel

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// frames reads a stream of nameless server-sent events back, up to its end or
// to [DONE].
func frames(t *testing.T, body io.Reader) []map[string]any {
	t.Helper()
	var out []map[string]any
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || text == "[DONE]" {
			continue
		}
		var data map[string]any
		if err := json.Unmarshal([]byte(text), &data); err != nil {
			t.Fatalf("event %s: %v", text, err)
		}
		out = append(out, data)
	}
	return out
}

// item is the ith value of a list in decoded JSON.
func item(v any, i int) any {
	list, _ := v.([]any)
	if i >= len(list) {
		return nil
	}
	return list[i]
}

const opencodeTurn = `{"model":"m","stream":true,"tools":[{"type":"function","function":{"name":"write"}}],"messages":[
	{"role":"system","content":"Working directory: /w/a\nPlatform: linux"},
	{"role":"user","content":[{"type":"text","text":"say: Now I write.\nedit a.txt: hello\nsay: Written."}]}`

// chatTurn reads one streamed answer.
func chatTurn(t *testing.T, body io.Reader) (said, tool, id, arguments, finish string) {
	t.Helper()
	for _, f := range frames(t, body) {
		choice := item(f["choices"], 0)
		said += str(choice, "delta", "content")
		finish += str(choice, "finish_reason")
		if call := item(at(choice, "delta", "tool_calls"), 0); call != nil {
			tool, id, arguments = str(call, "function", "name"), str(call, "id"), str(call, "function", "arguments")
		}
	}
	return said, tool, id, arguments, finish
}

func TestChatStream(t *testing.T) {
	s := start(t)
	said, tool, id, arguments, finish := chatTurn(t, post(t.Context(), t, s.URL()+"/v1/chat/completions", opencodeTurn+"]}").Body)
	if said != "Now I write." || tool != "write" || arguments != `{"content":"hello","filePath":"/w/a/a.txt"}` || finish != "tool_calls" {
		t.Errorf("said %q, tool %q, arguments %s, finish %q", said, tool, arguments, finish)
	}
	after := opencodeTurn + `,{"role":"assistant","content":"","tool_calls":[]},{"role":"tool","tool_call_id":"` + id + `","content":"ok"}]}`
	said, tool, _, _, finish = chatTurn(t, post(t.Context(), t, s.URL()+"/v1/chat/completions", after).Body)
	if said != "Written." || tool != "" || finish != "stop" {
		t.Errorf("after the result: said %q, tool %q, finish %q", said, tool, finish)
	}
}

func TestChatWhole(t *testing.T) {
	s := start(t)
	resp := post(t.Context(), t, s.URL()+"/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"a title, please"}]}`)
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if text := str(item(got["choices"], 0), "message", "content"); text != "A short title" || got["object"] != "chat.completion" {
		t.Errorf("answer = %v", got)
	}
}

const geminiTurn = `{"tools":[{"functionDeclarations":[{"name":"write_file"}]}],"contents":[
	{"role":"user","parts":[{"text":"<session_context>x</session_context>"},{"text":"say: Now I write.\nedit a.txt: hello\nsay: Written."}]}`

func TestGeminiStream(t *testing.T) {
	s := start(t)
	url := s.URL() + "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"
	turn := func(body string) (said, finish string, call any) {
		for _, f := range frames(t, post(t.Context(), t, url, body).Body) {
			candidate := item(f["candidates"], 0)
			finish += str(candidate, "finishReason")
			part := item(at(candidate, "content", "parts"), 0)
			said += str(part, "text")
			if c := at(part, "functionCall"); c != nil {
				call = c
			}
		}
		return said, finish, call
	}
	said, finish, call := turn(geminiTurn + "]}")
	if said != "Now I write." || finish != "STOP" || str(call, "name") != "write_file" || str(call, "args", "file_path") != "a.txt" {
		t.Errorf("said %q, finish %q, call %v", said, finish, call)
	}
	after := geminiTurn + `,{"role":"model","parts":[{"functionCall":{}}]},{"role":"user","parts":[{"functionResponse":{"id":"` + str(call, "id") + `","response":{"output":"ok"}}}]}]}`
	if said, finish, call = turn(after); said != "Written." || finish != "STOP" || call != nil {
		t.Errorf("after the result: said %q, finish %q, call %v", said, finish, call)
	}
}

func TestGeminiAnswersInTheShapeAskedFor(t *testing.T) {
	s := start(t)
	ask := `{"contents":[{"role":"user","parts":[{"text":"how hard is it?"}]}],"generationConfig":{"responseJsonSchema":{"type":"OBJECT","properties":{"score":{"type":"INTEGER"},"why":{"type":"STRING"}}}}}`
	resp := post(t.Context(), t, s.URL()+"/v1beta/models/gemini-x:generateContent", ask)
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if text := str(item(at(item(got["candidates"], 0), "content", "parts"), 0), "text"); text != `{"score":0,"why":"short title"}` {
		t.Errorf("answer = %s", text)
	}
	resp = post(t.Context(), t, s.URL()+"/v1beta/models/gemini-x:countTokens", ask)
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || at(got, "totalTokens") == nil {
		t.Errorf("count of tokens = %v, %v", got, err)
	}
	if resp = post(t.Context(), t, s.URL()+"/v1beta/models/gemini-x:embed", ask); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a method that is not served: status %d", resp.StatusCode)
	}
}
