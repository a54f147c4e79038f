package conversation

// scroll is where a person is in a conversation: at its end, which it then
// follows, or at a line of a block. So a frame costs what is seen of it, however
// much there is.
type scroll struct {
	free  bool // not at the end
	block int  // the first that is seen, counted from the beginning of all time
	line  int  // of it
}

// window is the lines that are seen, and for each the index of its block.
type window struct {
	lines  []string
	blocks []int
}

// lay gathers the lines that are seen, height of them at most.
func (s *scroll) lay(n, cut, height int, draw func(i int) []string) window {
	if n == 0 || height <= 0 {
		return window{}
	}
	if !s.free {
		return last(n, height, draw)
	}
	at := s.block - cut
	if at < 0 { // what was looked at was given up
		at, s.line = 0, 0
	}
	var w window
	i := min(at, n-1)
	for ; i < n && len(w.lines) <= height; i++ {
		lines := draw(i)
		from := 0
		if i == at {
			from = min(s.line, max(len(lines)-1, 0))
		}
		w.add(i, lines[from:])
	}
	if i == n && len(w.lines) <= height { // the end is seen
		s.free = false
		return last(n, height, draw)
	}
	return w.first(height)
}

// last is the window at the end.
func last(n, height int, draw func(i int) []string) window {
	from, total := n, 0
	for from > 0 && total < height {
		from--
		total += len(draw(from))
	}
	var w window
	for i := from; i < n; i++ {
		w.add(i, draw(i))
	}
	if over := len(w.lines) - height; over > 0 {
		w.lines, w.blocks = w.lines[over:], w.blocks[over:]
	}
	return w
}

func (w *window) add(block int, lines []string) {
	for _, l := range lines {
		w.lines = append(w.lines, l)
		w.blocks = append(w.blocks, block)
	}
}

func (w window) first(n int) window {
	if len(w.lines) > n {
		w.lines, w.blocks = w.lines[:n], w.blocks[:n]
	}
	return w
}

// move goes lines on, back when it is negative.
func (s *scroll) move(lines, n, cut, height int, draw func(i int) []string) {
	if n == 0 {
		return
	}
	if !s.free {
		if lines >= 0 {
			return
		}
		s.block, s.line = s.end(n, cut, height, draw)
		s.free = true
	}
	at := min(max(s.block-cut, 0), n-1)
	line := s.line + lines
	for line < 0 && at > 0 {
		at--
		line += len(draw(at))
	}
	for at < n-1 && line >= len(draw(at)) {
		line -= len(draw(at))
		at++
	}
	s.block, s.line = at+cut, min(max(line, 0), max(len(draw(at))-1, 0))
}

// end is the block and line at the top when the end is seen.
func (s *scroll) end(n, cut, height int, draw func(i int) []string) (block, line int) {
	left := height
	for i := n - 1; i >= 0; i-- {
		h := len(draw(i))
		if left <= h {
			return i + cut, h - left
		}
		left -= h
	}
	return cut, 0
}

// home goes to the beginning, bottom to the end.
func (s *scroll) home(cut int) { *s = scroll{free: true, block: cut} }
func (s *scroll) bottom()      { *s = scroll{} }

// show brings a block into sight, a few lines below the top.
func (s *scroll) show(i, cut int) { *s = scroll{free: true, block: max(i-1, 0) + cut} }
