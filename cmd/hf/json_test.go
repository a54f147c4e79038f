package main

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// What commands print has the fields that their help names, and the version of
// its form first.
func TestJSONIsAsItIsDocumented(t *testing.T) {
	d := newDesk(t)
	id := d.create("write made.txt: x\nask: may I?")
	d.hf("wait", id, "--for", "waiting")
	for _, line := range []string{
		"list", "show -", "status", "version", "agent list", "agent test demo", "repo list", "workspace list", "approvals",
		"doctor", "config list", "config get agent", "db check", "db backup", "backend status", "backend inspect",
		"history", "logs -", "diff -", "rename - again", "prune --dry-run", "approve -", "send -", "wait -", "archive -", "restore -", "kill - --yes",
	} {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			if args[0] == "send" {
				args = append(args, "say: more")
			}
			verbs := slices.IndexFunc(args, func(a string) bool {
				return a == "-" || a == "demo" || strings.HasPrefix(a, "--") || a == "agent" && args[0] == "config"
			})
			if verbs < 0 {
				verbs = len(args)
			}
			_, known, found := strings.Cut(d.hf(append(slices.Clone(args[:verbs]), "--help")...), "JSON fields:\n")
			if !found {
				t.Fatal("the help names no JSON fields")
			}
			known, _, _ = strings.Cut(known, "\n\n")
			fields := strings.FieldsFunc(known, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
			objects := 0
			for _, object := range objectsOf(t, d.hf(append(args, "--json")...)) {
				objects++
				if !strings.HasPrefix(string(object), `{"schema":1`) {
					t.Errorf("no schema: %s", object)
				}
				var m map[string]json.RawMessage
				if err := json.Unmarshal(object, &m); err != nil {
					t.Fatal(err)
				}
				for name := range m {
					if !slices.Contains(fields, name) {
						t.Errorf("%s is not in the help: %q", name, fields)
					}
				}
			}
			if objects == 0 && args[0] != "prune" {
				t.Error("there was nothing to look at")
			}
		})
	}
}

// objectsOf are the objects of a document, of an array or of lines.
func objectsOf(t *testing.T, text string) (out []json.RawMessage) {
	t.Helper()
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var v json.RawMessage
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if v[0] != '[' {
			out = append(out, v)
			continue
		}
		var items []json.RawMessage
		if err := json.Unmarshal(v, &items); err != nil {
			t.Fatal(err)
		}
		out = append(out, items...)
	}
}
