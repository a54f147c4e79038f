package markdown

import (
	"strings"

	"github.com/hf-dev/hf/internal/tui/theme"
)

// inline draws the marks within a line.
func (r *Renderer) inline(s string) string {
	if !strings.ContainsAny(s, "`*_[~") {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "`*_[~\\")
		if i < 0 {
			b.WriteString(s)
			break
		}
		before := s[:i]
		b.WriteString(before)
		s = s[i:]
		if s[0] == '\\' && len(s) > 1 && strings.IndexByte("`*_[]~\\", s[1]) >= 0 {
			b.WriteByte(s[1])
			s = s[2:]
			continue
		}
		inner, style, n := r.mark(s, wordEnd(before))
		if n == 0 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		b.WriteString(style.Render(inner))
		s = s[n:]
	}
	return b.String()
}

// wordEnd reports whether a mark of emphasis would stand within a word.
func wordEnd(before string) bool {
	if before == "" {
		return false
	}
	c := before[len(before)-1]
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// mark reads a marked piece of text at the beginning of s, n bytes of it; n is
// 0 when there is none.
func (r *Renderer) mark(s string, inWord bool) (inner string, style theme.Style, n int) {
	t := r.Theme
	switch {
	case s[0] == '`':
		ticks := len(s) - len(strings.TrimLeft(s, "`"))
		end := strings.Index(s[ticks:], s[:ticks])
		if end <= 0 {
			return "", style, 0
		}
		return strings.TrimSpace(s[ticks : ticks+end]), t.Code, end + 2*ticks
	case strings.HasPrefix(s, "**"), strings.HasPrefix(s, "__") && !inWord:
		return between(s, s[:2], t.Bold)
	case strings.HasPrefix(s, "~~"):
		return between(s, "~~", t.Dim)
	case s[0] == '*', s[0] == '_' && !inWord:
		return between(s, s[:1], t.Quote)
	case s[0] == '[':
		return link(s, t)
	}
	return "", style, 0
}

// between is the text between two of the same marks, which touch it.
func between(s, mark string, style theme.Style) (string, theme.Style, int) {
	rest := s[len(mark):]
	end := strings.Index(rest, mark)
	if end <= 0 || rest[0] == ' ' || rest[end-1] == ' ' {
		return "", style, 0
	}
	return rest[:end], style, end + 2*len(mark)
}

// link shows the text of a link, and where it goes when that is another.
func link(s string, t *theme.Theme) (string, theme.Style, int) {
	text, rest, ok := strings.Cut(s[1:], "](")
	if !ok || strings.ContainsAny(text, "[]") {
		return "", theme.Style{}, 0
	}
	to, _, ok := strings.Cut(rest, ")")
	if !ok {
		return "", theme.Style{}, 0
	}
	n := 1 + len(text) + 2 + len(to) + 1
	if text == to || text == "" || !strings.Contains(to, "://") {
		if text == "" {
			text = to
		}
		return text, t.Link, n
	}
	return text + " <" + to + ">", t.Link, n
}
