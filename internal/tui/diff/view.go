package diff

import "slices"

// view is a diff as a person looks at it: what of it is folded, where they are.
type view struct {
	change *change
	folded map[string]bool // files, by path
	rows   []row
	cur    int            // the row the cursor is on
	top    int            // the first row that is seen
	from   int            // the row that selecting began on; -1 = nothing is selected
	hidden map[string]int // comments that folds hide, by path
}

func newView() *view { return &view{folded: map[string]bool{}, from: -1} }

// kind is what a row shows.
type kind uint8

const (
	fileRow kind = iota
	noteRow
	hunkRow
	lineRow
	commentRow
	endRow // says that the diff is longer
)

// row is one line of the pane.
type row struct {
	kind    kind
	file    int32
	spot    spot     // of all rows of a file but noteRow, where its line is the note
	part    int32    // of what takes several rows: which of them it is
	comment *comment // of commentRow
}

// stop reports whether the cursor can be on a row: what takes several rows is one
// stop.
func (r *row) stop() bool { return r.part == 0 }

// heights says how many rows something takes.
type heights struct {
	comment func(*comment) int
	line    func(*file, *hunk, *line) int
}

// show takes over a diff as it is now, or comments, or folds. The person stays
// where they are.
func (v *view) show(c *change, comments []*comment, h heights) {
	at, from := v.place(v.cur), v.place(v.from)
	line := v.cur - v.top
	if c != v.change {
		for _, n := range comments {
			n.locate(c)
		}
	}
	v.change = c
	v.rows = v.lay(comments, h)
	v.cur = v.find(at)
	v.top = v.cur - line
	if v.from >= 0 {
		v.from = v.find(from)
		if r := v.row(v.from); r == nil || r.kind != lineRow {
			v.from = -1
		}
	}
}

// lay makes the rows.
func (v *view) lay(comments []*comment, high heights) []row {
	var rows []row
	v.hidden = map[string]int{}
	put := func(file int, c *comment) {
		for i := range high.comment(c) {
			rows = append(rows, row{kind: commentRow, file: int32(file), spot: c.at, part: int32(i), comment: c})
		}
	}
	for _, c := range comments {
		if c.gone && v.change.seen[c.Path] == nil {
			put(-1, c)
		}
	}
	for i, f := range v.change.files {
		rows = append(rows, row{kind: fileRow, file: int32(i), spot: whole()})
		var here []*comment
		for _, c := range comments {
			switch {
			case c.Path != f.Path:
			case c.gone, c.at == whole():
				put(i, c)
			default:
				here = append(here, c)
			}
		}
		if v.folded[f.Path] {
			v.hidden[f.Path] = len(here)
			continue
		}
		for n := range f.notes {
			rows = append(rows, row{kind: noteRow, file: int32(i), spot: spot{line: n}})
		}
		for h := range f.hunks {
			rows = append(rows, row{kind: hunkRow, file: int32(i), spot: spot{h, 0}})
			for l := range f.hunks[h].lines {
				at := spot{h, l}
				for part := range high.line(f, &f.hunks[h], &f.hunks[h].lines[l]) {
					rows = append(rows, row{kind: lineRow, file: int32(i), spot: at, part: int32(part)})
				}
				for _, c := range here {
					if c.at == at {
						put(i, c)
					}
				}
			}
		}
	}
	if v.change.raw.Cut {
		rows = append(rows, row{kind: endRow, file: -1})
	}
	return rows
}

// place is where a row is, told in a way that outlives the rows.
type place struct {
	kind    kind
	path    string
	line    line
	note    int
	comment *comment
}

// row is a row by its index, nil where there is none.
func (v *view) row(i int) *row {
	if i < 0 || i >= len(v.rows) {
		return nil
	}
	return &v.rows[i]
}

// fileOf is the file a row is in, nil for none.
func (v *view) fileOf(r *row) *file {
	if r == nil || r.file < 0 {
		return nil
	}
	return v.change.files[r.file]
}

// lineOf is the line of a row, nil where it has none. That of a hunk is its
// first.
func (v *view) lineOf(r *row) *line {
	f := v.fileOf(r)
	switch {
	case f == nil, r.kind != lineRow && r.kind != hunkRow && r.kind != commentRow:
		return nil
	case r.comment != nil && r.comment.gone, r.spot == whole(), len(f.hunks[r.spot.hunk].lines) == 0:
		return nil
	}
	return f.at(r.spot)
}

