package diff

import (
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/tui/syntax"
	"github.com/hf-dev/hf/pkg/api"
)

// change is what a task changed. Once it is parsed it stays as it is.
type change struct {
	raw   api.Diff
	files []*file
	seen  map[string]*file // by path
}

// file is what changed in one file.
type file struct {
	api.FileDiff
	notes  []string // what is to be said of it besides its lines
	lang   *syntax.Language
	hunks  []hunk
	digits int // of its largest line number
}

// hunk is lines of a file that stand together.
type hunk struct {
	head  string
	lines []line
}

// oneSided reports whether all lines of a file came, or all are gone.
func (f *file) oneSided() bool {
	return f.Status == "added" || f.Status == "untracked" || f.Status == "deleted"
}

// line is a line of a hunk.
type line struct {
	kind     byte         // '+', '-', ' ', or '\\' for a word of git's about the line above
	state    syntax.State // it begins in
	pair     int32        // the line of the hunk it was changed from or to, plus one; 0 = none
	old, new int32        // its numbers; of a line that is on one side only, the other is 0
	text     string
}

// number is the number by which a line is known: that of before for one that is
// gone.
func (l *line) number() int32 {
	if l.kind == '-' {
		return l.old
	}
	return l.new
}

// most is how much of a line is looked at and shown, in bytes.
const most = 2000

// maxJoin bounds the work of finding out which line became which.
const maxJoin = 400

// parse reads a diff. It may be long, so it is for commands.
func parse(d *api.Diff) *change {
	ch := &change{raw: *d, seen: make(map[string]*file, len(d.Files))}
	p := parser{rest: d.Patch, files: map[string]*file{}}
	for p.section() {
	}
	for i := range d.Files {
		f := p.files[d.Files[i].Path]
		if f == nil {
			f = &file{}
			if d.Cut && !d.Files[i].Binary {
				f.notes = []string{"its lines are behind the end of what is shown"}
			}
		}
		f.FileDiff = d.Files[i]
		ch.add(f)
	}
	for _, f := range p.order { // changed between the two questions hfd asked git
		if ch.seen[f.Path] == nil {
			ch.add(f)
		}
	}
	return ch
}

func (ch *change) add(f *file) {
	ch.files = append(ch.files, f)
	ch.seen[f.Path] = f
	if f.Binary {
		f.notes = append(f.notes, "a binary file")
	}
	if len(f.hunks) == 0 && len(f.notes) == 0 && f.Added+f.Removed == 0 && f.OldPath == "" {
		f.notes = append(f.notes, "an empty file")
	}
	f.lang = syntax.Of(f.Path)
	f.digits = 1
	for i := range f.hunks {
		h := &f.hunks[i]
		h.finish(f.lang)
		if n := len(h.lines); n > 0 {
			f.digits = max(f.digits, len(strconv.Itoa(int(max(h.lines[n-1].old, h.lines[n-1].new)))))
		}
	}
}

// finish pairs the lines of a hunk and finds what each of them begins in.
func (h *hunk) finish(lang *syntax.Language) {
	var before, after syntax.State
	var gone, come []int32
	for i := range h.lines {
		l := &h.lines[i]
		switch l.kind {
		case '-':
			if len(come) > 0 {
				gone, come = h.join(gone, come)
			}
			gone = append(gone, int32(i))
			l.state = before
			before = lang.After(head(l.text), before)
		case '+':
			come = append(come, int32(i))
			l.state = after
			after = lang.After(head(l.text), after)
		case ' ':
			gone, come = h.join(gone, come)
			l.state = after
			after = lang.After(head(l.text), after)
			before = after
		}
	}
	h.join(gone, come)
}

// join pairs lines that are gone with those that came in their place.
func (h *hunk) join(gone, come []int32) (none, neither []int32) {
	few, many := gone, come
	if len(few) > len(many) {
		few, many = many, few
	}
	next := 0
	for i, at := range few {
		best := next
		if room := len(many) - len(few) + i; len(few)*len(many) <= maxJoin {
			for j := next + 1; j <= room; j++ {
				if h.alike(at, many[j]) > h.alike(at, many[best]) {
					best = j
				}
			}
		}
		h.lines[at].pair, h.lines[many[best]].pair = many[best]+1, at+1
		next = best + 1
	}
	return gone[:0], come[:0]
}

// alike is how many letters two lines have in common at their ends.
func (h *hunk) alike(a, b int32) int {
	x, y := head(h.lines[a].text), head(h.lines[b].text)
	short := min(len(x), len(y))
	n, m := 0, 0
	for n < short && x[n] == y[n] {
		n++
	}
	for m < short-n && x[len(x)-1-m] == y[len(y)-1-m] {
		m++
	}
	return n + m
}

// head is as much of a line as is shown.
func head(s string) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// parser is where a patch is read.
type parser struct {
	rest  string
	files map[string]*file
	order []*file
}

// peek is the next line, take goes on behind it.
func (p *parser) peek() (string, bool) {
	line, _, _ := strings.Cut(p.rest, "\n")
	return line, p.rest != ""
}

func (p *parser) take() {
	_, p.rest, _ = strings.Cut(p.rest, "\n")
}

