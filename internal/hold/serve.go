package hold

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/rundir"
)

// maxPeers bounds the connections served at one time. More wait.
const maxPeers = 64

// helloPatience is how long a client may leave the answer to its hello lie,
// when it has left so much before that there is no room for one more.
const helloPatience = time.Second

// peer is one connection.
type peer struct {
	c    *net.UnixConn
	r    *bufio.Reader
	w    sync.Mutex
	gone chan struct{} // closed when nothing more of it will be carried out
}

// listen binds the session's socket. The lock is ours, so a file that is there
// already was left by a holder that died.
func listen(path string) (*net.UnixListener, error) {
	if err := rundir.MakeDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l.SetUnlinkOnClose(false)
	return l, nil
}

func (h *holder) accept(ctx context.Context) {
	slots := make(chan struct{}, maxPeers)
	for {
		slots <- struct{}{}
		c, err := h.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptors, no memory: later perhaps
			time.Sleep(100 * time.Millisecond)
			<-slots
			continue
		}
		go func() {
			defer func() { <-slots }()
			h.greet(ctx, c)
		}()
	}
}

// greet serves a connection to its end, if it is this user's.
func (h *holder) greet(ctx context.Context, c *net.UnixConn) {
	if checkPeer(c) != nil {
		_ = c.Close()
		return
	}
	p := &peer{c: c, r: bufio.NewReaderSize(c, maxLine), gone: make(chan struct{})}
	h.mu.Lock()
	h.peers[p] = true
	h.mu.Unlock()
	h.serve(ctx, p)
	h.dismiss(p)
}

func (h *holder) dismiss(p *peer) {
	h.mu.Lock()
	delete(h.peers, p)
	if h.controller == p {
		h.controller = nil
	}
	h.mu.Unlock()
	_ = p.c.Close()
	close(p.gone)
}

// hangUp ends all connections.
func (h *holder) hangUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.peers {
		_ = p.c.Close()
	}
}

// serve carries out one connection's requests. A request that did not arrive
// whole is none. Whether the answers arrive does not matter: a client that
// died wanted what it had fully sent.
func (h *holder) serve(ctx context.Context, p *peer) {
	for {
		var req request
		if err := readLine(p.r, &req); err != nil {
			return
		}
		if req.Len < 0 || req.Len > MaxInput {
			_ = p.send(answer{Type: typeError, Code: codeInvalid, Message: errTooLarge.Error()})
			return
		}
		var data []byte
		if req.Len > 0 {
			data = make([]byte, req.Len)
			if _, err := io.ReadFull(p.r, data); err != nil {
				giveBack(req.Len)
				return
			}
		}
		switch req.Op {
		case opRead:
			h.stream(p, req.From)
			return
		case opAttach:
			h.attach(p, req)
			return
		case opHello:
			h.hello(p)
			continue
		}
		a := h.carryOut(ctx, p, req, data)
		data = nil
		giveBack(req.Len)
		_ = p.send(a)
		if req.Op == opAckExit && a.Type == typeOK {
			h.ackOnce.Do(func() { close(h.acked) })
		}
	}
}

func (h *holder) carryOut(ctx context.Context, p *peer, req request, data []byte) answer {
	var err error
	switch req.Op {
	case opInput:
		if err = ErrControl; h.controls(p) {
			err = h.input(ctx, req.Seq, data)
		}
	case opCloseStdin:
		if err = ErrControl; h.controls(p) {
			h.stdin.closeAfter()
			err = nil
		}
	case opSignal:
		sig := unix.SignalNum(req.Name)
		if sig == 0 {
			return answer{Type: typeError, Code: codeInvalid, Message: fmt.Sprintf("no signal %q", req.Name)}
		}
		err = h.agent.signalGroup(sig)
	case opStop:
		h.stop(time.Duration(req.Grace) * time.Millisecond)
	case opAckExit:
		err = h.waitRecorded()
	default:
		return answer{Type: typeError, Code: codeUnknown, Message: fmt.Sprintf("no op %q", req.Op)}
	}
	if err != nil {
		return answer{Type: typeError, Code: codeOf(err), Message: err.Error(), LastSeq: h.lastSeq.Load()}
	}
	return answer{Type: typeOK, LastSeq: h.lastSeq.Load()}
}

