package hold

import (
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/vt"
)

const (
	// tapeSize is how much of what a terminal showed last is kept, in bytes.
	tapeSize = 256 << 10
	// viewPatience is how long a program waits for somebody who looks and takes
	// nothing in. Then it goes on, and they are shown the rest when they do.
	viewPatience = time.Second
	// lookLimit is how long a terminal that has ended can still be looked at by
	// who is about to: why a program ended at once, its terminal says.
	lookLimit = 2 * time.Second
)

// tape keeps what a terminal showed last, and in which modes that begins.
type tape struct {
	grown    growth
	taken    growth        // by the viewer
	patience time.Duration // with the viewer

	mu         sync.Mutex
	ring       [tapeSize]byte
	start, end int64    // of what is kept, of all that was ever shown
	at         vt.State // at start
	viewer     *viewer  // nil while nobody looks
	seen       bool     // somebody looked once
}

// viewer is somebody who looks at a terminal.
type viewer struct {
	pos      int64 // what it has is before this; below 0 = nothing yet
	late     bool  // nobody waits for it
	replaced chan struct{}
}

// view makes somebody new the one who looks.
func (t *tape) view() *viewer {
	v := &viewer{pos: -1, late: true, replaced: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.viewer != nil {
		close(t.viewer.replaced)
	}
	t.viewer = v
	t.taken.wake()
	return v
}

// leave ends a view.
func (t *tape) leave(v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.viewer == v {
		t.viewer = nil
		t.taken.wake()
	}
}

// write takes what the terminal showed. It waits a while for who looks, so that
// they see all of it.
func (t *tape) write(p []byte) {
	for len(p) > 0 {
		n, wait, v := t.put(p)
		if p = p[n:]; n > 0 {
			t.grown.wake()
			continue
		}
		patience := time.NewTimer(t.patience)
		select {
		case <-wait:
		case <-patience.C:
			t.mu.Lock()
			v.late = true
			t.mu.Unlock()
		}
		patience.Stop()
	}
}

// put keeps the beginning of p, as much as it can: nothing where the viewer v
// has to take something first, which wait tells.
func (t *tape) put(p []byte) (n int, wait <-chan struct{}, v *viewer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n = min(len(p), tapeSize/4)
	if over := t.end + int64(n) - t.start - tapeSize; over > 0 {
		if t.viewer != nil && !t.viewer.late && t.viewer.pos < t.start+over {
			return 0, t.taken.next(), t.viewer
		}
		for _, part := range t.parts(t.start, t.start+over) {
			t.at.Feed(part)
		}
		t.start += over
	}
	for rest := p[:n]; len(rest) > 0; {
		c := copy(t.ring[t.end%tapeSize:], rest)
		t.end, rest = t.end+int64(c), rest[c:]
	}
	return n, nil, nil
}

// parts is what is kept from one offset to another, in one piece or two.
func (t *tape) parts(from, to int64) [][]byte {
	if from == to {
		return nil
	}
	i, j := from%tapeSize, to%tapeSize
	if i < j {
		return [][]byte{t.ring[i:j]}
	}
	return [][]byte{t.ring[i:], t.ring[:j]}
}

// take gives the viewer what comes next, in buf, or all that is kept where it
// has nothing or was too late: then anew is true and it draws that on a terminal
// in no mode.
func (t *tape) take(v *viewer, buf []byte) (data []byte, anew bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.taken.wake()
	v.late = false
	if v.pos < t.start {
		v.pos = t.end
		kept := make([]byte, 0, t.end-t.start)
		for _, part := range t.parts(t.start, t.end) {
			kept = append(kept, part...)
		}
		if t.seen {
			kept = t.at.Replay(kept)
		}
		t.seen = true // and their terminal was asked what the program wants to know
		return append(t.at.Redo(), kept...), true
	}
	n := 0
	for _, part := range t.parts(v.pos, min(t.end, v.pos+int64(len(buf)))) {
		n += copy(buf[n:], part)
	}
	v.pos += int64(n)
	return buf[:n], false
}

// lastLook returns when who looks has seen the end, or when it is clear that
// nobody will: asked says that it ended because it was asked to.
func (t *tape) lastLook(asked bool) {
	limit := time.After(lookLimit)
	for {
		left := t.taken.next()
		t.mu.Lock()
		done := t.viewer == nil && (t.seen || asked)
		t.mu.Unlock()
		if done {
			return
		}
		select {
		case <-left:
		case <-limit:
			return
		}
	}
}

// shown reports whether the terminal ever showed anything.
func (t *tape) shown() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end > 0
}
