package markdown_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/internal/tui/markdown"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// renderer marks nothing: what is left is the text.
func renderer() *markdown.Renderer {
	return &markdown.Renderer{Theme: theme.New(theme.Options{ASCII: true, NoColor: true})}
}

// bare takes the styles away.
func bare(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		for {
			at := strings.Index(l, "\x1b[")
			if at < 0 {
				break
			}
			end := strings.IndexByte(l[at:], 'm')
			l = l[:at] + l[at+end+1:]
		}
		out[i] = strings.TrimRight(l, " ")
	}
	return out
}

func TestLines(t *testing.T) {
	for name, tt := range map[string]struct {
		text  string
		width int
		want  []string
	}{
		"paragraph":      {"one **two** *three* `four` ~~five~~\n\nsix", 60, []string{"one two three four five", "", "six"}},
		"heading":        {"## A title\n#no title", 60, []string{"A title", "#no title"}},
		"list":           {"- one\n  - two and more of it\n1. three\n- [x] done\n- [ ] open", 14, []string{"* one", "  * two and", "    more of it", "1. three", "[x] done", "[ ] open"}},
		"quote":          {"> said\n> more", 60, []string{"| said", "| more"}},
		"code":           {"```go\nfunc f() {\n\t*x*\n}\n```\nafter", 60, []string{"| func f() {", "| \t*x*", "| }", "after"}},
		"code is cut":    {"```\nabcdefghij\n```", 7, []string{"| abcde", "| fghij"}},
		"open code":      {"```sh\nls", 60, []string{"| ls"}},
		"table":          {"| a | long |\n|---|:---|\n| 1 | **2** |\n| 3 |\nafter", 60, []string{"a | long", "--------", "1 | 2", "3 |", "after"}},
		"wide table":     {"|aaaaaaaaaa|bbbbbbbbbbbbbbbbbbbb|\n|-|-|\n|1|2|", 20, []string{"aaaaaaa~ | bbbbbbbb~", "--------------------", "1        | 2"}},
		"links":          {"[text](https://x.example) [file](a.go) [https://y](https://y)", 80, []string{"text <https://x.example> file https://y"}},
		"rule":           {"a\n---\nb", 4, []string{"a", "----", "b"}},
		"no emphasis":    {"2 * 3 * 4 snake_case_name a**b ** c 5*", 60, []string{"2 * 3 * 4 snake_case_name a**b ** c 5*"}},
		"escaped":        {`\*no\* \_no\_ C:\dir`, 60, []string{`*no* _no_ C:\dir`}},
		"double ticks":   {"``a`b`` and `open", 60, []string{"a`b and `open"}},
		"nothing at all": {"", 60, []string{""}},
		"no room":        {"text", 0, []string{}},
	} {
		if diff := cmp.Diff(tt.want, bare(renderer().Lines(tt.text, tt.width, ""))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTextThatBeginsInCode(t *testing.T) {
	if got := markdown.After("a\n```Go x\nb", ""); got != "go" {
		t.Errorf("after it is %q", got)
	}
	if got := markdown.After("b\n```\nc", "go"); got != "" {
		t.Errorf("after it is %q", got)
	}
	if diff := cmp.Diff([]string{"| b", "c"}, bare(renderer().Lines("b\n```\nc", 60, "go"))); diff != "" {
		t.Error(diff)
	}
}

// No text makes it fail, or a line wider than it may be.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"# a\n- b\n> c\n```\nd\n```", "|a|b|\n|-|-|\n|c", "**a*b_c`d~~e[f](g)h", "|||\n|-|\n", "日本語 🎨 `日` **本**", "- - - -\n> > >"} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		width = max(width%100, 8)
		for _, l := range renderer().Lines(widget.Clean(s), width, "") {
			if w := widget.Width(l); w > width && !strings.Contains(s, "|") {
				t.Errorf("%q is %d columns wide, not %d", l, w, width)
			}
		}
	})
}