func codeOf(err error) string {
	for code, refusal := range refusals() {
		if errors.Is(err, refusal) {
			return code
		}
	}
	return codeFailed
}

// hello makes p the controller and says so, before the next one can take over.
func (h *holder) hello(p *peer) {
	if h.controls(p) { // again: whoever takes over waits for us meanwhile, perhaps
		_ = p.send(answer{Type: typeHello, Info: h.now()})
		return
	}
	h.turn.Lock()
	defer h.turn.Unlock()
	h.control(p)
	info := h.now()
	_ = p.c.SetWriteDeadline(time.Now().Add(helloPatience))
	_ = p.send(answer{Type: typeHello, Info: info})
	_ = p.c.SetWriteDeadline(time.Time{})
	go h.tell(p, info.Size)
}

// control makes p the controller, once what the one before had fully sent is
// carried out.
func (h *holder) control(p *peer) {
	h.mu.Lock()
	old := h.controller
	h.mu.Unlock()
	if old != nil {
		// The kernel takes nothing more from it, and gives us what it has.
		_ = old.c.CloseRead()
		_ = old.c.SetWriteDeadline(time.Unix(1, 0))
		<-old.gone
	}
	h.mu.Lock()
	h.controller = p
	h.mu.Unlock()
}

func (h *holder) controls(p *peer) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.controller == p
}

// stop ends the process and waits until nothing of it is left, and for the
// record of that unless the disk is full.
func (h *holder) stop(grace time.Duration) {
	h.asked.Store(true)
	select {
	case h.stops <- max(grace, 0):
	case <-h.agent.alone:
	}
	<-h.agent.alone
	select {
	case <-h.recorded:
	case <-time.After(2 * pipeGrace):
	}
}

// waitRecorded waits for the exit's record if the process has ended.
func (h *holder) waitRecorded() error {
	select {
	case <-h.agent.alone:
		<-h.recorded
		return nil
	default:
		return ErrRunning
	}
}

// tell tells a controller that the journal grew, as often as it takes it in.
func (h *holder) tell(p *peer, told int64) {
	for {
		next := h.grown.next()
		if size := h.journal.Size(); size > told {
			if p.send(answer{Type: typeGrew, Size: size}) != nil {
				return
			}
			told = size
			continue
		}
		select {
		case <-next:
		case <-p.gone:
			return
		}
	}
}

// stream sends the journal from an offset on, from the file: a reader that is
// slow takes no memory but one buffer.
func (h *holder) stream(p *peer, from int64) {
	hungUp := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, p.r)
		close(hungUp)
	}()
	buf := make([]byte, readSize/2)
	for {
		next := h.grown.next()
		var last bool
		select {
		case <-h.recorded:
			last = true
		default:
		}
		size := h.journal.Size()
		for from < size {
			n, err := h.file.ReadAt(buf[:min(size-from, int64(len(buf)))], from)
			if err != nil || p.send(answer{Type: typeData, From: from, Len: n}, buf[:n]...) != nil {
				return
			}
			from += int64(n)
		}
		if last {
			_ = p.send(answer{Type: typeEnd, Size: size})
			return
		}
		select {
		case <-next:
		case <-hungUp:
			return
		}
	}
}

// send sends an answer and the bytes behind it.
func (p *peer) send(a answer, data ...byte) error {
	p.w.Lock()
	defer p.w.Unlock()
	if _, err := p.c.Write(line(a)); err != nil || len(data) == 0 {
		return err
	}
	_, err := p.c.Write(data)
	return err
}
