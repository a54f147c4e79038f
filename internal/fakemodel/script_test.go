package fakemodel

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		prompt string
		want   []step
	}{
		{"fix the bug", []step{{verb: verbSay, text: "You said: fix the bug"}}},
		{"say: a: b\nnoise\nedit dir/a.txt: one\\ntwo", []step{
			{verb: verbSay, text: "a: b"},
			{verb: verbEdit, file: "dir/a.txt", text: "one\ntwo"},
		}},
		{"  run: echo x: y  ", []step{{verb: verbRun, text: "echo x: y"}}},
		{"slow: 3", []step{{verb: verbSlow, text: "3", count: 3, pace: defaultPace}}},
		{"slow: 3 every 5ms", []step{{verb: verbSlow, text: "3 every 5ms", count: 3, pace: 5 * time.Millisecond}}},
		{"fail: 429 90s", []step{{verb: verbFail, text: "429 90s", fault: Fault{Kind: RateLimited, Reset: Duration(90 * time.Second)}}}},
		{"fail: 418", []step{{verb: verbSay, text: "You said: fail: 418"}}},
		{"edit: no file", []step{{verb: verbSay, text: "You said: edit: no file"}}},
		{"say more: x", []step{{verb: verbSay, text: "You said: say more: x"}}},
	} {
		if got := parse(tt.prompt); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("parse(%q) =\n%+v, want\n%+v", tt.prompt, got, tt.want)
		}
	}
}

// TestAnswerWalksTheScript plays a whole turn against answer, as an agent does.
func TestAnswerWalksTheScript(t *testing.T) {
	x := exchange{prompt: "say: first\nedit f: x\nrun: true\nsay: last", tools: map[string]bool{"Write": false}, length: 1}
	want := []struct {
		text   string
		verb   verb // "" = the turn ends
		failed string
	}{
		{text: "first", verb: verbEdit, failed: "File has not been read yet"},
		{verb: verbRead},
		{verb: verbEdit},
		{verb: verbRun, failed: "exited with code 1: Read-only file system"},
		{verb: verbEscalate},
		{text: "last"},
	}
	seen := map[string]bool{}
	for i, w := range want {
		r := answer(x)
		if joined(r.text) != w.text {
			t.Fatalf("reply %d says %q, want %q", i, joined(r.text), w.text)
		}
		if r.call == nil {
			if w.verb != "" {
				t.Fatalf("reply %d ends the turn, want a call of %s", i, w.verb)
			}
			continue
		}
		if r.call.step.verb != w.verb || seen[r.call.id] {
			t.Fatalf("reply %d calls %+v, want a new call of %s", i, r.call, w.verb)
		}
		seen[r.call.id] = true
		x.results = append(x.results, result{id: r.call.id, text: w.failed, failed: w.failed != ""})
		x.length += 2
	}
}

func TestAnswerAfterTheLastCall(t *testing.T) {
	x := exchange{prompt: "run: false", tools: map[string]bool{"Bash": false}, length: 3}
	for _, tt := range []struct {
		last result
		want string
	}{
		{result{id: "call_1_0_run"}, "Done."},
		{result{id: "call_1_0_run", failed: true, text: "denied"}, "That did not work: denied"},
		{result{id: "an-id-of-another-model"}, "Done."},
		{result{id: "call_1_7_run"}, "Done."},
	} {
		x.results = []result{tt.last}
		if r := answer(x); joined(r.text) != tt.want || r.call != nil {
			t.Errorf("after %+v: %q and call %v, want %q", tt.last, joined(r.text), r.call, tt.want)
		}
	}
}

func TestAsideFitsTheSchema(t *testing.T) {
	var schema map[string]any
	text := `{"type":"object","properties":{"title":{"type":"string"},"kind":{"enum":["bug","idea"]},"sure":{"type":["boolean","null"]},
		"score":{"type":"number"},"tags":{"type":"array"},"parent":{"anyOf":[{"type":"null"},{"type":"string"}]}}}`
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	got := answer(exchange{prompt: "say: never said", tools: map[string]bool{"Write": false}, schema: schema})
	want := `{"kind":"bug","parent":null,"score":0,"sure":false,"tags":[],"title":"short title"}`
	if joined(got.text) != want {
		t.Errorf("aside = %s, want %s", joined(got.text), want)
	}
	if got := answer(exchange{prompt: "say: never said"}); joined(got.text) != "A short title" {
		t.Errorf("aside without a schema = %q", joined(got.text))
	}
}

func TestContextual(t *testing.T) {
	for text, want := range map[string]bool{
		"<system-reminder>\nx\n</system-reminder>\n":   true,
		"<environment_context>x</environment_context>": true,
		"# AGENTS.md instructions for x":               true,
		"<b>bold</b> is what I want":                   false,
		"say: <b>":                                     false,
		"<unclosed":                                    false,
		"":                                             false,
		"<system-reminder>x</system-reminder>\nsay: and more": false,
	} {
		if got := contextual(text); got != want {
			t.Errorf("contextual(%q) = %v", text, got)
		}
	}
}
