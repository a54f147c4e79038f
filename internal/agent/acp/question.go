package acp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// question is an open elicitation.
type question struct {
	ID     string          `json:"id"`
	RPC    json.RawMessage `json:"rpc"`
	Text   string          `json:"text"`
	URL    bool            `json:"url,omitempty"` // the person goes elsewhere; the answer is only that it is done
	Fields []field         `json:"fields,omitempty"`
}

// field is one value the agent asks for.
type field struct {
	Name     string   `json:"name"`
	Title    string   `json:"title,omitempty"`
	Type     string   `json:"type"`               // string, number, integer, boolean, array
	Choices  []choice `json:"choices,omitempty"`  // empty: anything
	CustomOf string   `json:"customOf,omitempty"` // takes an answer in own words to that other field
	Required bool     `json:"required,omitempty"`
}

type choice struct {
	Value       string `json:"value"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

type elicitParams struct {
	Mode    string `json:"mode"`
	Message string `json:"message"`
	URL     string `json:"url"`
	Schema  struct {
		Properties json.RawMessage `json:"properties"`
		Required   []string        `json:"required"`
	} `json:"requestedSchema"`
}

type property struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Enum      []string     `json:"enum"`
	EnumNames []string     `json:"enumNames"`
	OneOf     []constValue `json:"oneOf"`
	AnyOf     []constValue `json:"anyOf"`
	Items     *property    `json:"items"`
	Meta      struct {
		Custom struct {
			Of string `json:"questionId"`
		} `json:"_askUserQuestionCustomAnswer"`
	} `json:"_meta"`
}

type constValue struct {
	Const       string `json:"const"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// askQuestion folds an elicitation.
func (m *Machine) askQuestion(msg *message) {
	var p elicitParams
	decode(msg.Params, &p)
	q := question{ID: m.shortID(msg.ID), RPC: msg.ID, URL: p.Mode == "url"}
	q.Fields = fieldsOf(&p)
	var b strings.Builder
	b.WriteString(strings.TrimSpace(firstOf(p.Message, "The agent asks for input.")))
	if q.URL {
		b.WriteString("\n" + p.URL)
	}
	for _, f := range q.Fields {
		f.describe(&b, len(q.open()) > 1)
	}
	q.Text = clip(b.String(), maxShown)
	m.s.Questions = append(m.s.Questions, q)
	m.emit(api.Entry{Kind: api.EntryQuestion, Text: q.Text})
}

func (f *field) describe(b *strings.Builder, named bool) {
	if f.CustomOf != "" {
		return
	}
	if named {
		fmt.Fprintf(b, "\n%s:", f.Name)
		if f.Title != "" {
			b.WriteString(" " + f.Title)
		}
	}
	for i, c := range f.Choices {
		fmt.Fprintf(b, "\n  %d. %s", i+1, firstOf(c.Title, c.Value))
		if c.Description != "" {
			b.WriteString(": " + c.Description)
		}
	}
}

// fieldsOf reads the form in the order the agent wrote it.
func fieldsOf(p *elicitParams) []field {
	props := map[string]property{}
	decode(p.Schema.Properties, &props)
	var out []field
	for _, name := range keysInOrder(p.Schema.Properties) {
		prop := props[name]
		f := field{
			Name: name, Title: prop.Title, Type: firstOf(prop.Type, "string"),
			CustomOf: prop.Meta.Custom.Of, Required: slices.Contains(p.Schema.Required, name),
			Choices: prop.choices(),
		}
		if prop.Items != nil {
			f.Choices = prop.Items.choices()
		}
		out = append(out, f)
	}
	return out
}

// maxFields bounds the fields of a form, and the choices of one.
const maxFields = 100

func (p *property) choices() []choice {
	var out []choice
	for _, c := range slices.Concat(p.OneOf, p.AnyOf) {
		out = append(out, choice{Value: c.Const, Title: c.Title, Description: c.Description})
	}
	for i, v := range p.Enum {
		c := choice{Value: v}
		if i < len(p.EnumNames) {
			c.Title = p.EnumNames[i]
		}
		out = append(out, c)
	}
	return out[:min(len(out), maxFields)]
}

// keysInOrder lists the keys of a JSON object as they stand in it.
func keysInOrder(raw json.RawMessage) []string {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return keys
		}
		var value json.RawMessage
		if name, ok := key.(string); ok && !slices.Contains(keys, name) {
			keys = append(keys, name)
		}
		if len(keys) == maxFields {
			return keys
		}
		if dec.Decode(&value) != nil {
			return keys
		}
	}
	return keys
}

