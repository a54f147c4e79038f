// Package markdown draws the markdown that agents write as lines of a terminal.
// It works line by line, so that text that still grows costs no more than its
// new lines: it knows what agents use, and shows the rest as it is.
package markdown

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Renderer draws text in the colours of a theme.
type Renderer struct {
	Theme *theme.Theme
	// Source colours a line of source text in a language; nil = one colour.
	Source func(language, line string) string
}

// fence is the mark around source text.
const fence = "```"

// Lines draws cleaned text without empty lines around it. inside is the language
// of the source text that it begins in, "" for none; "text" where the language is
// not known.
func (r *Renderer) Lines(text string, width int, inside string) []string {
	return r.Part(strings.Trim(text, "\n"), width, inside)
}

// Part draws a part of a text, with the empty lines around it.
func (r *Renderer) Part(text string, width int, inside string) []string {
	if width <= 0 {
		return nil
	}
	in := strings.Split(text, "\n")
	out := make([]string, 0, len(in)+4)
	for i := 0; i < len(in); i++ {
		line := in[i]
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case strings.HasPrefix(trimmed, fence):
			if inside != "" {
				inside = ""
				continue
			}
			inside = language(trimmed)
		case inside != "":
			out = append(out, r.code(line, inside, width)...)
		case isTable(in, i):
			n := tableLength(in, i)
			out = append(out, r.table(in[i:i+n], width)...)
			i += n - 1
		default:
			out = append(out, r.line(line, trimmed, width)...)
		}
	}
	return out
}

// After is the language of the source text that text ends in, "" for none, when
// it began in inside.
func After(text, inside string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if t := strings.TrimLeft(line, " "); strings.HasPrefix(t, fence) {
			if inside != "" {
				inside = ""
			} else {
				inside = language(t)
			}
		}
	}
	return inside
}

func language(fenced string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(strings.TrimLeft(fenced, "`")), " ")
	if name == "" {
		return "text"
	}
	return strings.ToLower(name)
}

func (r *Renderer) code(line, language string, width int) []string {
	t := r.Theme
	bar := t.Border.Render(t.Sign.Bar) + " "
	var out []string
	for _, part := range hard(line, width-2) {
		if r.Source != nil {
			part = r.Source(language, part)
		} else {
			part = t.Code.Render(part)
		}
		out = append(out, bar+part)
	}
	return out
}

// hard breaks a line where it is full: spaces mean something in it.
func hard(line string, width int) []string {
	if width <= 0 {
		return nil
	}
	if len(line) <= width {
		return []string{line}
	}
	return strings.Split(ansi.Hardwrap(line, width, true), "\n")
}

// line draws a line that is not source text.
func (r *Renderer) line(line, trimmed string, width int) []string {
	t := r.Theme
	indent := len(line) - len(trimmed)
	switch {
	case trimmed == "":
		return []string{""}
	case isRule(trimmed):
		return []string{t.Border.Render(strings.Repeat(t.Sign.Line, width))}
	case isHeading(trimmed):
		return styled(widget.Wrap(strings.TrimLeft(trimmed, "# "), width), t.Heading)
	case strings.HasPrefix(trimmed, ">"):
		text := strings.TrimPrefix(strings.TrimPrefix(trimmed, ">"), " ")
		return prefixed(styled(widget.Wrap(text, width-2), t.Quote), t.Border.Render(t.Sign.Bar)+" ", t.Border.Render(t.Sign.Bar)+" ")
	}
	if mark, text, ok := item(trimmed, t.Sign.Bullet); ok {
		indent = min(indent, width/2)
		first := widget.Spaces(indent) + t.Accent.Render(mark) + " "
		rest := widget.Spaces(indent + widget.Width(mark) + 1)
		return prefixed(widget.Wrap(r.inline(text), width-len(rest)), first, rest)
	}
	indent = min(indent, width/2)
	return prefixed(widget.Wrap(r.inline(trimmed), width-indent), widget.Spaces(indent), widget.Spaces(indent))
}

func styled(lines []string, s theme.Style) []string {
	for i := range lines {
		lines[i] = s.Render(lines[i])
	}
	return lines
}

func prefixed(lines []string, first, rest string) []string {
	for i := range lines {
		lines[i] = first + lines[i]
		first = rest
	}
	return lines
}

func isHeading(s string) bool {
	n := len(s) - len(strings.TrimLeft(s, "#"))
	return n > 0 && n <= 6 && len(s) > n && s[n] == ' '
}

func isRule(s string) bool {
	if !strings.ContainsRune("-*_", rune(s[0])) {
		return false
	}
	s = strings.ReplaceAll(s, " ", "")
	return len(s) >= 3 && (strings.Trim(s, "-") == "" || strings.Trim(s, "*") == "" || strings.Trim(s, "_") == "")
}

// item takes the mark off an item of a list.
func item(s, bullet string) (mark, text string, ok bool) {
	for _, m := range []string{"- ", "* ", "+ "} {
		text, ok = strings.CutPrefix(s, m)
		if !ok {
			continue
		}
		for box, shown := range map[string]string{"[ ] ": "[ ]", "[x] ": "[x]", "[X] ": "[x]"} {
			if rest, yes := strings.CutPrefix(text, box); yes {
				return shown, rest, true
			}
		}
		return bullet, text, true
	}
	n := 0
	for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > 0 && n+1 < len(s) && (s[n] == '.' || s[n] == ')') && s[n+1] == ' ' {
		return s[:n+1], s[n+2:], true
	}
	return "", "", false
}
