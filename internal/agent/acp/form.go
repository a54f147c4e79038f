package acp

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hf-dev/hf/pkg/api"
)

// field is one value the agent asks for.
type field struct {
	Name        string   `json:"name"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type"`               // string, number, integer, boolean, array
	Choices     []choice `json:"choices,omitempty"`  // empty: anything
	CustomOf    string   `json:"customOf,omitempty"` // takes an answer in own words to that other field
	Required    bool     `json:"required,omitempty"`
	Format      string   `json:"format,omitempty"` // email, uri, date, date-time
	Pattern     string   `json:"pattern,omitempty"`
	MinLength   int      `json:"minLength,omitempty"`
	MaxLength   *int     `json:"maxLength,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	MinItems    int      `json:"minItems,omitempty"`
	MaxItems    *int     `json:"maxItems,omitempty"`
}

type choice struct {
	Value       string `json:"value"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// property is a field as JSON Schema has it.
type property struct {
	Type        string       `json:"type"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Enum        []string     `json:"enum"`
	EnumNames   []string     `json:"enumNames"`
	OneOf       []constValue `json:"oneOf"`
	AnyOf       []constValue `json:"anyOf"`
	Items       *property    `json:"items"`
	Format      string       `json:"format"`
	Pattern     string       `json:"pattern"`
	MinLength   int          `json:"minLength"`
	MaxLength   *int         `json:"maxLength"`
	Minimum     *float64     `json:"minimum"`
	Maximum     *float64     `json:"maximum"`
	MinItems    int          `json:"minItems"`
	MaxItems    *int         `json:"maxItems"`
	Meta        struct {
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

// maxFields bounds the fields of a form, and the choices of one.
const maxFields = 100

// fieldsOf reads the form in the order the agent wrote it.
func fieldsOf(p *elicitParams) []field {
	props := map[string]property{}
	decode(p.Schema.Properties, &props)
	var out []field
	for _, name := range keysInOrder(p.Schema.Properties) {
		prop := props[name]
		f := field{
			Name: name, Title: clip(prop.Title, maxTitle), Description: clip(prop.Description, maxTitle), Type: firstOf(prop.Type, "string"),
			CustomOf: prop.Meta.Custom.Of, Required: slices.Contains(p.Schema.Required, name),
			Choices: prop.choices(), Format: prop.Format, Pattern: prop.Pattern,
			MinLength: prop.MinLength, MaxLength: prop.MaxLength, Minimum: prop.Minimum, Maximum: prop.Maximum,
			MinItems: prop.MinItems, MaxItems: prop.MaxItems,
		}
		if prop.Items != nil {
			f.Choices = prop.Items.choices()
		}
		// Claude's box for own words beside the choices of another field.
		if other, ok := strings.CutSuffix(name, "_custom"); ok && f.CustomOf == "" && len(f.Choices) == 0 {
			if of, known := props[other]; known && (len(of.choices()) > 0 || of.Items != nil) {
				f.CustomOf = other
			}
		}
		out = append(out, f)
	}
	return out
}

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

// label is what a person calls the field.
func (f *field) label() string { return firstOf(f.Title, f.Name) }

func (f *field) describe(b *strings.Builder, named bool) {
	if f.CustomOf != "" {
		return
	}
	if named {
		fmt.Fprintf(b, "\n%s:", f.Name)
		if f.Title != "" {
			b.WriteString(" " + f.Title)
		}
		if !f.Required {
			b.WriteString(" (may be left out)")
		}
	}
	for i, c := range f.Choices {
		fmt.Fprintf(b, "\n  %d. %s", i+1, firstOf(c.Title, c.Value))
		if c.Description != "" && c.Description != c.Title {
			b.WriteString(": " + c.Description)
		}
	}
}

// open lists the fields a person is asked for.
func (q *Question) open() []field {
	return slices.DeleteFunc(slices.Clone(q.Fields), func(f field) bool { return f.CustomOf != "" })
}

// content fills the form in with what a person wrote.
func (q *Question) content(text string) (object, error) {
	open := q.open()
	content := object{}
	var err error
	switch {
	case strings.HasPrefix(text, "{") && json.Valid([]byte(text)):
		err = q.fillJSON(content, text)
	case len(open) == 0:
	case len(open) == 1:
		err = q.put(content, &open[0], text)
	default:
		err = q.fillLines(content, open, text)
	}
	if err != nil {
		return nil, err
	}
	for i := range open {
		f := &open[i]
		_, given := content[f.Name]
		custom := slices.ContainsFunc(q.Fields, func(c field) bool {
			_, ok := content[c.Name]
			return ok && c.CustomOf == f.Name
		})
		if f.Required && !given && !custom {
			return nil, q.unfit(f, "is needed")
		}
	}
	return content, nil
}

// fillLines reads "name: value" lines. A line that names no field goes on with
// the value before it. Without any name the text is the one value that must be
// there.
func (q *Question) fillLines(content object, open []field, text string) error {
	values := map[string]string{}
	last := -1
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		at := slices.IndexFunc(open, func(f field) bool {
			return strings.Contains(line, ":") && (strings.EqualFold(f.Name, strings.TrimSpace(name)) || f.Title != "" && strings.EqualFold(f.Title, strings.TrimSpace(name)))
		})
		switch {
		case at >= 0:
			last = at
			values[open[at].Name] = strings.TrimSpace(value)
		case last >= 0:
			values[open[last].Name] += "\n" + line
		case strings.TrimSpace(line) != "":
			return q.fillOne(content, open, text)
		}
	}
	for i := range open {
		if value := strings.TrimSpace(values[open[i].Name]); value != "" {
			if err := q.put(content, &open[i], value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *Question) fillOne(content object, open []field, text string) error {
	var needed []*field
	for i := range open {
		if open[i].Required {
			needed = append(needed, &open[i])
		}
	}
	if len(needed) != 1 {
		names := make([]string, len(open))
		for i := range open {
			names[i] = open[i].Name
		}
		return &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("the agent asks for %d values: %s", len(open), strings.Join(names, ", ")),
			Hint: "Answer with one line for each, NAME: VALUE, or with a JSON object.",
		}
	}
	return q.put(content, needed[0], text)
}

func (q *Question) fillJSON(content object, text string) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return &api.Error{Code: api.CodeInvalid, Message: "the answer is no JSON object"}
	}
	for name, raw := range given {
		at := slices.IndexFunc(q.Fields, func(f field) bool { return f.Name == name })
		if at < 0 {
			return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("the agent asks for no value %q", clean(name))}
		}
		f := &q.Fields[at]
		var list []string
		var text string
		var err error
		switch {
		case f.Type == "array" && json.Unmarshal(raw, &list) == nil:
			err = q.putList(content, f, list)
		case json.Unmarshal(raw, &text) == nil:
			err = q.put(content, f, text)
		default:
			err = q.put(content, f, string(raw))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put gives a field its value. What is none of its choices goes to the field
// for own words, where there is one.
func (q *Question) put(content object, f *field, text string) error {
	switch f.Type {
	case "boolean":
		switch strings.ToLower(text) {
		case "y", "yes", "true", "1", "ok", "on":
			content[f.Name] = true
		case "n", "no", "false", "0", "off":
			content[f.Name] = false
		default:
			return q.unfit(f, "is yes or no, not %q", clip(text, 100))
		}
		return nil
	case "number", "integer":
		return q.putNumber(content, f, text)
	case "array":
		return q.putList(content, f, strings.Split(text, ","))
	}
	value, known := f.choose(text)
	if !known {
		return q.putCustom(content, f, text)
	}
	if len(f.Choices) == 0 {
		if why := f.wrongText(value); why != "" {
			return q.unfit(f, "%s", why)
		}
	}
	content[f.Name] = value
	return nil
}

func (q *Question) putNumber(content object, f *field, text string) error {
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsInf(n, 0) || math.IsNaN(n):
		return q.unfit(f, "is a number, not %q", clip(text, 100))
	case f.Type == "integer" && n != math.Trunc(n):
		return q.unfit(f, "is a whole number, not %q", clip(text, 100))
	case f.Minimum != nil && n < *f.Minimum:
		return q.unfit(f, "is at least %v", *f.Minimum)
	case f.Maximum != nil && n > *f.Maximum:
		return q.unfit(f, "is at most %v", *f.Maximum)
	}
	content[f.Name] = json.Number(strconv.FormatFloat(n, 'f', -1, 64))
	return nil
}

func (q *Question) putList(content object, f *field, parts []string) error {
	list := []string{}
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		value, known := f.choose(part)
		if !known {
			if err := q.putCustom(content, f, part); err != nil {
				return err
			}
			continue
		}
		if !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	switch n := len(list); {
	case n < f.MinItems:
		return q.unfit(f, "needs at least %d choices", f.MinItems)
	case f.MaxItems != nil && n > *f.MaxItems:
		return q.unfit(f, "takes at most %d choices", *f.MaxItems)
	}
	content[f.Name] = list
	return nil
}

func (q *Question) putCustom(content object, f *field, text string) error {
	for _, other := range q.Fields {
		if other.CustomOf == f.Name {
			content[other.Name] = text
			return nil
		}
	}
	return q.unfit(f, "is none of its choices: %q", clip(text, 100))
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

// wrongText says how a text does not fit the schema, "" when it does. A pattern
// that Go does not know is the agent's to check.
func (f *field) wrongText(text string) string {
	n := utf8.RuneCountInString(text)
	switch {
	case n < f.MinLength:
		return fmt.Sprintf("has at least %d characters", f.MinLength)
	case f.MaxLength != nil && n > *f.MaxLength:
		return fmt.Sprintf("has at most %d characters", *f.MaxLength)
	}
	if f.Pattern != "" {
		if re, err := regexp.Compile(f.Pattern); err == nil && !re.MatchString(text) {
			return "matches " + f.Pattern
		}
	}
	switch f.Format {
	case "email":
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
			return "is an e-mail address"
		}
	case "uri":
		if u, err := url.Parse(text); err != nil || u.Scheme == "" {
			return "is a URL"
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return "is a date such as 2026-11-23"
		}
	case "date-time":
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return "is a time such as 2026-11-23T15:04:05Z"
		}
	}
	return ""
}

// unfit is the error of a value that the form does not take.
func (q *Question) unfit(f *field, format string, args ...any) error {
	err := &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s %s", clean(f.label()), clean(fmt.Sprintf(format, args...)))}
	if len(f.Choices) > 0 {
		names := make([]string, len(f.Choices))
		for i, c := range f.Choices {
			names[i] = fmt.Sprintf("%d %s", i+1, clean(firstOf(c.Title, c.Value)))
		}
		err.Hint = "Choose of " + strings.Join(names, ", ") + "."
	} else if len(q.open()) > 1 {
		err.Hint = "Answer with one line for each value, NAME: VALUE, or with a JSON object."
	}
	return err
}
