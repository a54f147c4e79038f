package tui

// layoutMsg is what actions ask of the frame.
type layoutMsg int

const (
	nextView layoutMsg = iota
	previousView
	toggleZoom
	focusList
	focusView
)

// The sizes at which the layout changes, in columns and lines.
const (
	sideBySide = 100 // from this width on the list is left of the view
	roomy      = 18  // from this height on both are seen when one is below the other
	listLeast  = 36
	listMost   = 76
)

// rect is a part of the screen.
type rect struct{ x, y, w, h int }

// layout is where everything is. A part of no height is not seen.
type layout struct {
	list, facts, tabs, view rect
	split                   int // the column of the line between list and view; 0 = none
}

// arrange computes the layout anew and tells the panes of their room.
func (a *app) arrange() {
	if a.width <= 0 || a.height <= 0 {
		return
	}
	a.layout = arranged(a.width, a.height, a.focus == 0, a.zoom)
	a.panes[0].Resize(a.layout.list.w, a.layout.list.h)
	for _, p := range a.panes[1:] {
		p.Resize(a.layout.view.w, a.layout.view.h)
	}
}

// arranged is the layout of a screen. The first line is the header and the last
// the footer.
func arranged(width, height int, onList, zoom bool) layout {
	body := rect{0, 1, width, max(height-2, 0)}
	switch {
	case zoom && onList, width < sideBySide && body.h < roomy && onList:
		return layout{list: body}
	case zoom, width < sideBySide && body.h < roomy:
		return stacked(body)
	case width >= sideBySide:
		left := min(max(width*2/5, listLeast), listMost)
		l := stacked(rect{left + 1, body.y, width - left - 1, body.h})
		l.list, l.split = rect{0, body.y, left, body.h}, left
		return l
	}
	top := min(max(body.h/3, 4), 14)
	l := stacked(rect{0, body.y + top, width, body.h - top})
	l.list = rect{0, body.y, width, top}
	return l
}

// stacked is the room of the selected task: its facts, the tabs, a view.
func stacked(r rect) layout {
	facts := 2
	if r.h < 12 {
		facts = 1
	}
	if r.h < 4 {
		facts = 0
	}
	return layout{
		facts: rect{r.x, r.y, r.w, facts},
		tabs:  rect{r.x, r.y + facts, r.w, 1},
		view:  rect{r.x, r.y + facts + 1, r.w, max(r.h-facts-1, 0)},
	}
}

// rect is where a pane is, and whether it is seen.
func (a *app) rect(i int) (rect, bool) {
	switch i {
	case 0:
		return a.layout.list, a.layout.list.h > 0
	case a.view:
		return a.layout.view, a.layout.view.h > 0
	}
	return rect{}, false
}
