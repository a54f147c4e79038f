package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// told is what was understood of a file.
func told(f *file) string {
	lines := 0
	for i := range f.hunks {
		lines += len(f.hunks[i].lines)
	}
	return fmt.Sprintf("%s|%s|%s|+%d -%d|%d hunks|%d lines|%s", f.Path, f.OldPath, f.Status, f.Added, f.Removed, len(f.hunks), lines, strings.Join(f.notes, ", "))
}

func TestParse(t *testing.T) {
	c := parse(new(tuitest.Diff()))
	got := make([]string, 0, len(c.files))
	for _, f := range c.files {
		got = append(got, told(f))
	}
	want := []string{
		"conf.yaml||modified|+2 -2|1 hunks|5 lines|",
		"docs/b.txt|docs/a.txt|renamed|+1 -1|1 hunks|8 lines|",
		"empty.txt||added|+0 -0|0 hunks|0 lines|an empty file",
		"internal/auth/login.go||modified|+10 -4|1 hunks|29 lines|",
		"logo.png||modified|+0 -0|0 hunks|0 lines|a binary file",
		"run.sh||modified|+0 -0|0 hunks|0 lines|mode 100644 -> 100755",
		"web/new.ts||untracked|+3 -0|1 hunks|3 lines|",
		"web/old.py||deleted|+0 -3|1 hunks|3 lines|",
		"web/sp ace \"q\" ü.txt||untracked|+1 -0|1 hunks|2 lines|",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	login := c.seen["internal/auth/login.go"]
	last := login.hunks[0].lines[len(login.hunks[0].lines)-1]
	if last.old != 20 || last.new != 26 || login.digits != 2 {
		t.Errorf("the last line is %+v, of %d digits", last, login.digits)
	}
}

// What stands in lines is never taken for more than lines.
func TestParseOddPatches(t *testing.T) {
	for name, tt := range map[string]struct{ patch, want string }{
		"lines like headers":      {"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n--- a/y\n-@@ -1 +1 @@\n+++ b/y\n \n", "x|||+1 -2|1 hunks|4 lines|"},
		"a name of spaces":        {"diff --git a/a b/c b/a b/c\nold mode 100644\nnew mode 100755\n", "a b/c|||+0 -0|0 hunks|0 lines|mode 100644 -> 100755"},
		"a link":                  {"diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+to\n", "l|||+1 -0|1 hunks|1 lines|a symbolic link"},
		"a file that is a link":   {"diff --git a/l b/l\ndeleted file mode 100644\n--- a/l\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\ndiff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+to\n", "l|||+1 -1|2 hunks|2 lines|"},
		"a dev/null of one's own": {"diff --git a/dev/null b/dev/null\n--- a/dev/null\n+++ b/dev/null\n@@ -1 +1 @@\n-x\n+y\n", "dev/null|||+1 -1|1 hunks|2 lines|"},
		"a cut hunk":              {"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n# hf: it was cut\n", "x|||+0 -1|1 hunks|1 lines|"},
		"a hunk without lines":    {"diff --git a/x b/x\n@@ -1 +1 @@", "x|||+0 -0|1 hunks|0 lines|"},
		"numbers that are none":   {"diff --git a/x b/x\n@@ -1,-9 +99999999999,2 @@\n a\n", "x|||+0 -0|1 hunks|0 lines|"},
		"a quoted rename":         {"diff --git \"a/\\303\\244\" \"b/\\t\\\"\"\nsimilarity index 100%\nrename from \"\\303\\244\"\nrename to \"\\t\\\"\"\n", "\t\"|||+0 -0|0 hunks|0 lines|an empty file"},
		"unmerged":                {"* Unmerged path x\n", ""},
	} {
		c := parse(&api.Diff{Patch: tt.patch})
		var got []string
		for _, f := range c.files {
			got = append(got, told(f))
		}
		if s := strings.Join(got, "\n"); s != tt.want {
			t.Errorf("%s: got %q, want %q", name, s, tt.want)
		}
	}
}

// Where the numbers of lines differ each is paired with the one it is most like.
func TestPairs(t *testing.T) {
	c := parse(new(tuitest.Diff()))
	for _, l := range c.seen["internal/auth/login.go"].hunks[0].lines {
		if l.kind == '-' && strings.Contains(l.text, "u.password != password") {
			if got := c.seen["internal/auth/login.go"].hunks[0].lines[l.pair-1].text; got != "\tif u.password != secret {" {
				t.Errorf("it became %q", got)
			}
		}
	}
}

func TestChanged(t *testing.T) {
	show := func(s string, marks []mark) string {
		for _, m := range slices.Backward(marks) {
			s = s[:m.from] + "[" + s[m.from:m.to] + "]" + s[m.to:]
		}
		return s
	}
	for _, tt := range [][4]string{
		{"func f(a int)", "func f(a string)", "func f(a [int])", "func f(a [string])"},
		{"x := a + b", "x := a + b + c", "x := a + b", "x := a + b[ + c]"},
		{"return foo(a, b)", "return bar(a, b)", "return [foo](a, b)", "return [bar](a, b)"},
		{"one two three four", "one 2 3 four", "one [two three] four", "one [2 3] four"},
		{"nothing alike", "quite different!", "nothing alike", "quite different!"},
		{"日本 same text", "日木 same text", "[日本] same text", "[日木] same text"},
		{"", "a", "", "a"},
		{"same", "same", "same", "same"},
	} {
		a, b := changed(tt[0], tt[1])
		if got, want := show(tt[0], a), tt[2]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := show(tt[1], b), tt[3]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Whatever a patch holds, it can be shown at any width, and no line of it leaves
// its place.
func FuzzPatch(f *testing.F) {
	d := tuitest.Diff()
	f.Add(d.Patch, 80)
	f.Add("diff --git a/x.go b/x.go\n@@ -1,2 +1,2 @@ \x1b[2J\n-\ta\rb\xff/*\n+\u202ec日本\n \\\n\\ no\n", 20)
	f.Add("diff --git \"a\\\n+++ \"\\7\"\n@@ -0 +\n@@ -,\n", 1)
	p := newPainter(plain())
	f.Fuzz(func(t *testing.T, patch string, width int) {
		p.width = width % 200
		p.forget()
		v := newView()
		p.wrap = width%2 == 0
		v.show(parse(&api.Diff{Patch: patch, Files: d.Files}), nil, heights{line: p.high})
		for i := range v.rows {
			row := p.row(v, i)
			if s := tuitest.Strip(row); strings.ContainsAny(s, "\x1b\n\r\t\u202e") {
				t.Fatalf("%q", s)
			}
			if v.cur = i; i > 50 || !v.rows[i].stop() {
				continue // finding is work for all rows
			}
			if r := &v.rows[i]; r.kind == hunkRow && v.lineOf(r) == nil || v.fileOf(r).Path == "" {
				continue // nothing tells it from others
			}
			if got := v.find(v.place(i)); v.rows[got].kind != v.rows[i].kind {
				t.Fatalf("row %d of kind %d is found at %d", i, v.rows[i].kind, got)
			}
		}
	})
}