// AnswerQuestion returns the line that answers an open question with what a
// person wrote: the value itself, the number or name of a choice, or, for a
// form of several fields, "name: value" lines or a JSON object. An empty text
// declines.
func (m *Machine) AnswerQuestion(id, text string) ([]byte, error) {
	i := slices.IndexFunc(m.s.Questions, func(q question) bool { return q.ID == id })
	if i < 0 {
		return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no open question %q", id)}
	}
	q := &m.s.Questions[i]
	text = strings.TrimSpace(text)
	if text == "" {
		return resultLine(q.RPC, object{"action": "decline"}), nil
	}
	if q.URL {
		return resultLine(q.RPC, object{"action": "accept"}), nil
	}
	return resultLine(q.RPC, object{"action": "accept", "content": q.content(text)}), nil
}

// open lists the fields a person is asked for.
func (q *question) open() []field {
	return slices.DeleteFunc(slices.Clone(q.Fields), func(f field) bool { return f.CustomOf != "" })
}

func (q *question) content(text string) object {
	content := object{}
	var given map[string]any
	if json.Unmarshal([]byte(text), &given) == nil && given != nil {
		return given
	}
	open := q.open()
	if len(open) == 1 {
		q.put(content, &open[0], text)
		return content
	}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		for i := range open {
			if f := &open[i]; strings.EqualFold(f.Name, strings.TrimSpace(name)) || strings.EqualFold(f.Title, strings.TrimSpace(name)) {
				q.put(content, f, strings.TrimSpace(value))
			}
		}
	}
	if len(content) == 0 && len(open) > 0 {
		q.put(content, &open[0], text)
	}
	return content
}

// put gives a field its value. What is none of its choices goes to the field
// for own words, where there is one.
func (q *question) put(content object, f *field, text string) {
	switch f.Type {
	case "boolean":
		content[f.Name] = slices.Contains([]string{"y", "yes", "true", "1", "ok"}, strings.ToLower(text))
	case "number", "integer":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			content[f.Name] = json.Number(strconv.FormatFloat(n, 'f', -1, 64))
			return
		}
		content[f.Name] = text
	case "array":
		var list []string
		for part := range strings.SplitSeq(text, ",") {
			value, _ := f.choose(strings.TrimSpace(part))
			list = append(list, value)
		}
		content[f.Name] = list
	default:
		value, known := f.choose(text)
		for _, other := range q.Fields {
			if !known && other.CustomOf == f.Name {
				content[other.Name] = text
				return
			}
		}
		content[f.Name] = value
	}
}

// choose finds the choice that a text means: its value, its title or its
// number. It reports whether there is one, or nothing to choose from.
func (f *field) choose(text string) (value string, known bool) {
	if len(f.Choices) == 0 {
		return text, true
	}
	for _, c := range f.Choices {
		if strings.EqualFold(c.Value, text) || c.Title != "" && strings.EqualFold(c.Title, text) {
			return c.Value, true
		}
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(f.Choices) {
		return f.Choices[n-1].Value, true
	}
	return text, false
}

// questionAnswered folds hf's answer to the ith open question.
func (m *Machine) questionAnswered(i int, msg *message) {
	var r struct {
		Action string `json:"action"`
	}
	decode(msg.Result, &r)
	m.s.Questions = remove(m.s.Questions, i)
	text := "the question was answered"
	if r.Action != "accept" {
		text = "the question was not answered"
	}
	m.emit(api.Entry{Kind: api.EntryResolved, Text: text})
}

func (m *Machine) dropQuestion(q *question, tell bool) {
	if tell {
		m.s.Replies = append(m.s.Replies, reply{
			Key: "cancel/" + q.ID, RPC: q.RPC, Line: string(resultLine(q.RPC, object{"action": "cancel"})),
		})
	}
	m.emit(api.Entry{Kind: api.EntryResolved, Text: "the question was withdrawn"})
}
