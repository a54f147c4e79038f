package render

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func TestStanding(t *testing.T) {
	for want, task := range map[string]api.Task{
		"":                       {Ahead: new(0), Behind: new(0), Conflicts: []api.Conflict{}, Restack: new(false)},
		"↑2":                     {Ahead: new(2), Behind: new(0)},
		"↑2 ↓1 restack":          {Ahead: new(2), Behind: new(1), Restack: new(true)},
		"restack":                {Ahead: new(0), Behind: new(0), Restack: new(true)}, // something below has moved
		"↑1 ↓3 restack conflict": {Ahead: new(1), Behind: new(3), Restack: new(true), Conflicts: []api.Conflict{{With: "main"}}},
	} {
		if got := Standing(&task); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Standing(&api.Task{}); got != "" {
		t.Errorf("nothing is known: %q", got)
	}
}

func TestCommitsAndConflicts(t *testing.T) {
	if got := Commits(&api.Task{Ahead: new(2), Behind: new(0), Unpushed: new(1)}); got != "2 ahead, 0 behind, 1 not pushed" {
		t.Errorf("%q", got)
	}
	if got := Commits(&api.Task{Unpushed: new(0)}); got != "" {
		t.Errorf("%q", got)
	}
	got := strings.Join(Conflicts([]api.Conflict{
		{With: "main", Files: []string{"a", "b\x1b[2J", "c", "d", "e", "f", "g"}},
		{With: "fix/x", Task: "k3f9mmmm", Files: []string{"a"}},
	}), "; ")
	if want := "with main in a, b, c, d, e, and 2 more files; with fix/x (task k3f9mmmm) in a"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := ConflictsWith([]api.Conflict{{With: "main"}, {With: "a"}, {With: "b"}}); got != "main +2" {
		t.Errorf("%q", got)
	}
}
