package fakemodel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T) *Server {
	t.Helper()
	s, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func post(ctx context.Context, t *testing.T, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// events reads a stream of server-sent events back, checking that each event's
// name is also its data's type.
func events(t *testing.T, body io.Reader) []map[string]any {
	t.Helper()
	var out []map[string]any
	var name string
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = v
		}
		if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var data map[string]any
			if err := json.Unmarshal([]byte(v), &data); err != nil {
				t.Fatalf("event %s: %v", name, err)
			}
			if data["type"] != name {
				t.Fatalf("event %s has the type %v", name, data["type"])
			}
			out = append(out, data)
		}
	}
	return out
}

// at walks into decoded JSON: at(v, "delta", "text").
func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func str(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

const claudeTurn = `{"model":"m","stream":true,"system":[{"type":"text","text":"Environment:\n - Primary working directory: /w/a\n - Platform: linux"}],"tools":[{"name":"Write"}],"messages":[
	{"role":"user","content":[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"say: Now I write.\nedit a.txt: hello\nsay: Written."}]}`

func TestMessagesStream(t *testing.T) {
	s := start(t)
	resp := post(t.Context(), t, s.URL()+"/v1/messages?beta=true", claudeTurn+`]}`)
	var kinds []string
	var said, input, tool, stop string
	for _, e := range events(t, resp.Body) {
		kinds = append(kinds, str(e, "type"))
		said += str(e, "delta", "text")
		input += str(e, "delta", "partial_json")
		tool += str(e, "content_block", "name")
		stop += str(e, "delta", "stop_reason")
	}
	if said != "Now I write." || tool != "Write" || stop != "tool_use" {
		t.Errorf("said %q, tool %q, stop %q", said, tool, stop)
	}
	var written struct {
		Path    string `json:"file_path"`
		Content string `json:"content"`
	}
	if err := json.Unmarshal([]byte(input), &written); err != nil || written.Path != "/w/a/a.txt" || written.Content != "hello" {
		t.Errorf("input = %s (%v)", input, err)
	}
	if kinds[0] != "message_start" || kinds[len(kinds)-1] != "message_stop" {
		t.Errorf("events = %v", kinds)
	}

	after := claudeTurn + `,{"role":"assistant","content":[{"type":"tool_use","id":"call_1_1_edit","name":"Write","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1_1_edit","content":"ok"},{"type":"text","text":"<system-reminder>y</system-reminder>"}]}]}`
	resp = post(t.Context(), t, s.URL()+"/v1/messages", after)
	said, stop = "", ""
	for _, e := range events(t, resp.Body) {
		said += str(e, "delta", "text")
		stop += str(e, "delta", "stop_reason")
	}
	if said != "Written." || stop != "end_turn" {
		t.Errorf("after the result: said %q, stop %q", said, stop)
	}
}

func TestMessagesWhole(t *testing.T) {
	s := start(t)
	resp := post(t.Context(), t, s.URL()+"/v1/messages", `{"model":"m","messages":[{"role":"user","content":"a title, please"}]}`)
	var got struct {
		Content    []struct{ Type, Text string }
		StopReason string `json:"stop_reason"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Content) != 1 || got.Content[0].Text != "A short title" || got.StopReason != "end_turn" {
		t.Errorf("whole answer = %+v", got)
	}
	if r := s.Requests(); len(r) != 1 || !r[0].Aside || r[0].Prompt != "a title, please" {
		t.Errorf("recorded %+v", r)
	}
}

func TestCountTokens(t *testing.T) {
	s := start(t)
	resp := post(t.Context(), t, s.URL()+"/v1/messages/count_tokens", `{"messages":[]}`)
	var got map[string]int
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got["input_tokens"] <= 0 {
		t.Errorf("count = %v (%v)", got, err)
	}
}

const codexTurn = `{"model":"m","stream":true,"tools":[{"type":"function","name":"exec_command"},{"type":"custom","name":"apply_patch"}],"input":[
	{"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>x</environment_context>"}]},
	{"type":"message","role":"user","content":[{"type":"input_text","text":"edit a.txt: one\\ntwo\nrun: touch b\nsay: All there."}]}`

func TestResponsesStream(t *testing.T) {
	s := start(t)
	turn := codexTurn
	results := []string{"Success.", "Process exited with code 1\nRead-only file system", "Process exited with code 0"}
	want := []struct{ kind, name, field, input string }{
		{"custom_tool_call", "apply_patch", "input", "*** Begin Patch\n*** Add File: a.txt\n+one\n+two\n*** End Patch\n"},
		{"function_call", "exec_command", "arguments", `{"cmd":"touch b"}`},
		{"function_call", "exec_command", "arguments", `{"cmd":"touch b","justification":"May I run this outside the sandbox?","sandbox_permissions":"require_escalated"}`},
	}
	for i, w := range want {
		all := events(t, post(t.Context(), t, s.URL()+"/v1/responses", turn+"]}").Body)
		var item map[string]any
		for _, e := range all {
			if str(e, "type") == "response.output_item.done" {
				item, _ = e["item"].(map[string]any)
			}
		}
		if str(item, "type") != w.kind || str(item, "name") != w.name || str(item, w.field) != w.input {
			t.Fatalf("call %d = %v, want %+v", i, item, w)
		}
		last := all[len(all)-1]
		if str(last, "type") != "response.completed" || str(last, "response", "status") != "completed" || at(last, "response", "usage", "total_tokens") == nil {
			t.Fatalf("the stream ends by %v", last)
		}
		output, err := json.Marshal(map[string]any{"type": w.kind + "_output", "call_id": str(item, "call_id"), "output": results[i]})
		if err != nil {
			t.Fatal(err)
		}
		turn += "," + string(output)
	}
	var said string
	for _, e := range events(t, post(t.Context(), t, s.URL()+"/v1/responses", turn+"]}").Body) {
		said += str(e, "delta")
	}
	if said != "All there." {
		t.Errorf("said %q at the end", said)
	}
}

func TestFaultsHaveTheirStatus(t *testing.T) {
	for _, wire := range []struct{ path, turn, kind string }{
		{"/v1/messages", claudeTurn + "]}", "rate_limit_error"},
		{"/v1/responses", codexTurn + "]}", "usage_limit_reached"},
		{"/v1/chat/completions", opencodeTurn + "]}", "insufficient_quota"},
	} {
		s := start(t)
		for _, kind := range []FaultKind{Unauthorized, BadRequest, RateLimited, ServerError, Overloaded} {
			s.Fail(Fault{Kind: kind, Times: 1, Reset: Duration(time.Minute)})
			resp := post(t.Context(), t, s.URL()+wire.path, wire.turn)
			if strconv.Itoa(resp.StatusCode) != string(kind) {
				t.Errorf("%s %s: status %d", wire.path, kind, resp.StatusCode)
			}
			if kind != RateLimited {
				continue
			}
			var body map[string]any
			if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || str(body, "error", "type") != wire.kind {
				t.Errorf("%s: body %v (%v)", wire.path, body, err)
			}
			if left, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || left < 58 || left > 61 {
				t.Errorf("%s: retry after %q", wire.path, resp.Header.Get("Retry-After"))
			}
		}
		if resp := post(t.Context(), t, s.URL()+wire.path, wire.turn); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d after the fault was used up", wire.path, resp.StatusCode)
		}
	}
}

func TestAsideDoesNotUseUpAFault(t *testing.T) {
	s := start(t)
	s.Fail(Fault{Kind: ServerError, Times: 1})
	aside := `{"messages":[{"role":"user","content":"title"}]}`
	for range 2 {
		if resp := post(t.Context(), t, s.URL()+"/v1/messages", aside); resp.StatusCode != http.StatusInternalServerError {
			t.Errorf("aside: status %d", resp.StatusCode)
		}
	}
	if resp := post(t.Context(), t, s.URL()+"/v1/messages", claudeTurn+"]}"); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("turn: status %d", resp.StatusCode)
	}
}

func TestTruncateBreaksTheStream(t *testing.T) {
	s := start(t)
	for path, turn := range map[string]string{
		"/v1/messages": claudeTurn, "/v1/responses": codexTurn, "/v1/chat/completions": opencodeTurn,
		"/v1beta/models/m:streamGenerateContent": geminiTurn,
	} {
		s.Fail(Fault{Kind: Truncate, Times: 1})
		resp := post(t.Context(), t, s.URL()+path, turn+"]}")
		text, err := io.ReadAll(resp.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the stream ends with %v", path, err)
		}
		if !strings.Contains(string(text), "sentence") || strings.Contains(string(text), "STOP") || strings.Contains(string(text), "_stop") || strings.Contains(string(text), "completed") {
			t.Errorf("%s: the stream is not cut in its text:\n%s", path, text)
		}
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	s := start(t)
	s.Fail(Fault{Kind: Hang})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/v1/messages", strings.NewReader(claudeTurn+"]}"))
		if err == nil {
			var resp *http.Response
			if resp, err = http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
		}
		ended <- err
	}()
	if _, err := s.Await(t.Context(), func(r Request) bool { return r.Path == "/v1/messages" }); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended with %v", err)
	}
}

func TestSlowStreamsAsItGoes(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	turn := strings.Replace(codexTurn, "edit a.txt", `slow: 3 every 1h\nedit a.txt`, 1)
	turn = strings.Replace(turn, "slow:", `say: at once\nslow:`, 1)
	resp := post(ctx, t, s.URL()+"/v1/responses", turn+"]}")
	lines := bufio.NewScanner(resp.Body)
	var said string
	for said != "at once" && lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var e map[string]any
			if err := json.Unmarshal([]byte(v), &e); err != nil {
				t.Fatal(err)
			}
			said += str(e, "delta")
		}
	}
	if said != "at once" {
		t.Errorf("said %q before the slow part", said)
	}
}

func TestControl(t *testing.T) {
	s := start(t)
	if resp := post(t.Context(), t, s.URL()+"/control/fault", `{"kind":"429","reset":"30s"}`); resp.StatusCode != http.StatusNoContent {
		t.Errorf("set a fault: status %d", resp.StatusCode)
	}
	if resp := post(t.Context(), t, s.URL()+"/v1/messages", claudeTurn+"]}"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("status %d with the fault set", resp.StatusCode)
	}
	if resp := post(t.Context(), t, s.URL()+"/control/fault", `{"kind":"418"}`); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown fault: status %d", resp.StatusCode)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/control/requests", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got []Request
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || !strings.Contains(got[0].Prompt, "edit a.txt") || got[0].Aside {
		t.Errorf("requests = %+v", got)
	}
}