func (v *view) place(i int) place {
	r := v.row(i)
	if r == nil {
		return place{}
	}
	p := place{kind: r.kind, note: r.spot.line, comment: r.comment}
	if f := v.fileOf(r); f != nil {
		p.path = f.Path
	}
	if l := v.lineOf(r); l != nil {
		p.line = *l
	}
	return p
}

// find is the row of a place, or the nearest there is: a line of the same text,
// of about the same number, its file, the file behind it.
func (v *view) find(p place) int {
	switch {
	case p.kind == endRow:
		return len(v.rows) - 1
	case p.path == "" && p.comment == nil:
		return 0
	}
	best, worth := 0, int64(-1)
	path := p.path
	if f := v.change.renamed(path); f != nil && v.change.seen[path] == nil {
		path = f.Path
	}
	for i := range v.rows {
		r := &v.rows[i]
		if !r.stop() {
			continue
		}
		if p.comment != nil && r.comment == p.comment {
			return i
		}
		f := v.fileOf(r)
		if f == nil {
			continue
		}
		if f.Path != path {
			if worth < 0 && f.Path < path { // in the order of git
				best = i
			}
			continue
		}
		if w := p.worth(r, v.lineOf(r)); w > worth {
			best, worth = i, w
		}
	}
	return best
}

// worth says how much a row of the same file is like the place.
func (p *place) worth(r *row, l *line) int64 {
	const exact, near = 1 << 50, 1 << 40
	switch {
	case r.kind == fileRow:
		if p.kind == fileRow {
			return exact
		}
		return 0
	case r.kind == noteRow:
		if p.kind == noteRow && r.spot.line == p.note {
			return exact
		}
		return 1
	case l == nil || p.line.kind == 0 || r.comment != nil:
		return 0
	}
	away := int64(abs(l.number() - p.line.number()))
	like := p.kind == r.kind || p.kind == commentRow && r.kind == lineRow
	switch {
	case like && l.kind == p.line.kind && l.text == p.line.text:
		return exact - away
	case like && (l.kind == '-') == (p.line.kind == '-'):
		return near - away
	}
	return near/2 - away
}

// move goes n stops on.
func (v *view) move(n int) {
	step := 1
	if n < 0 {
		step = -1
	}
	for i := v.cur + step; n != 0 && i >= 0 && i < len(v.rows); i += step {
		if v.rows[i].stop() {
			v.cur = i
			n -= step
		}
	}
}

// next goes to the next row of a kind, or the one before. It reports whether
// there is one.
func (v *view) next(step int, kinds ...kind) bool {
	for i := v.cur + step; i >= 0 && i < len(v.rows); i += step {
		if r := &v.rows[i]; r.stop() && slices.Contains(kinds, r.kind) {
			v.cur = i
			return true
		}
	}
	return false
}

// scroll shows other rows; the cursor stays on the screen.
func (v *view) scroll(n, height int) {
	v.top = max(min(v.top+n, len(v.rows)-height), 0)
	v.cur = max(min(v.cur, v.top+height-1), v.top)
	for v.cur > 0 && !v.rows[v.cur].stop() {
		v.cur--
	}
}

// clamp brings the cursor into the rows, and the screen to the cursor: with all
// of its line and the comments on it, as far as there is room for them.
func (v *view) clamp(height int) {
	v.cur = max(min(v.cur, len(v.rows)-1), 0)
	end := v.cur
	for end+1 < len(v.rows) && end < v.cur+height/2 && (v.rows[end+1].kind == commentRow || !v.rows[end+1].stop()) {
		end++
	}
	v.top = min(max(v.top, end-height+1), v.cur)
	v.top = max(min(v.top, len(v.rows)-height), 0)
}

// selected is the lines that are selected, else the one the cursor is on: the
// rows of them, and the file. They are all of the file that selecting began in.
func (v *view) selected() (rows []int, f *file) {
	first, last := v.cur, v.cur
	if v.from >= 0 {
		first, last = min(v.from, v.cur), max(v.from, v.cur)
		f = v.fileOf(v.row(v.from))
	} else {
		f = v.fileOf(v.row(v.cur))
	}
	for i := first; i <= last; i++ {
		if r := v.row(i); r != nil && r.kind == lineRow && r.stop() && v.fileOf(r) == f && v.lineOf(r).kind != '\\' {
			rows = append(rows, i)
		}
	}
	return rows, f
}
