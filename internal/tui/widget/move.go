package widget

// The messages that move in a pane, by the keys that every pane has for it.
// What a line and a screen are is the pane's.
type (
	// Move goes so many lines on, or back.
	Move int
	// Page goes so many screens on, or back.
	Page int
	// Home goes to the beginning.
	Home struct{}
	// End goes to the end.
	End struct{}
)

// Take does what a message says, and reports whether it is about moving.
func (l *List) Take(msg any) bool {
	switch msg := msg.(type) {
	case Move:
		l.Move(int(msg))
	case Page:
		l.Page(int(msg))
	case Home:
		l.Home()
	case End:
		l.End()
	default:
		return false
	}
	return true
}
