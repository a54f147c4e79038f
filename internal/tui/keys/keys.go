// Package keys is the one table of which key does what where. A key is named
// as Bubble Tea names it: "a", "A", "ctrl+a", "alt+enter", "up", "f1".
package keys

import (
	"fmt"
	"slices"
	"strings"
)

// Place is where a key is pressed. A key means what its place says, else what
// Global says.
type Place string

// The places.
const (
	Global       Place = "global"
	Panes        Place = "panes" // whatever pane has the focus, unless something is typed
	List         Place = "list"
	Conversation Place = "conversation"
	Diff         Place = "diff"
	Stack        Place = "stack"
	Checks       Place = "checks"
	Events       Place = "events"
	Input        Place = "input" // text is typed
	Dialog       Place = "dialog"
)

// Binding is an action and the keys it has in a place.
type Binding struct {
	Action string // "approve", "list.down"
	Place  Place
	Keys   []string
}

// Map finds actions by keys.
type Map struct {
	bindings []Binding
	byKey    map[Place]map[string]string
}

// New makes a map of bindings, with keys of the person's own instead of those
// of the actions that own names. The problems are what of it makes no sense:
// the rest holds.
func New(bindings []Binding, own map[string][]string) (m *Map, problems []error) {
	m = &Map{byKey: map[Place]map[string]string{}}
	known := map[string]bool{}
	for _, b := range bindings {
		known[b.Action] = true
		if k, ok := own[b.Action]; ok {
			b.Keys = normal(k)
		}
		m.bindings = append(m.bindings, b)
	}
	for _, name := range sorted(own) {
		if !known[name] {
			problems = append(problems, fmt.Errorf("[keys]: there is no action %q", name))
		}
	}
	// What a person chose wins over what it was before.
	for _, chosen := range []bool{false, true} {
		for _, b := range m.bindings {
			if _, ok := own[b.Action]; ok == chosen {
				problems = append(problems, m.add(b, own)...)
			}
		}
	}
	return m, problems
}

func (m *Map) add(b Binding, own map[string][]string) (problems []error) {
	if m.byKey[b.Place] == nil {
		m.byKey[b.Place] = map[string]string{}
	}
	for _, k := range b.Keys {
		had, taken := m.byKey[b.Place][k]
		_, mine := own[b.Action]
		_, theirs := own[had]
		if taken && had != b.Action && (mine == theirs) {
			problems = append(problems, fmt.Errorf("[keys]: %q is both %s and %s", k, had, b.Action))
			continue
		}
		m.byKey[b.Place][k] = b.Action
	}
	return problems
}

// Find returns the action of a key in the first of the places that has one.
func (m *Map) Find(key string, places ...Place) (action string, ok bool) {
	for _, p := range places {
		if a, ok := m.byKey[p][key]; ok {
			return a, true
		}
	}
	return "", false
}

// Of returns the keys of an action that still lead to it.
func (m *Map) Of(action string) []string {
	var out []string
	for _, b := range m.bindings {
		if b.Action != action {
			continue
		}
		for _, k := range b.Keys {
			if m.byKey[b.Place][k] == action && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// Hint is the first key of an action as it is shown, "" where it has none.
func (m *Map) Hint(action string) string {
	k := m.Of(action)
	if len(k) == 0 {
		return ""
	}
	return Show(k[0])
}

// Show writes a key as keyboards do.
func Show(key string) string {
	switch key {
	case " ":
		return "space"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	}
	if rest, ok := strings.CutPrefix(key, "ctrl+"); ok {
		return "^" + strings.ToUpper(rest)
	}
	return key
}

// normal takes the ways people write keys.
func normal(in []string) []string {
	out := make([]string, 0, len(in))
	for _, k := range in {
		k = strings.TrimSpace(k)
		for _, p := range []string{"C-", "Ctrl-", "Ctrl+", "ctrl-", "^"} {
			if rest, ok := strings.CutPrefix(k, p); ok && rest != "" {
				k = "ctrl+" + strings.ToLower(rest)
			}
		}
		for _, p := range []string{"M-", "Alt-", "Alt+", "alt-"} {
			if rest, ok := strings.CutPrefix(k, p); ok && rest != "" {
				k = "alt+" + rest
			}
		}
		switch strings.ToLower(k) {
		case "space":
			k = " "
		case "return":
			k = "enter"
		case "escape":
			k = "esc"
		}
		if k != "" {
			out = append(out, k)
		}
	}
	return out
}

func sorted(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
