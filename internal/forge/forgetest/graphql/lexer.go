package graphql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind is what sort of word a token is.
type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenInt
	tokenFloat
	tokenString
	tokenPunct
)

// token is one word of a document.
type token struct {
	kind tokenKind
	text string // of a string: its value
	at   Location
}

// Location is a place in a document, from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// lexer cuts a document into tokens.
type lexer struct {
	src  string
	pos  int
	line int
	bol  int // where the line begins
}

func newLexer(src string) *lexer { return &lexer{src: src, line: 1} }

func (l *lexer) here() Location { return Location{Line: l.line, Column: l.pos - l.bol + 1} }

// skip passes what means nothing: spaces, commas, comments.
func (l *lexer) skip() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '\n':
			l.pos++
			l.line++
			l.bol = l.pos
		case c == ' ' || c == '\t' || c == '\r' || c == ',':
			l.pos++
		case c == '#':
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
		case strings.HasPrefix(l.src[l.pos:], "\ufeff"):
			l.pos += len("\ufeff")
		default:
			return
		}
	}
}

func (l *lexer) next() (token, error) {
	l.skip()
	t := token{at: l.here()}
	if l.pos >= len(l.src) {
		return t, nil
	}
	rest := l.src[l.pos:]
	switch c := rest[0]; {
	case isNameStart(c):
		n := 1
		for n < len(rest) && (isNameStart(rest[n]) || isDigit(rest[n])) {
			n++
		}
		t.kind, t.text = tokenName, rest[:n]
		l.pos += n
	case isDigit(c) || c == '-':
		return l.number(t)
	case strings.HasPrefix(rest, `"""`):
		return l.block(t)
	case c == '"':
		return l.quoted(t)
	case strings.HasPrefix(rest, "..."):
		t.kind, t.text = tokenPunct, "..."
		l.pos += 3
	case strings.IndexByte("!$&():=@[]{|}", c) >= 0:
		t.kind, t.text = tokenPunct, rest[:1]
		l.pos++
	default:
		r, _ := utf8.DecodeRuneInString(rest)
		return t, l.fail(t.at, fmt.Sprintf("unexpected character %q", r))
	}
	return t, nil
}

func (l *lexer) number(t token) (token, error) {
	rest, n := l.src[l.pos:], 1
	t.kind = tokenInt
	for n < len(rest) && (isDigit(rest[n]) || strings.IndexByte(".eE+-", rest[n]) >= 0) {
		if !isDigit(rest[n]) {
			t.kind = tokenFloat
		}
		n++
	}
	t.text = rest[:n]
	l.pos += n
	if _, err := strconv.ParseFloat(t.text, 64); err != nil {
		return t, l.fail(t.at, fmt.Sprintf("%q is no number", t.text))
	}
	return t, nil
}

func (l *lexer) quoted(t token) (token, error) {
	t.kind = tokenString
	end := l.pos + 1
	for ; ; end++ {
		if end >= len(l.src) || l.src[end] == '\n' {
			return t, l.fail(t.at, "a string has no end")
		}
		if l.src[end] == '"' {
			break
		}
		if l.src[end] == '\\' {
			end++
		}
	}
	// The escapes of GraphQL are those of Go, and the slash.
	text, err := strconv.Unquote(strings.ReplaceAll(l.src[l.pos:end+1], `\/`, `/`))
	if err != nil {
		return t, l.fail(t.at, "a string has a wrong escape")
	}
	t.text = text
	l.pos = end + 1
	return t, nil
}

func (l *lexer) block(t token) (token, error) {
	t.kind = tokenString
	length := strings.Index(l.src[l.pos+3:], `"""`)
	if length < 0 {
		return t, l.fail(t.at, "a string has no end")
	}
	t.text = strings.TrimSpace(l.src[l.pos+3 : l.pos+3+length])
	for range length + 6 {
		if l.src[l.pos] == '\n' {
			l.line++
			l.bol = l.pos + 1
		}
		l.pos++
	}
	return t, nil
}

func (l *lexer) fail(at Location, message string) error {
	return &Error{Message: "Parse error: " + message, Locations: []Location{at}}
}

func isNameStart(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