// section reads what a patch says of one file.
func (p *parser) section() bool {
	var names string
	for {
		line, ok := p.peek()
		if !ok {
			return false
		}
		p.take()
		if names, ok = strings.CutPrefix(line, "diff --git "); ok {
			break
		}
	}
	f := &file{}
	f.Path = sameName(names)
	p.header(f)
	if had := p.files[f.Path]; had != nil { // one that became another kind of file comes twice
		f = had
	} else {
		p.files[f.Path] = f
		p.order = append(p.order, f)
	}
	for p.hunk(f) {
	}
	return true
}

// header reads the lines between the name of a file and its hunks.
func (p *parser) header(f *file) {
	mode := ""
	for {
		line, ok := p.peek()
		if !ok || strings.HasPrefix(line, "@@ ") || strings.HasPrefix(line, "diff --git ") {
			return
		}
		p.take()
		word, value, _ := strings.Cut(line, " ")
		switch word {
		case "rename", "copy":
			if to, ok := strings.CutPrefix(value, "to "); ok {
				f.Path = unquote(to)
			}
		case "+++", "---":
			if name, ok := named(value); ok {
				f.Path = name
			}
		case "old":
			mode = strings.TrimPrefix(value, "mode ")
		case "new":
			if to, ok := strings.CutPrefix(value, "mode "); ok {
				f.notes = append(f.notes, "mode "+mode+" -> "+to)
			} else if strings.HasSuffix(value, " 120000") {
				f.notes = append(f.notes, "a symbolic link")
			}
		case "Binary":
			f.Binary = true
		}
	}
}

// hunk reads a hunk: as many lines as it says, whatever they look like.
func (p *parser) hunk(f *file) bool {
	first, ok := p.peek()
	if !ok || !strings.HasPrefix(first, "@@ ") {
		return false
	}
	p.take()
	old, oldLeft, now, newLeft := numbers(first)
	h := hunk{head: first, lines: make([]line, 0, max(min(oldLeft+newLeft, 1<<12), 0))}
	for {
		text, ok := p.peek()
		switch {
		case !ok:
		case strings.HasPrefix(text, `\`):
			h.lines = append(h.lines, line{kind: '\\', text: strings.TrimPrefix(text[1:], " ")})
		case strings.HasPrefix(text, "-") && oldLeft > 0:
			h.lines = append(h.lines, line{kind: '-', old: old, text: text[1:]})
			old, oldLeft = old+1, oldLeft-1
			f.Removed++
		case strings.HasPrefix(text, "+") && newLeft > 0:
			h.lines = append(h.lines, line{kind: '+', new: now, text: text[1:]})
			now, newLeft = now+1, newLeft-1
			f.Added++
		case (strings.HasPrefix(text, " ") || text == "") && oldLeft > 0 && newLeft > 0:
			h.lines = append(h.lines, line{kind: ' ', old: old, new: now, text: strings.TrimPrefix(text, " ")})
			old, oldLeft, now, newLeft = old+1, oldLeft-1, now+1, newLeft-1
		default:
			ok = false
		}
		if !ok {
			f.hunks = append(f.hunks, h)
			return true
		}
		p.take()
	}
}

// numbers reads where a hunk is: "@@ -1,2 +3,4 @@".
func numbers(head string) (old int32, oldLines int, now int32, newLines int) {
	for word := range strings.FieldsSeq(head) {
		from, lines, several := strings.Cut(word[1:], ",")
		n, err := strconv.ParseInt(from, 10, 32)
		if err != nil {
			continue
		}
		count := 1
		if several {
			count, _ = strconv.Atoi(lines)
		}
		switch {
		case word[0] == '-' && old == 0 && oldLines == 0:
			old, oldLines = int32(n), count
		case word[0] == '+' && now == 0 && newLines == 0:
			now, newLines = int32(n), count
			return old, oldLines, now, newLines // behind it is text of the file
		}
	}
	return old, oldLines, now, newLines
}

// named is the file of a line "--- a/name", none for /dev/null.
func named(value string) (string, bool) {
	name := unquote(strings.TrimSuffix(value, "\t"))
	if _, name, ok := strings.Cut(name, "/"); ok && !strings.HasPrefix(value, "/dev/null") {
		return name, true
	}
	return "", false
}

// sameName is the name in "a/name b/name".
func sameName(names string) string {
	if strings.HasPrefix(names, `"`) {
		quoted, _, _ := strings.Cut(names[1:], `" `)
		names = unquote(`"` + quoted + `"`)
		return names[min(2, len(names)):]
	}
	if len(names) < 5 {
		return names
	}
	return names[2 : 2+(len(names)-5)/2]
}

// unquote reads a name as git writes it: one with odd letters in it stands in
// quotes, its bytes as in C.
func unquote(name string) string {
	if len(name) < 2 || name[0] != '"' || name[len(name)-1] != '"' {
		return name
	}
	name = name[1 : len(name)-1]
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '\\' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		if n, err := strconv.ParseUint(name[i:min(i+3, len(name))], 8, 8); err == nil {
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		if at := strings.IndexByte("abtnvfr", name[i]); at >= 0 {
			b.WriteByte("\a\b\t\n\v\f\r"[at])
		} else {
			b.WriteByte(name[i])
		}
	}
	return b.String()
}
