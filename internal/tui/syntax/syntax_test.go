package syntax_test

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/syntax"
)

// letters says what each byte of a line is.
func letters(spans []syntax.Span) string {
	var b strings.Builder
	at := 0
	for _, s := range spans {
		for ; at < s.End; at++ {
			b.WriteByte(".KTSCN"[s.Kind])
		}
	}
	return b.String()
}

func TestLanguages(t *testing.T) {
	for _, tt := range []struct{ file, lines, want string }{
		{
			"x.go",
			"func f(a int) { // why\n\ts := `a \\`; return \"b\\\"c\" + 'x'\n/* one\nif\ntwo */ if 0x1f\n" + "a := `\nfor\n` for",
			"KKKK.....TTT....CCCCCC\n......SSSSS..KKKKKK.SSSSSS...SSS\nCCCCCC\nCC\nCCCCCC.KK.NNNN\n.....S\nSSS\nS.KKK",
		},
		{"a/b.tsx", "@dec const n: Foo = `x ${1}` // don't", "TTTT.KKKKK....TTT...SSSSSSSS.CCCCCCCC"},
		{"x.py", "def f(x): # c\n  \"\"\"doc\n for\n\"\"\"; return r'a'", "KKK.......CCC\n..SSSSSS\nSSSS\nSSS..KKKKKK..SSS"},
		{"x.rs", "fn f<'a>(c: &'a str) -> char { 'x' }", "KK..............TTT.....TTTT...SSS.."},
		{"x.h", "#include <a.h>\nunsigned x = 'a';", "TTTTTTTT......\nTTTTTTTT.....SSS."},
		{"x.sh", "if [ \"$a\" = 'b' ]; then echo $x a#b # c", "KK...SSSS...SSS....KKKK......TT.....CCC"},
		{"x.yaml", "on: push # c\nname: \"a b\"\nurl: http://x, it doesn't", "KK.......CCC\nKKKK..SSSSS\nKKK......................"},
		{"x.toml", "[a]\nb-c = \"x\" # y", "...\nKKK...SSS.CCC"},
		{"x.json", "{\"a\": [1, \"b\", true]}", ".KKK...N..SSS..TTTT.."},
		{"x.sql", "SELECT a FROM b -- c", "KKKKKK...KKKK...CCCC"},
		{"README.md", "# Head\nsome `code` here\n```go\nfunc\n```\n> q", "KKKKKK\n.....SSSSSS.....\nSSSSS\nSSSS\nSSS\nCCC"},
		{"x.html", "<div class=\"a\"> text <!-- c\n--> </div>", ".KKK.......SSS.......CCCCCC\nCCC...KKK."},
		{"Dockerfile", "FROM $BASE # c", "KKKK.TTTTT.CCC"},
		{"x.java", "public final String s = \"a\";", "KKKKKK.KKKKK.TTTTTT.....SSS."},
		{"x.css", "a { color: #fff; } /* c */", "....KKKKK..........CCCCCCC"},
		{"nothing.xyz", "if \"a\" // b", "..........."},
	} {
		l := syntax.Of(tt.file)
		var state syntax.State
		want := strings.Split(tt.want, "\n")
		for i, line := range strings.Split(tt.lines, "\n") {
			var spans []syntax.Span
			spans, state = l.Line(line, state, nil)
			if got := letters(spans); got != want[i] {
				t.Errorf("%s: %q\n got %s\nwant %s", tt.file, line, got, want[i])
			}
		}
	}
}

// names has a file of every way of writing.
func names() []string {
	return strings.Fields("a.go a.js a.py a.rs a.c a.java a.sh a.rb a.php a.lua a.ex a.zig a.sql a.yml a.toml a.json a.tf a.proto a.gql a.css a.html a.md Makefile Dockerfile go.mod a.txt")
}

// Whatever a line holds and whatever it begins in, its spans are all of it.
func FuzzLine(f *testing.F) {
	f.Add("x := `a", uint8(0), uint8(1))
	f.Add("'", uint8(3), uint8(0))
	f.Add("'\\", uint8(3), uint8(9))
	f.Add("\"\"\"\\", uint8(2), uint8(1))
	f.Add("日本 '語' \xff", uint8(3), uint8(0))
	languages := make([]*syntax.Language, 0, 32)
	for _, n := range names() {
		languages = append(languages, syntax.Of(n))
	}
	f.Fuzz(func(t *testing.T, line string, which, state uint8) {
		l := languages[int(which)%len(languages)]
		spans, out := l.Line(line, syntax.State(state), nil)
		if after := l.After(line, syntax.State(state)); after != out {
			t.Fatalf("%q ends in %d, and in %d", line, out, after)
		}
		at := 0
		for _, s := range spans {
			if s.End <= at || s.End > len(line) {
				t.Fatalf("%q: %v", line, spans)
			}
			at = s.End
		}
		if at != len(line) {
			t.Fatalf("%q: %v ends at %d of %d", line, spans, at, len(line))
		}
	})
}

func BenchmarkLine(b *testing.B) {
	l := syntax.Of("x.go")
	line := "\tif err := s.store.Update(ctx, func(tx *Tx) error { return tx.Put(\"key\", 42) }); err != nil { // why"
	var spans []syntax.Span
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		spans, _ = l.Line(line, 0, spans[:0])
	}
}
