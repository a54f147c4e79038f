package fakemodel

import (
	"encoding/json"
	"strings"
)

// aside answers what an agent asks beside a turn, such as a title: in the shape
// that the request's schema asks for, else a few plain words.
func aside(x exchange) string {
	if x.schema == nil {
		return "A short title"
	}
	text, err := json.Marshal(sample(x.schema))
	if err != nil {
		return "{}"
	}
	return string(text)
}

// sample makes the plainest value that a JSON schema allows. It knows the part
// of JSON Schema that structured model answers use.
func sample(schema map[string]any) any {
	if choices, ok := schema["enum"].([]any); ok && len(choices) > 0 {
		return choices[0]
	}
	if v, ok := schema["const"]; ok {
		return v
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if alternatives, ok := schema[key].([]any); ok && len(alternatives) > 0 {
			if first, ok := alternatives[0].(map[string]any); ok {
				return sample(first)
			}
		}
	}
	switch typeOf(schema) {
	case "object":
		object := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			if p, ok := p.(map[string]any); ok {
				object[name] = sample(p)
			}
		}
		return object
	case "array":
		return []any{}
	case "boolean":
		return false
	case "integer", "number":
		return 0
	case "null":
		return nil
	default:
		return "short title"
	}
}

// typeOf returns a schema's type, in lower case; of several the first.
func typeOf(schema map[string]any) string {
	name, _ := schema["type"].(string)
	if several, ok := schema["type"].([]any); ok && len(several) > 0 {
		name, _ = several[0].(string)
	}
	return strings.ToLower(name) // Gemini's are in capitals
}

// contextual says whether a text block was written by the agent program and not
// by the user: reminders, the environment, the repository's instructions.
func contextual(text string) bool {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "# AGENTS.md") {
		return true
	}
	tag, _, ok := strings.Cut(strings.TrimPrefix(text, "<"), ">")
	return ok && strings.HasPrefix(text, "<") && strings.HasSuffix(text, "</"+tag+">")
}
