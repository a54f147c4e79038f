package change

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
)

func TestTitle(t *testing.T) {
	one := []git.Commit{{Subject: "Only commit"}}
	two := []git.Commit{{Subject: "First"}, {Subject: "Second"}}
	for _, c := range []struct {
		title   string
		commits []git.Commit
		fill    bool
		want    string
	}{
		{"Retry uploads", one, false, "Retry uploads"},
		{"Retry uploads", one, true, "Only commit"},
		{"Retry uploads", two, true, "Retry uploads"},
		{" ", two, false, "First"},
		{"a\nb\tc", one, false, "a b c"},
		{strings.Repeat("ü", 300), one, false, strings.Repeat("ü", 255) + "…"},
	} {
		if got := title(&task.Task{Title: c.title}, c.commits, c.fill); got != c.want {
			t.Errorf("title of %q, fill %v: %q, want %q", c.title, c.fill, got, c.want)
		}
	}
}

func TestBody(t *testing.T) {
	two := summary([]git.Commit{{Subject: "First", Body: "more"}, {Subject: "Second"}})
	if two != "- First\n- Second" {
		t.Errorf("of two commits: %q", two)
	}
	if one := summary([]git.Commit{{Subject: "Only", Body: "Why\n\nand how"}}); one != "Why\n\nand how" {
		t.Errorf("of one commit: %q", one)
	}
	for template, want := range map[string]string{
		"":                                     two,
		"Please be nice.\n":                    two + "\n\nPlease be nice.",
		"## What\r\n\r\n<!-- x -->\r\n## Test": "## What\n\n" + two + "\n\n<!-- x -->\n## Test",
		"Hello\n\n# Description":               "Hello\n\n# Description\n\n" + two,
		"#no heading":                          two + "\n\n#no heading",
	} {
		if got := withTemplate(template, two); got != want {
			t.Errorf("in %q:\n%q\nwant\n%q", template, got, want)
		}
	}
}
