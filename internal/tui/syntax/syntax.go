// Package syntax finds the words of source text that are coloured: keywords,
// strings, comments, numbers. It reads a line at a time and knows no grammar, so
// that it costs next to nothing and any piece of a file can be read.
package syntax

import (
	"strings"
	"unicode/utf8"
)

// Kind is what a piece of a line is.
type Kind uint8

// The kinds.
const (
	Plain Kind = iota
	Keyword
	Type
	String
	Comment
	Number
)

// Span is a piece of a line: from the end of the one before it to End.
type Span struct {
	End  int
	Kind Kind
}

// State is what a line ends in that goes on in the next one, such as a comment.
// The zero value is nothing.
type State uint8

// Language is how one language is written.
type Language struct {
	words  map[string]Kind
	lines  []string // what begins a comment that ends with its line
	blocks []block  // what goes on over lines
	quotes string   // what strings of one line stand in
	chars  bool     // 'x' is a string, and 'x without an end is not
	sigils string   // what makes a word special: @, $, #
	upper  bool     // words that begin with a capital are types
	nocase bool     // keywords are written in either case
	dashes bool     // - is part of words
	keys   string   // a word or string in front of this is a key
	tags   bool     // a word behind < is a keyword
	marks  bool     // Markdown
}

// block is text between two marks, over any number of lines.
type block struct {
	begin, end string
	kind       Kind
	raw        bool // a backslash in it is nothing special
}

// Line finds the spans of a line that begins in a state, and the state the next
// one begins in. It appends to spans, which may be nil.
func (l *Language) Line(line string, in State, spans []Span) ([]Span, State) {
	s := scanner{l: l, line: line, spans: spans}
	if l == nil {
		return s.put(len(line), Plain), 0
	}
	if in > 0 && int(in) <= len(l.blocks) {
		if !s.within(int(in)-1, 0) {
			return s.spans, in
		}
	}
	if l.marks && s.at == 0 {
		if out, ok := s.markdown(); ok {
			return s.spans, out
		}
	}
	for s.at < len(line) {
		if out := s.next(); out > 0 {
			return s.spans, out
		}
	}
	return s.spans, 0
}

// After is the state behind a line, which costs less than its spans.
func (l *Language) After(line string, in State) State {
	if l == nil || in == 0 && !l.opens(line) {
		return 0
	}
	_, out := l.Line(line, in, nil)
	return out
}

// opens reports whether a line may end in another state than none.
func (l *Language) opens(line string) bool {
	for i := range l.blocks {
		if strings.Contains(line, l.blocks[i].begin) {
			return true
		}
	}
	return false
}

// scanner is where in a line it is read.
type scanner struct {
	l     *Language
	line  string
	at    int
	spans []Span
}

// put makes a span of what is between the last one and end, and goes there.
func (s *scanner) put(end int, k Kind) []Span {
	s.at = end
	n := len(s.spans)
	switch {
	case n > 0 && s.spans[n-1].Kind == k:
		s.spans[n-1].End = end
	case end > 0 && (n == 0 || s.spans[n-1].End < end):
		s.spans = append(s.spans, Span{end, k})
	}
	return s.spans
}

// next reads one piece. It returns the state when the line ends in it.
func (s *scanner) next() State {
	c := s.line[s.at]
	if c == ' ' || c == '\t' {
		s.put(s.at+1, Plain)
		return 0
	}
	if s.comment() {
		return 0
	}
	for i := range s.l.blocks {
		if b := &s.l.blocks[i]; strings.HasPrefix(s.line[s.at:], b.begin) {
			if !s.within(i, len(b.begin)) {
				return State(i + 1)
			}
			return 0
		}
	}
	switch {
	case strings.IndexByte(s.l.quotes, c) >= 0 && !s.apostrophe(c):
		s.quoted(c)
	case c == '\'' && s.l.chars:
		s.char()
	case c >= '0' && c <= '9':
		s.put(s.run(s.at, number), Number)
	case letter(c):
		s.word()
	case strings.IndexByte(s.l.sigils, c) >= 0 && s.at+1 < len(s.line) && letter(s.line[s.at+1]):
		s.put(s.run(s.at+1, wordly), Type)
	default:
		s.put(s.at+1, Plain)
	}
	return 0
}

