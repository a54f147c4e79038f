package hold

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/vt"
	"github.com/hf-dev/hf/pkg/api"
)

// attach shows the process's terminal on a connection and takes keys from it,
// until one of the two sides hangs up.
func (h *holder) attach(p *peer, req request) {
	refuse := func(err error) { _ = p.send(answer{Type: typeError, Code: codeOf(err), Message: err.Error()}) }
	size := Size{Columns: req.Columns, Rows: req.Rows}
	switch {
	case h.tape == nil:
		refuse(ErrNoTerminal)
		return
	case size.check() != nil:
		_ = p.send(answer{Type: typeError, Code: codeInvalid, Message: size.check().Error()})
		return
	}
	set := h.agent.tty.resize
	if h.tape.shown() {
		set = h.agent.tty.redraw
	}
	_ = set(size) // fails when it is closed: then its end is shown
	if p.send(answer{Type: typeOK, Info: h.now()}) != nil {
		return
	}
	v := h.tape.view()
	defer h.tape.leave(v)
	left := make(chan struct{})
	var showing sync.WaitGroup
	showing.Go(func() {
		h.show(p, v, left)
		_ = p.c.CloseRead() // ends the typing
	})
	h.typed(p)
	close(left)
	_ = p.c.CloseWrite() // ends the showing, where nobody takes it in
	showing.Wait()
}

// show sends what the terminal shows.
func (h *holder) show(p *peer, v *viewer, left <-chan struct{}) {
	buf := make([]byte, readSize)
	for {
		next := h.tape.grown.next()
		over := false
		select {
		case <-v.replaced:
			_ = p.send(answer{Type: typeError, Code: codeTaken, Message: ErrTaken.Error()})
			return
		case <-h.recorded:
			over = true
		default:
		}
		data, anew := h.tape.take(v, buf)
		kind := typeData
		if anew {
			kind = typeScreen
		}
		switch {
		case len(data) > 0 || anew:
			if p.send(answer{Type: kind, Len: len(data)}, data...) != nil {
				return
			}
			continue
		case over:
			_ = p.send(answer{Type: typeEnd, Info: h.now()})
			return
		}
		select {
		case <-next:
		case <-v.replaced:
		case <-h.recorded:
		case <-left:
			return
		}
	}
}

// typed gives the process what is typed at the other side. It is written down
// nowhere: passwords are typed, too.
func (h *holder) typed(p *peer) {
	for {
		var req request
		if err := readLine(p.r, &req); err != nil || req.Len < 0 || req.Len > MaxInput {
			return
		}
		data := make([]byte, req.Len)
		if _, err := io.ReadFull(p.r, data); err != nil {
			return
		}
		switch req.Op {
		case opKeys:
			_, _ = h.agent.tty.f.Write(data) // fails when the process has ended, which is shown
		case opResize:
			if size := (Size{Columns: req.Columns, Rows: req.Rows}); size.check() == nil {
				_ = h.agent.tty.resize(size)
			}
		}
	}
}

// View is a person's terminal attached to a held one.
type View struct {
	c  *net.UnixConn
	r  *bufio.Reader
	w  sync.Mutex
	at vt.State // of the person's terminal
}

// Attach attaches a terminal of this size to the held one of a session. Whoever
// was attached before no longer is.
func Attach(ctx context.Context, sessionDir string, size Size) (*View, error) {
	first := request{Op: opAttach, Columns: size.Columns, Rows: size.Rows}
	c, r, _, err := reach(ctx, sessionDir, "attach to the terminal", first, readSize)
	if err != nil {
		return nil, err
	}
	return &View{c: c, r: r}, nil
}

// Show copies what the terminal shows to w, until its process ends: then it
// returns how. ErrTaken says that somebody else has attached.
func (v *View) Show(w io.Writer) (journal.Ended, error) {
	buf := make([]byte, readSize)
	for {
		var a answer
		if err := readLine(v.r, &a); err != nil {
			return journal.Ended{}, fmt.Errorf("read the terminal: %w", err)
		}
		switch a.Type {
		case typeScreen, typeData:
			if err := v.show(w, a, buf); err != nil {
				return journal.Ended{}, err
			}
		case typeEnd:
			if a.Info == nil || a.Info.Exit == nil {
				return journal.Ended{}, &api.Error{Code: api.CodeInternal, Message: "the holder does not say how the process ended"}
			}
			return *a.Info.Exit, nil
		case typeError:
			return journal.Ended{}, a.err()
		}
	}
}

func (v *View) show(w io.Writer, a answer, buf []byte) error {
	if a.Type == typeScreen {
		if err := v.Undo(w); err != nil {
			return err
		}
	}
	for left := a.Len; left > 0; {
		n, err := v.r.Read(buf[:min(left, len(buf))])
		if err != nil {
			return fmt.Errorf("read the terminal: %w", err)
		}
		v.at.Feed(buf[:n])
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// Undo makes the person's terminal what it was before, but for what was drawn.
// It is not for use during Show.
func (v *View) Undo(w io.Writer) error {
	_, err := w.Write(v.at.Undo())
	v.at = vt.State{}
	return err
}

// Type gives the process what a person typed.
func (v *View) Type(keys []byte) error { return v.send(request{Op: opKeys, Len: len(keys)}, keys) }

// Resize makes the held terminal as large as the person's.
func (v *View) Resize(size Size) error {
	return v.send(request{Op: opResize, Columns: size.Columns, Rows: size.Rows}, nil)
}

func (v *View) send(req request, data []byte) error {
	v.w.Lock()
	defer v.w.Unlock()
	b := append(line(req), data...)
	if _, err := v.c.Write(b); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}

// Close detaches. The process goes on, and Show returns.
func (v *View) Close() error { return v.c.Close() }
