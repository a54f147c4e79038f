package table

import (
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
)

func render(t *testing.T, tb *Table) string {
	t.Helper()
	var b strings.Builder
	if err := tb.Render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestColumnsAlign(t *testing.T) {
	tb := New(0, nil, "ID", "TITLE", "STATUS")
	tb.Row("a1", "日本語", "idle")
	tb.Row("b22", "x", "running")
	want := "" +
		"ID   TITLE   STATUS\n" +
		"a1   日本語  idle\n" +
		"b22  x       running\n"
	if got := render(t, tb); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTheWidestColumnShrinks(t *testing.T) {
	tb := New(30, nil, "ID", "TITLE", "STATUS")
	tb.Row("abcdefgh", strings.Repeat("日本", 20), "running")
	for line := range strings.Lines(render(t, tb)) {
		if w := displaywidth.String(strings.TrimSuffix(line, "\n")); w > 30 {
			t.Errorf("%q has %d columns", line, w)
		}
	}
	if got := render(t, tb); !strings.Contains(got, "abcdefgh") || !strings.Contains(got, "…") || !strings.Contains(got, "running") {
		t.Errorf("got:\n%s", got)
	}
}

func TestCellsAreCleanedAndStyled(t *testing.T) {
	tb := New(0, nil)
	tb.Cells(Cell{Text: "a\x1b[2Jb\nc", Style: func(s string) string { return "<" + s + ">" }}, Cell{Text: "d"})
	if got := render(t, tb); got != "<ab c>  d\n" {
		t.Errorf("got %q", got)
	}
}

func TestWhatCanBeSparedIsLeftOut(t *testing.T) {
	for width, want := range map[int]string{0: "ID TITLE BRANCH AGE", 80: "ID TITLE BRANCH AGE", 35: "ID TITLE BRANCH AGE", 34: "ID TITLE AGE", 22: "ID TITLE AGE", 21: "ID TITLE", 5: "ID TITLE"} {
		tb := New(width, nil, "ID", "TITLE", "BRANCH", "AGE")
		tb.Spare(2, 3)
		tb.Row("k3f9", strings.Repeat("title ", 9), strings.Repeat("branch ", 9), "10m")
		head, _, _ := strings.Cut(render(t, tb), "\n")
		if got := strings.Join(strings.Fields(head), " "); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
}
