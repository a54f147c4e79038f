package widget

// List is where a person is in a list: which row, and which rows are seen. It
// holds no rows, so that its cost does not depend on how many there are. What
// is selected is told by its id: when rows change it stays selected, on the
// same line of the screen.
type List struct {
	ids      []string
	rest     func(i int) bool // rows that cannot be selected, such as headings
	height   int
	top, sel int
}

// Sync tells the list of its rows. rest may be nil.
func (l *List) Sync(ids []string, rest func(i int) bool) {
	id, line := l.Selected(), l.sel-l.top
	old := l.sel
	l.ids, l.rest = ids, rest
	l.sel = -1
	for i := range ids {
		if ids[i] == id && id != "" {
			l.sel = i
			break
		}
	}
	switch {
	case l.sel < 0:
		l.sel = l.nearest(min(old, len(ids)-1))
	case !l.selectable(l.sel): // it became a heading
		l.sel = l.nearest(l.sel)
	}
	l.top = l.sel - line
	l.clamp()
}

// Resize tells how many rows are seen.
func (l *List) Resize(height int) {
	l.height = max(height, 0)
	l.clamp()
}

// Selected is the id of the selected row, "" for none.
func (l *List) Selected() string {
	if l.sel < 0 || l.sel >= len(l.ids) {
		return ""
	}
	return l.ids[l.sel]
}

// Index is the selected row, -1 for none.
func (l *List) Index() int {
	if l.Selected() == "" {
		return -1
	}
	return l.sel
}

// Select selects a row by its id. It reports whether there is one.
func (l *List) Select(id string) bool {
	for i := range l.ids {
		if l.ids[i] == id {
			l.sel = i
			l.clamp()
			return true
		}
	}
	return false
}

// Move goes n rows on, over those that cannot be selected.
func (l *List) Move(n int) {
	step := 1
	if n < 0 {
		step = -1
	}
	for at := l.sel + step; n != 0 && at >= 0 && at < len(l.ids); at += step {
		if l.selectable(at) {
			l.sel = at
			n -= step
		}
	}
	if l.sel == l.nearest(0) {
		l.top = 0 // with the headings above the first row
	}
	l.clamp()
}

// Page goes n screens on.
func (l *List) Page(n int) { l.Move(n * max(l.height-1, 1)) }

// Home goes to the first row, End to the last.
func (l *List) Home() { l.Move(-len(l.ids)) }

// End goes to the last row.
func (l *List) End() { l.Move(len(l.ids)) }

// Visible is the range of rows that are seen.
func (l *List) Visible() (from, to int) { return l.top, min(l.top+l.height, len(l.ids)) }

// At is the row on a line of the screen, -1 for none.
func (l *List) At(line int) int {
	if i := l.top + line; line >= 0 && line < l.height && i < len(l.ids) && l.selectable(i) {
		return i
	}
	return -1
}

// Click selects the row on a line of the screen.
func (l *List) Click(line int) bool {
	i := l.At(line)
	if i >= 0 {
		l.sel = i
	}
	return i >= 0
}

// Len is the number of rows.
func (l *List) Len() int { return len(l.ids) }

func (l *List) selectable(i int) bool { return l.rest == nil || !l.rest(i) }

// nearest is the selectable row closest to i, those below it first.
func (l *List) nearest(i int) int {
	i = max(i, 0)
	for at := i; at < len(l.ids); at++ {
		if l.selectable(at) {
			return at
		}
	}
	for at := min(i, len(l.ids)-1); at >= 0; at-- {
		if l.selectable(at) {
			return at
		}
	}
	return -1
}

func (l *List) clamp() {
	if l.height > 0 {
		l.top = max(min(l.top, l.sel), l.sel-l.height+1)
	}
	l.top = max(min(l.top, len(l.ids)-l.height), 0)
}
