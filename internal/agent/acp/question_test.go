package acp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// elicit is an agent's question with a form.
func elicit(schema string) string {
	return `{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{"mode":"form","message":"Well?","requestedSchema":{"type":"object",` + schema + `}}}`
}

func TestQuestions(t *testing.T) {
	const redOnly = `"properties":{"q":{"type":"string","oneOf":[{"const":"r","title":"Red"}]}}`
	const two = `"properties":{"name":{"type":"string"},"age":{"type":"number","title":"Age"}},"required":["name","age"]`
	tests := []struct {
		name, schema, text string
		content            string // of the answer; or
		wrong              string // in the error and its hint
	}{
		{"free text", `"properties":{"name":{"type":"string"}}`, "  Ada ", `{"name":"Ada"}`, ""},
		{"choice by number", `"properties":{"q":{"type":"string","enum":["red","blue"]}}`, "2", `{"q":"blue"}`, ""},
		{"choice by title", redOnly, "red", `{"q":"r"}`, ""},
		{"no such choice", redOnly, "green", "", `q is none of its choices: "green" Choose of 1 Red.`},
		{"no such number", redOnly, "2", "", "none of its choices"},
		{"own words", `"properties":{"q":{"type":"string","oneOf":[{"const":"r","title":"Red"}]},"q_custom":{"type":"string","_meta":{"_askUserQuestionCustomAnswer":{"questionId":"q"}}}}`, "green", `{"q_custom":"green"}`, ""},
		{"own words by name", `"properties":{"q":{"type":"string","enum":["a"]},"q_custom":{"type":"string","title":"Other"}}`, "green", `{"q_custom":"green"}`, ""},
		{"own words are an answer", `"properties":{"q":{"type":"string","enum":["a"]},"q_custom":{"type":"string"}},"required":["q"]`, "green", `{"q_custom":"green"}`, ""},
		{"several choices", `"properties":{"q":{"type":"array","items":{"anyOf":[{"const":"a"},{"const":"b"},{"const":"c"}]}}}`, "1, c, a", `{"q":["a","c"]}`, ""},
		{"too many choices", `"properties":{"q":{"type":"array","maxItems":1,"items":{"enum":["a","b"]}}}`, "a,b", "", "at most 1"},
		{"too few choices", `"properties":{"q":{"type":"array","minItems":2,"items":{"enum":["a","b"]}}}`, "a", "", "at least 2"},
		{"yes", `"properties":{"q":{"type":"boolean"}}`, "Yes", `{"q":true}`, ""},
		{"no", `"properties":{"q":{"type":"boolean"}}`, "n", `{"q":false}`, ""},
		{"neither", `"properties":{"q":{"type":"boolean","title":"Sure"}}`, "perhaps", "", `Sure is yes or no, not "perhaps"`},
		{"number", `"properties":{"q":{"type":"integer"}}`, "42", `{"q":42}`, ""},
		{"not a number", `"properties":{"q":{"type":"integer"}}`, "many", "", "is a number"},
		{"a fraction", `"properties":{"q":{"type":"integer"}}`, "1.5", "", "whole number"},
		{"too small", `"properties":{"q":{"type":"number","minimum":3}}`, "2", "", "at least 3"},
		{"too large", `"properties":{"q":{"type":"number","maximum":3}}`, "4", "", "at most 3"},
		{"too short", `"properties":{"q":{"type":"string","minLength":3}}`, "ab", "", "at least 3 characters"},
		{"too long", `"properties":{"q":{"type":"string","maxLength":3}}`, "äöüß", "", "at most 3 characters"},
		{"pattern", `"properties":{"q":{"type":"string","pattern":"^v[0-9]+$"}}`, "x", "", "matches ^v[0-9]+$"},
		{"address", `"properties":{"q":{"type":"string","format":"email"}}`, "nobody", "", "e-mail"},
		{"date", `"properties":{"q":{"type":"string","format":"date"}}`, "tomorrow", "", "is a date"},
		{"time", `"properties":{"q":{"type":"string","format":"date-time"}}`, "2026-11-23T15:04:05Z", `{"q":"2026-11-23T15:04:05Z"}`, ""},
		{"page", `"properties":{"q":{"type":"string","format":"uri"}}`, "here", "", "is a URL"},
		{"two fields", two, "name: Ada\nAge: 36.5", `{"age":36.5,"name":"Ada"}`, ""},
		{"a value of two lines", two, "age: 1\nname: Ada\nLovelace: Countess", `{"age":1,"name":"Ada\nLovelace: Countess"}`, ""},
		{"one is missing", two, "name: Ada", "", "Age is needed"},
		{"no names", two, "Ada", "", "asks for 2 values: name, age"},
		{"one must be there", `"properties":{"name":{"type":"string"},"note":{"type":"string"}},"required":["name"]`, "Ada", `{"name":"Ada"}`, ""},
		{"JSON", two, `{"name":"Ada","age":1}`, `{"age":1,"name":"Ada"}`, ""},
		{"JSON with a list", `"properties":{"q":{"type":"array","items":{"enum":["a","b"]}}}`, `{"q":["b"]}`, `{"q":["b"]}`, ""},
		{"JSON with another name", two, `{"nome":"Ada"}`, "", `no value "nome"`},
		{"JSON of a wrong type", two, `{"name":"Ada","age":"old"}`, "", "Age is a number"},
		{"no fields", `"properties":{}`, "ok", `{}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := ready(t, Config{Cwd: "/w"})
			k.prompt("one", "hello")
			k.agent(elicit(tt.schema))
			f := k.m.Facts()
			if f.Activity != api.ActivityNeedsInput || len(f.Questions) != 1 {
				t.Fatalf("facts %+v", f)
			}
			line, err := k.m.AnswerQuestion(f.Questions[0].ID, tt.text, "two")
			if tt.wrong != "" {
				var e *api.Error
				if !errors.As(err, &e) || e.Code != api.CodeInvalid || !strings.Contains(e.Message+" "+e.Hint, tt.wrong) {
					t.Errorf("answered %s, error %+v, want one saying %q", line, err, tt.wrong)
				}
				if again := f.Questions[0].CheckAnswer(tt.text); fmt.Sprint(again) != fmt.Sprint(err) {
					t.Errorf("the check says %v, the answer %v", again, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				ID     int
				Result struct {
					Action  string
					Content json.RawMessage
				}
			}
			if err := json.Unmarshal(line, &got); err != nil || got.ID != 9 || got.Result.Action != "accept" || string(got.Result.Content) != tt.content {
				t.Errorf("answered %s, want %s", line, tt.content)
			}
			resolved := k.feed(journal.In, string(line))
			if n := len(resolved); n != 1 || resolved[0].MessageID != "two" || resolved[0].Permission.State != api.PermissionAllowed {
				t.Errorf("entries %s", asJSON(t, resolved))
			}
			if f := k.m.Facts(); len(f.Questions) != 0 || f.Activity != api.ActivityWorking {
				t.Errorf("facts %+v", f)
			}
		})
	}
}

func TestQuestionDeclined(t *testing.T) {
	for _, how := range []string{"empty", "decline"} {
		k := ready(t, Config{Cwd: "/w"})
		k.prompt("one", "hello")
		asked := k.agent(elicit(`"properties":{"q":{"type":"string"}}`))
		p := asked[0].Permission
		if p == nil || p.Kind != api.PermissionKindInput || len(p.Options) != 1 || p.Question == nil || len(p.Question.Fields) != 1 {
			t.Fatalf("asked %s", asJSON(t, asked))
		}
		line, err := k.m.DeclineQuestion(p.ID)
		if how == "empty" {
			line, err = k.m.AnswerQuestion(p.ID, " ", "two")
		}
		if err != nil || !strings.Contains(string(line), `"action":"decline"`) {
			t.Fatalf("%s, %v", line, err)
		}
		if e := k.feed(journal.In, string(line)); len(e) != 1 || e[0].Permission.State != api.PermissionDenied {
			t.Errorf("entries %s", asJSON(t, e))
		}
	}
}

// A page to visit is answered by any word of the person, or by the agent's own
// that it was dealt with.
func TestQuestionOfAPage(t *testing.T) {
	for _, byAgent := range []bool{false, true} {
		k := ready(t, Config{Cwd: "/w"})
		k.prompt("one", "hello")
		asked := k.agent(`{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"mode":"url","message":"Sign in","url":"https://example.invalid/x","elicitationId":"e1"}}`)
		if !strings.Contains(asked[0].Text, "https://example.invalid/x") || asked[0].Permission.Question.URL == "" {
			t.Fatalf("asked %s", asJSON(t, asked))
		}
		if byAgent {
			k.agent(`{"jsonrpc":"2.0","method":"elicitation/complete","params":{"elicitationId":"e1"}}`)
			if due := k.m.Due(); len(due) != 1 || !strings.Contains(string(due[0].Line), `"action":"accept"`) {
				t.Errorf("due %v", due)
			}
		} else {
			line, err := k.m.AnswerQuestion(k.m.Facts().Questions[0].ID, "done", "two")
			if err != nil {
				t.Fatal(err)
			}
			k.feed(journal.In, string(line))
		}
		if f := k.m.Facts(); len(f.Questions) != 0 || f.Activity != api.ActivityWorking {
			t.Errorf("facts %+v", f)
		}
	}
}
