package model

import (
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Filter says which tasks are shown. The zero value shows those that are alive.
type Filter struct {
	Text  string // as it was typed
	terms []term
}

// term is one word of a filter. All of them have to hold.
type term struct{ key, value string }

// ParseFilter reads what a person typed: words that a task's row has to hold,
// and s:STATUS, a:AGENT, repo:NAME, b:BRANCH, pr:STATE, ci:STATE, review:STATE
// and #NUMBER of a pull request. A minus before a word turns it around.
func ParseFilter(text string) Filter {
	f := Filter{Text: text}
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		key, value, ok := strings.Cut(strings.TrimPrefix(word, "-"), ":")
		switch {
		case strings.HasPrefix(word, "#") && len(word) > 1:
			f.terms = append(f.terms, term{"#", word[1:]})
			continue
		case !ok:
			key, value = "", word
			if rest, cut := strings.CutPrefix(word, "-"); cut && rest != "" {
				key, value = "-", rest
			}
		case strings.HasPrefix(word, "-"):
			key = "-" + full(key)
		default:
			key = full(key)
		}
		if value != "" {
			f.terms = append(f.terms, term{key, value})
		}
	}
	return f
}

// full is the whole name of a key.
func full(key string) string {
	switch key {
	case "s":
		return "status"
	case "a":
		return "agent"
	case "r":
		return "repo"
	case "b":
		return "branch"
	}
	return key
}

// WantsOver reports whether the filter asks for tasks that are archived or
// killed, which are not read before somebody does.
func (f Filter) WantsOver() bool {
	for _, t := range f.terms {
		if t.key == "status" && matches("archived killed all", t.value) {
			return true
		}
	}
	return false
}

// Shows reports whether the filter shows a task.
func (f Filter) Shows(t *api.Task) bool {
	if Over(t) && !f.WantsOver() {
		return false
	}
	for _, term := range f.terms {
		key, not := strings.CutPrefix(term.key, "-")
		if holds(t, key, term.value) == not {
			return false
		}
	}
	return true
}

func holds(t *api.Task, key, value string) bool {
	pull, _ := t.Pull.Get()
	switch key {
	case "status":
		return value == "all" || matches(string(t.Status), value) || matches(string(t.Activity), value)
	case "agent":
		return matches(t.Agent, value)
	case "repo":
		return matches(t.Repo, value)
	case "branch":
		return matches(t.Branch, value)
	case "pr":
		return matches(string(pull.State), value) || value == "none" && pull.Number == 0
	case "ci":
		return matches(string(pull.Checks), value)
	case "review":
		return matches(string(pull.Review), value)
	case "#":
		return pull.Number != 0 && strings.HasPrefix(strconv.Itoa(pull.Number), value)
	case "":
		return matches(t.Title, value) || matches(t.Branch, value) || strings.HasPrefix(t.ID, value) || matches(t.Repo, value) || matches(t.Agent, value)
	}
	// A colon in a word of the person's: it is one as any other.
	return matches(t.Title, key+":"+value) || matches(t.Branch, key+":"+value)
}

func matches(have, want string) bool { return strings.Contains(strings.ToLower(have), want) }
