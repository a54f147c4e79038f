package config

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Template is a beginning for a file: every default, commented out.
func Template() []byte {
	var top, tables strings.Builder
	top.WriteString("# The configuration of hf. Without the # a line counts; what is here are the\n" +
		"# defaults. The README explains the keys.\n\n")
	table := ""
	leaves(reflect.ValueOf(Default()), nil, func(key []string, v reflect.Value) {
		last := len(key) - 1
		line := "# " + key[last] + " = " + literal(plain(v)) + "\n"
		if last == 0 {
			top.WriteString(line)
			return
		}
		if in := join(key[:last]...); in != table {
			table = in
			tables.WriteString("\n# [" + in + "]\n")
		}
		tables.WriteString(line)
	})
	tables.WriteString("\n# [agents.claude]\n# env = { ANTHROPIC_API_KEY = \"$ANTHROPIC_API_KEY\" }\n" +
		"# permission = \"edits\"\n\n# [repos.NAME]\n# base = \"develop\"\n")
	return []byte(top.String() + tables.String())
}

// literal writes a value as plain returns it.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []string:
		return list(v)
	}
	b, err := json.Marshal(v) // a number, or true or false
	if err != nil {
		return quote(err.Error())
	}
	return string(b)
}