// comment takes the rest of the line when a comment begins here. A # inside of
// a word begins none.
func (s *scanner) comment() bool {
	for _, mark := range s.l.lines {
		if !strings.HasPrefix(s.line[s.at:], mark) {
			continue
		}
		if mark == "#" && s.at > 0 && !strings.ContainsRune(" \t;()", rune(s.line[s.at-1])) {
			continue
		}
		s.put(len(s.line), Comment)
		return true
	}
	return false
}

// within takes the text of a block up to its end, skipping the mark it begins
// with. It reports whether the end is on this line.
func (s *scanner) within(i, skip int) bool {
	b := &s.l.blocks[i]
	for at := s.at + skip; at < len(s.line); at++ {
		switch {
		case !b.raw && s.line[at] == '\\':
			at++
		case strings.HasPrefix(s.line[at:], b.end):
			s.put(at+len(b.end), b.kind)
			return true
		}
	}
	s.put(len(s.line), b.kind)
	return false
}

// apostrophe reports whether a quote is one that stands in a word, as in prose.
// What is in front of a string, such as an r, is shorter than that.
func (s *scanner) apostrophe(c byte) bool {
	return c == '\'' && s.at >= 3 && letter(s.line[s.at-1]) && letter(s.line[s.at-2]) && letter(s.line[s.at-3])
}

// quoted takes a string, to the end of the line when it has no other.
func (s *scanner) quoted(quote byte) {
	end := len(s.line)
	for i := s.at + 1; i < len(s.line); i++ {
		if s.line[i] == '\\' {
			i++
		} else if s.line[i] == quote {
			end = i + 1
			break
		}
	}
	kind := String
	if s.isKey(end) {
		kind = Keyword
	}
	s.put(end, kind)
}

// char takes a letter in quotes. What is none, such as a lifetime, is plain.
func (s *scanner) char() {
	rest := s.line[s.at+1:]
	if strings.HasPrefix(rest, `\`) {
		if i := strings.IndexByte(rest[min(2, len(rest)):], '\''); i >= 0 && i < 12 {
			s.put(s.at+1+2+i+1, String)
			return
		}
	} else if _, n := utf8.DecodeRuneInString(rest); n > 0 && strings.HasPrefix(rest[n:], "'") {
		s.put(s.at+1+n+1, String)
		return
	}
	s.put(s.at+1, Plain)
}

// word takes a word and finds out what it is.
func (s *scanner) word() {
	begin := s.at
	end := s.run(begin, wordly)
	if s.l.dashes {
		end = s.run(begin, dashed)
	}
	word := s.line[begin:end]
	if s.l.nocase {
		word = strings.ToLower(word)
	}
	kind := s.l.words[word]
	switch {
	case s.isKey(end), s.l.tags && begin > 0 && (s.line[begin-1] == '<' || s.line[begin-1] == '/'):
		kind = Keyword
	case kind == Plain && s.l.upper && word[0] >= 'A' && word[0] <= 'Z':
		kind = Type
	}
	s.put(end, kind)
}

// isKey reports whether what ends here is the key of a pair.
func (s *scanner) isKey(end int) bool {
	if s.l.keys == "" {
		return false
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(s.line[end:], " \t"), s.l.keys)
	return ok && !strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "=") // of an address, a comparison
}

func (s *scanner) run(from int, in func(byte) bool) int {
	for from < len(s.line) && in(s.line[from]) {
		from++
	}
	return from
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func wordly(c byte) bool { return letter(c) || c >= '0' && c <= '9' }
func dashed(c byte) bool { return wordly(c) || c == '-' }
func number(c byte) bool { return wordly(c) || c == '.' }

// markdown takes a line that is a mark as a whole: a heading, a quote, the begin
// of source text.
func (s *scanner) markdown() (out State, ok bool) {
	text := strings.TrimLeft(s.line, " ")
	switch {
	case strings.HasPrefix(text, "#"):
		s.put(len(s.line), Keyword)
	case strings.HasPrefix(text, ">"):
		s.put(len(s.line), Comment)
	case strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
		s.put(len(s.line), String)
		for i, b := range s.l.blocks {
			if strings.HasPrefix(text, b.begin) {
				out = State(i + 1)
			}
		}
	default:
		return 0, false
	}
	return out, true
}
