package acp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Question is an open elicitation: a form to fill in, or a page to visit.
type Question struct {
	ID          string          `json:"id"`
	RPC         json.RawMessage `json:"rpc"` // the agent's id of it
	At          time.Time       `json:"at,omitzero"`
	Text        string          `json:"text"`
	URL         string          `json:"url,omitempty"`         // the person goes there; the answer is only that it is done
	Elicitation string          `json:"elicitation,omitempty"` // the agent's name of the visit
	Fields      []field         `json:"fields,omitempty"`
}

func (q *Question) clone() Question {
	out := *q
	out.RPC, out.Fields = slices.Clone(q.RPC), slices.Clone(q.Fields)
	return out
}

// request is the question as a request that waits for a person. Its one option
// is to decline; an answer is a message.
func (q *Question) request(state api.PermissionState) api.PermissionRequest {
	form := &api.Question{URL: q.URL, Fields: []api.QuestionField{}}
	for _, f := range q.open() {
		out := api.QuestionField{Name: f.Name, Title: f.Title, Description: f.Description, Type: f.Type, Required: f.Required}
		for _, c := range f.Choices {
			out.Choices = append(out.Choices, api.QuestionChoice(c))
		}
		form.Fields = append(form.Fields, out)
	}
	return api.PermissionRequest{
		ID: q.ID, State: state, Kind: api.PermissionKindInput, Title: firstLine(q.Text), CreatedAt: q.At, Question: form,
		Options: []api.PermissionOption{{ID: optionDecline, Kind: "reject_once", Name: "Decline"}},
	}
}

// optionDecline is the one answer to a question that is no message.
const optionDecline = "decline"

type elicitParams struct {
	Mode        string `json:"mode"`
	Message     string `json:"message"`
	URL         string `json:"url"`
	Elicitation string `json:"elicitationId"`
	Schema      struct {
		Properties json.RawMessage `json:"properties"`
		Required   []string        `json:"required"`
	} `json:"requestedSchema"`
}

// askQuestion folds an elicitation.
func (m *Machine) askQuestion(msg *message) {
	var p elicitParams
	decode(msg.Params, &p)
	q := Question{ID: m.shortID(msg.ID), RPC: msg.ID, At: m.now, Elicitation: p.Elicitation, Fields: fieldsOf(&p)}
	var b strings.Builder
	b.WriteString(strings.TrimSpace(firstOf(p.Message, "The agent asks for input.")))
	if p.Mode == "url" {
		q.URL = clip(p.URL, maxTitle)
		b.WriteString("\n" + q.URL)
	}
	for _, f := range q.Fields {
		f.describe(&b, len(q.open()) > 1)
	}
	q.Text = clip(b.String(), maxShown)
	m.s.Questions = append(m.s.Questions, q)
	shown := q.request(api.PermissionOpen)
	m.emit(api.Entry{Kind: api.EntryQuestion, Text: q.Text, Permission: &shown})
}

// CheckAnswer says what is wrong with an answer to the question, if anything is.
func (q *Question) CheckAnswer(text string) error {
	_, err := q.answer(text)
	return err
}

// answer is the result that a text means: the value itself, the number or name
// of a choice, or, for a form of several fields, "name: value" lines or a JSON
// object. An empty text declines.
func (q *Question) answer(text string) (object, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return object{"action": "decline"}, nil
	case q.URL != "":
		return object{"action": "accept"}, nil
	}
	content, err := q.content(text)
	if err != nil {
		return nil, err
	}
	return object{"action": "accept", "content": content}, nil
}

// AnswerQuestion returns the line that answers an open question with what a
// person wrote in a message.
func (m *Machine) AnswerQuestion(id, text, message string) ([]byte, error) {
	q, err := m.question(id)
	if err != nil {
		return nil, err
	}
	result, err := q.answer(text)
	if err != nil {
		return nil, err
	}
	result["_meta"] = object{"hf": object{"message": message}}
	return resultLine(q.RPC, result), nil
}

// DeclineQuestion returns the line that refuses to answer.
func (m *Machine) DeclineQuestion(id string) ([]byte, error) {
	q, err := m.question(id)
	if err != nil {
		return nil, err
	}
	return resultLine(q.RPC, object{"action": "decline"}), nil
}

func (m *Machine) question(id string) (*Question, error) {
	i := slices.IndexFunc(m.s.Questions, func(q Question) bool { return q.ID == id })
	if i < 0 {
		return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no open question %q", id)}
	}
	return &m.s.Questions[i], nil
}

// questionAnswered folds hf's answer to the ith open question.
func (m *Machine) questionAnswered(i int, msg *message) {
	var r struct {
		Action  string                     `json:"action"`
		Content map[string]json.RawMessage `json:"content"`
		Meta    struct {
			HF struct {
				Message string `json:"message"`
			} `json:"hf"`
		} `json:"_meta"`
	}
	decode(msg.Result, &r)
	q := m.s.Questions[i]
	m.s.Questions = remove(m.s.Questions, i)
	state, text := api.PermissionAllowed, q.said(r.Content)
	switch r.Action {
	case "accept":
	case "decline":
		state, text = api.PermissionDenied, "the question was not answered"
	default:
		state, text = api.PermissionCancelled, "the question was withdrawn"
	}
	m.resolveQuestion(&q, state, text, r.Meta.HF.Message)
}

// said is an answer as people read it.
func (q *Question) said(content map[string]json.RawMessage) string {
	var lines []string
	for _, f := range q.Fields {
		raw, given := content[f.Name]
		if !given {
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if len(q.open()) > 1 {
			text = f.Name + ": " + text
		}
		lines = append(lines, text)
	}
	if len(lines) == 0 {
		return "the question was answered"
	}
	return clip(strings.Join(lines, "\n"), maxShown)
}

func (m *Machine) resolveQuestion(q *Question, state api.PermissionState, text, message string) {
	p := q.request(state)
	now := m.now
	p.ResolvedAt = &now
	m.emit(api.Entry{Kind: api.EntryResolved, Text: text, Permission: &p, MessageID: message})
}

func (m *Machine) dropQuestion(q *Question, tell bool) {
	if tell {
		m.s.Replies = append(m.s.Replies, reply{
			Key: "cancel/" + q.ID, RPC: q.RPC, Line: string(resultLine(q.RPC, object{"action": "cancel"})),
		})
	}
	m.resolveQuestion(q, api.PermissionCancelled, "the question was withdrawn", "")
}

// visited folds the agent's word that the page of a question was dealt with.
func (m *Machine) visited(params json.RawMessage) {
	var p elicitParams
	decode(params, &p)
	for i := range m.s.Questions {
		q := m.s.Questions[i]
		if q.Elicitation == "" || q.Elicitation != p.Elicitation {
			continue
		}
		m.s.Questions = remove(m.s.Questions, i)
		m.s.Replies = append(m.s.Replies, reply{
			Key: "visited/" + q.ID, RPC: q.RPC, Line: string(resultLine(q.RPC, object{"action": "accept"})),
		})
		m.resolveQuestion(&q, api.PermissionAllowed, "the question was answered", "")
		return
	}
}
