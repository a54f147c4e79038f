package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/hf-dev/hf/pkg/api"
)

// Set returns the content of a file with one key changed. Everything else
// stays as it is: comments, order, blank lines. value is what a person typed.
// A value or key that cannot be is an error, and so is content that is wrong.
func Set(path string, content []byte, key, value string) ([]byte, error) {
	parts, literal, err := typed(key, value)
	if err != nil {
		return nil, err
	}
	before, err := decode(path, content)
	if err != nil {
		return nil, err
	}
	changed := parse(content).set(parts, literal)
	var v map[string]any
	if err := toml.Unmarshal([]byte("v = "+literal), &v); err != nil {
		return nil, fmt.Errorf("write %s as TOML: %w", literal, err)
	}
	put(before, parts, v["v"])
	return changed, verify(path, changed, before, key)
}

// Unset returns the content of a file without one key.
func Unset(path string, content []byte, key string) ([]byte, error) {
	parts, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	field, err := find(reflect.ValueOf(Default()), parts)
	if err != nil {
		return nil, err
	}
	before, err := decode(path, content)
	if err != nil {
		return nil, err
	}
	changed, found := parse(content).unset(parts)
	switch {
	case !found && isTable(field.Type()):
		return nil, tableError(key)
	case !found:
		return nil, &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("%s does not set %s", path, key), Hint: "`hf config list --origin` shows what it sets",
		}
	}
	remove(before, parts)
	return changed, verify(path, changed, before, key)
}

// decode reads a file that is to be changed.
func decode(path string, content []byte) (map[string]any, error) {
	if _, _, err := Parse(path, content); err != nil {
		e := *asAPI(err)
		e.Hint = "`hf config edit` opens the file; nothing was changed"
		return nil, &e
	}
	values := map[string]any{}
	return values, toml.Unmarshal(content, &values)
}

// verify makes sure that a changed file says what it said before and the one
// thing more. It is what lets the text be changed by its places.
func verify(path string, changed []byte, want map[string]any, key string) error {
	var got map[string]any
	err := toml.Unmarshal(changed, &got)
	if err == nil && !reflect.DeepEqual(prune(got), prune(want)) {
		err = fmt.Errorf("another key would change with it")
	}
	if err == nil {
		_, _, err = Parse(path, changed)
	}
	if err != nil {
		return &api.Error{
			Code:    api.CodeConflict,
			Message: fmt.Sprintf("%s cannot be changed in the way the file is written: %v", key, err),
			Hint:    "`hf config edit` opens the file; nothing was changed",
		}
	}
	return nil
}

// prune takes empty tables away: whether they are written down means nothing.
func prune(m map[string]any) map[string]any {
	for name, v := range m {
		if sub, ok := v.(map[string]any); ok && len(prune(sub)) == 0 {
			delete(m, name)
		}
	}
	return m
}

func put(m map[string]any, key []string, value any) {
	for _, name := range key[:len(key)-1] {
		sub, ok := m[name].(map[string]any)
		if !ok {
			sub = map[string]any{}
			m[name] = sub
		}
		m = sub
	}
	m[key[len(key)-1]] = value
}

func remove(m map[string]any, key []string) {
	for _, name := range key[:len(key)-1] {
		sub, ok := m[name].(map[string]any)
		if !ok {
			return
		}
		m = sub
	}
	delete(m, key[len(key)-1])
}

// typed checks a key and the value a person typed for it, and returns the value
// as the file has it.
func typed(key, text string) (parts []string, literal string, err error) {
	parts, err = ParseKey(key)
	if err != nil {
		return nil, "", err
	}
	field, err := find(reflect.ValueOf(Default()), parts)
	if err != nil {
		return nil, "", err
	}
	value, literal, err := written(field, text)
	if err != nil {
		return nil, "", badValue(key + ": " + err.Error())
	}
	if value == nil {
		return nil, "", tableError(key)
	}
	nested := map[string]any{}
	put(nested, parts, value)
	c := Default()
	if err := table(keys(&c))(nil, nested); err != nil {
		return nil, "", badValue(firstText(err))
	}
	return parts, literal, nil
}

func badValue(message string) error {
	return &api.Error{Code: api.CodeInvalid, Message: message, Hint: "nothing was changed"}
}

// firstText is the first of joined errors.
func firstText(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// written turns what a person typed into a value of a field's type, and that
// into TOML. What it cannot be is left to the key's own check, as a text.
func written(field reflect.Value, text string) (value any, literal string, err error) {
	number, numberErr := strconv.ParseInt(text, 10, 64)
	switch field.Interface().(type) {
	case time.Duration:
		if text == "0" {
			return int64(0), "0", nil
		}
	case int64, int:
		if numberErr == nil {
			return number, strconv.FormatInt(number, 10), nil
		}
	case bool:
		if text == "true" || text == "false" {
			return text == "true", text, nil
		}
	case []string:
		if !strings.HasPrefix(strings.TrimSpace(text), "[") {
			return text, list(strings.Fields(text)), nil
		}
		return given(text)
	case map[string]string:
		return given(text)
	default:
		if isTable(field.Type()) {
			return nil, "", nil
		}
	}
	return text, quote(text), nil
}

// given is a value that the person wrote in TOML.
func given(text string) (any, string, error) {
	text = strings.TrimSpace(text)
	var doc map[string]any
	if err := toml.Unmarshal([]byte("v = "+text), &doc); err != nil || len(doc) != 1 {
		return nil, "", fmt.Errorf(`%s is neither a list such as ["a", "b"] nor a table such as { NAME = "value" }`, text)
	}
	return doc["v"], text, nil
}

func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes a basic string of TOML.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
