package widget_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
)

func TestWidths(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "🎨": 2, "e\u0301": 1, "\x1b[31mab\x1b[0m": 2, "👩‍👩‍👧": 2} {
		if got := widget.Width(s); got != want {
			t.Errorf("%q is %d columns, want %d", s, got, want)
		}
	}
}

// Whatever the text, a line is never wider than it may be, and loses nothing
// when it is wrapped.
func TestLinesFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := widget.CleanLine(rapid.StringOf(rapid.SampledFrom([]rune("ab -日本語🎨é\u0301\u200d👩👧\t\u202e"))).Draw(t, "text"))
		w := rapid.IntRange(2, 30).Draw(t, "width")
		if got := widget.Width(widget.Fit(s, w, "…")); got != w {
			t.Fatalf("Fit(%q, %d) is %d columns", s, w, got)
		}
		for _, l := range widget.Wrap(s, w) {
			if got := widget.Width(l); got > w {
				t.Fatalf("Wrap(%q, %d) has a line of %d columns", s, w, got)
			}
		}
	})
}

// The short way to a width comes to the same as the long one.
func TestSimpleWidths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("ab;m[1\x1b│─┼x日\u0301"))).Draw(t, "text")
		if got, want := widget.Width(s), ansi.StringWidth(s); got != want {
			t.Fatalf("%q is %d columns, not %d", s, want, got)
		}
	})
}

// A letter that is taken for simple is one column wide by itself and beside
// others.
func TestSimpleLetters(t *testing.T) {
	simple := 0
	for r := range rune(0x20000) {
		if _, ok := widget.Simple(string(r)); !ok {
			continue
		}
		simple++
		if got := ansi.StringWidth("a" + string(r) + string(r) + "b"); got != 4 {
			t.Errorf("two of %q are %d columns", r, got-2)
		}
	}
	if signs := "─│╭╴█▸▾●○◆◌·•…›✓✗↓éŋ"; widget.Width(signs) != len([]rune(signs)) || simple < 900 {
		t.Errorf("%q is %d columns, %d letters are simple", signs, widget.Width(signs), simple)
	}
	if _, ok := widget.Simple("✓\ufe0f"); ok {
		t.Error("a sign that becomes an emoji is taken for simple")
	}
}

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

func TestList(t *testing.T) {
	var l widget.List
	l.Resize(5)
	l.Sync(ids(100), func(i int) bool { return i%10 == 0 })
	if l.Selected() != "1" {
		t.Fatalf("at first %q is selected", l.Selected())
	}
	l.Move(9)
	if l.Selected() != "11" {
		t.Errorf("over a heading to %q", l.Selected())
	}
	l.End()
	if from, to := l.Visible(); l.Selected() != "99" || from != 95 || to != 100 {
		t.Errorf("the end is %q, %d to %d are seen", l.Selected(), from, to)
	}
	l.Home()
	if from, _ := l.Visible(); l.Selected() != "1" || from != 0 {
		t.Errorf("the beginning is %q, from %d", l.Selected(), from)
	}
	if l.Click(0) || !l.Click(3) || l.Selected() != "3" {
		t.Errorf("a click selects %q", l.Selected())
	}
}

// Rows that come and go above do not move what is selected on the screen.
func TestListDoesNotJump(t *testing.T) {
	var l widget.List
	l.Resize(10)
	l.Sync(ids(100), nil)
	l.Select("50")
	line := func() int { from, _ := l.Visible(); return l.Index() - from }
	was := line()
	l.Sync(append([]string{"new1", "new2", "new3"}, ids(100)...), nil)
	if l.Selected() != "50" || line() != was {
		t.Errorf("%q is on line %d, was on %d", l.Selected(), line(), was)
	}
	l.Sync(slices.DeleteFunc(ids(100), func(s string) bool { return len(s) == 1 }), nil)
	if l.Selected() != "50" || line() != was {
		t.Errorf("%q is on line %d, was on %d", l.Selected(), line(), was)
	}
	// Where it is gone, the one in its place is selected.
	l.Sync(slices.DeleteFunc(ids(100), func(s string) bool { return len(s) == 1 || s == "50" }), nil)
	if l.Selected() != "51" {
		t.Errorf("%q is selected", l.Selected())
	}
	l.Sync(nil, nil)
	if l.Selected() != "" || l.Index() != -1 {
		t.Error("something is selected of nothing")
	}
}

func TestEdit(t *testing.T) {
	old := "a\nb\nc\nd\ne\n"
	got := widget.Edit(&old, "a\nb\nX\nd\ne\nf\n", 1)
	if want := []string{" b", "-c", "+X", " d", " e", "+f"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if added, removed := widget.DiffSize(nil, "a\nb"); added != 2 || removed != 0 {
		t.Errorf("a new file is +%d -%d", added, removed)
	}
	long := strings.Repeat("x\n", 100_000)
	if added, removed := widget.DiffSize(&long, strings.Repeat("y\n", 100_000)); added != 100_000 || removed != 100_000 {
		t.Errorf("+%d -%d", added, removed)
	}
}

func TestOver(t *testing.T) {
	screen := []string{"日本語日本語", "abcdefghijkl", "abc"}
	got := widget.Over(screen, []string{"[]", "[]", "[]", "[]"}, 3, 0)
	for i, l := range got[:2] {
		if w := widget.Width(l); w != 12 {
			t.Errorf("line %d is %d columns wide: %q", i, w, l)
		}
	}
	if len(got) != 3 || screen[1] != "abcdefghijkl" {
		t.Errorf("got %q of %q", got, screen)
	}
}

func TestBox(t *testing.T) {
	th := theme.New(theme.Options{ASCII: true, NoColor: true})
	for _, l := range widget.Box(th, "a title that is much too long for it", []string{"日本語日本語日本語日本語", ""}, 20, true) {
		if w := widget.Width(l); w != 20 {
			t.Errorf("a line is %d columns wide: %q", w, l)
		}
	}
}
