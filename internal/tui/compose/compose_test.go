package compose_test

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/tuitest"
)

func typeInto(in *compose.Input, text string) {
	for _, r := range text {
		in.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
}

func started(t *testing.T) *compose.Input {
	t.Helper()
	return compose.New(tuitest.Deps(t, &tuitest.Client{}, tuitest.Looks()[1].Theme, nil), "message")
}

// What is typed about one thing is there again after something else was turned
// to, and what was taken is not.
func TestEachKeyHasItsDraft(t *testing.T) {
	in := started(t)
	in.Of("a")
	typeInto(in, "lost")
	in.Begin()
	typeInto(in, "of a")
	in.Of("b")
	if in.Active() || in.Draft("b") != "" {
		t.Errorf("b begins with %q, active %v", in.Draft("b"), in.Active())
	}
	in.Begin()
	typeInto(in, "of")
	in.Update(compose.NewLine{})
	typeInto(in, "b")
	if got := in.Take(); got != "of\nb" {
		t.Errorf("took %q", got)
	}
	in.Of("a")
	if got := in.Draft("a"); got != "of a" {
		t.Errorf("the draft of a is %q", got)
	}
	in.Of("b")
	if got := in.Draft("b"); got != "" {
		t.Errorf("what was taken is the draft: %q", got)
	}
}

// The editor's text belongs to what it was begun about, and to the input it was
// begun in.
func TestEditing(t *testing.T) {
	in, other := started(t), started(t)
	in.Of("a")
	in.Begin()
	typeInto(in, "text")
	msg := in.Update(compose.Edit{})()
	in.Of("b")
	for _, i := range []*compose.Input{in, other} {
		if cmd := i.Update(msg); cmd != nil || i.Active() {
			t.Error("it is typed about something else")
		}
	}
	if got := in.Draft("a"); got != "text\nedited" {
		t.Errorf("the draft is %q", got)
	}
	if got := other.Draft("a"); got != "" {
		t.Errorf("another input got %q", got)
	}
}

func TestView(t *testing.T) {
	in := started(t)
	if got := in.View("message", 20, 5); got != nil {
		t.Errorf("nothing is typed, and drawn as %q", got)
	}
	in.Begin()
	for range 12 {
		typeInto(in, "x")
		in.Update(compose.NewLine{})
	}
	for rows, want := range map[int]int{-1: 2, 3: 4, 50: 9} {
		lines := in.View("a long label that is cut", 20, rows)
		if len(lines) != want || !strings.Contains(lines[0], "a long label") {
			t.Errorf("%d rows are drawn as %d lines: %q", rows, len(lines), lines)
		}
	}
}

// What was typed last is seen, however long the text is and however few lines
// there is room for.
func TestWhatIsTypedIsSeen(t *testing.T) {
	for _, rows := range []int{1, 2, 8} {
		in := started(t)
		in.Of("a")
		in.Begin()
		for i := range 30 {
			letter := string(rune('Ā' + i)) // each is there once
			if i%7 == 6 {
				letter = " " + letter
			}
			typeInto(in, letter)
			lines := in.View("message", 12, rows)
			if !strings.Contains(strings.Join(lines, "\n"), strings.TrimSpace(letter)) {
				t.Fatalf("%d rows: letter %d is not seen:\n%s", rows, i, strings.Join(lines, "\n"))
			}
			if len(lines) > 1+rows {
				t.Fatalf("%d lines for %d rows", len(lines), rows)
			}
		}
	}
}
