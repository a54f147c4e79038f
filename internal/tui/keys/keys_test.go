package keys_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/keys"
)

func bindings() []keys.Binding {
	return []keys.Binding{
		{Action: "approve", Place: keys.Panes, Keys: []string{"a"}},
		{Action: "deny", Place: keys.Panes, Keys: []string{"d"}},
		{Action: "list.down", Place: keys.List, Keys: []string{"j", "down"}},
		{Action: "attach", Place: keys.Global, Keys: []string{"ctrl+a"}},
	}
}

func TestTheNearestPlaceWins(t *testing.T) {
	m, problems := keys.New(append(bindings(), keys.Binding{Action: "list.all", Place: keys.List, Keys: []string{"a"}}), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, tt := range []struct {
		key    string
		places []keys.Place
		want   string
	}{
		{"a", []keys.Place{keys.List, keys.Panes}, "list.all"},
		{"a", []keys.Place{keys.Diff, keys.Panes}, "approve"},
		{"ctrl+a", []keys.Place{keys.Input, keys.Global}, "attach"},
		{"a", []keys.Place{keys.Input, keys.Global}, ""},
	} {
		if got, _ := m.Find(tt.key, tt.places...); got != tt.want {
			t.Errorf("%s in %v is %q, want %q", tt.key, tt.places, got, tt.want)
		}
	}
}

// What a person chose wins over what a key was; what makes no sense is told and
// spoils nothing else.
func TestOwnKeys(t *testing.T) {
	m, problems := keys.New(bindings(), map[string][]string{"approve": {"d", "C-y"}, "list.down": {"Space"}, "no.such": {"x"}})
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), `no action "no.such"`) {
		t.Errorf("problems: %v", problems)
	}
	for key, want := range map[string]string{"d": "approve", "ctrl+y": "approve", "a": ""} {
		if got, _ := m.Find(key, keys.Panes); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got, _ := m.Find(" ", keys.List); got != "list.down" {
		t.Errorf("space is %q", got)
	}
	if got := m.Of("deny"); len(got) != 0 {
		t.Errorf("deny still has %q", got)
	}
	if got := m.Of("approve"); !slices.Equal(got, []string{"d", "ctrl+y"}) || m.Hint("list.down") != "space" {
		t.Errorf("shown as %q and %q", got, m.Hint("list.down"))
	}
	_, problems = keys.New(bindings(), map[string][]string{"approve": {"x"}, "deny": {"x"}})
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), `"x" is both`) {
		t.Errorf("problems: %v", problems)
	}
}
