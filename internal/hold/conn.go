package hold

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/fault"
)

// Conn is control over a holder. It lasts until Close or until another client
// takes control. It is safe for concurrent use.
type Conn struct {
	c       *net.UnixConn
	turn    chan struct{} // holds a token while nobody asks
	answers chan answer
	notify  chan struct{}
	gone    chan struct{}

	mu   sync.Mutex
	info Info
	err  error // why gone is closed
}

// Dial takes control over the holder of the session in a directory. Whoever
// had control before has lost it by then, and what they had fully sent stands
// in the journal.
func Dial(ctx context.Context, sessionDir string) (*Conn, error) {
	raw, r, info, err := reach(ctx, sessionDir, "greet the holder", request{Op: opHello, Proto: Proto}, maxLine)
	if err != nil {
		return nil, err
	}
	c := &Conn{
		c: raw, turn: make(chan struct{}, 1), answers: make(chan answer),
		notify: make(chan struct{}, 1), gone: make(chan struct{}), info: info,
	}
	c.turn <- struct{}{}
	go c.read(r)
	return c, nil
}

// reach connects with the holder of the session in a directory by a first
// request, and returns what the holder says of itself. The reader, with a buffer
// of this size, is at what follows the answer. what names the request in errors.
func reach(ctx context.Context, sessionDir, what string, first request, buffer int) (*net.UnixConn, *bufio.Reader, Info, error) {
	info, err := readInfo(sessionDir)
	if err != nil {
		return nil, nil, Info{}, fmt.Errorf("find the holder: %w", err)
	}
	if err := stopped(info); err != nil {
		return nil, nil, Info{}, err
	}
	ctx, cancel := untilStopped(ctx, info)
	defer cancel()
	c, err := connect(ctx, info)
	if err != nil {
		return nil, nil, Info{}, err
	}
	r := bufio.NewReaderSize(c, buffer)
	a, err := exchange(ctx, c, r, first)
	if err == nil && (a.Info == nil || a.Info.Session != info.Session) {
		err = errors.New("the socket is another session's")
	}
	if err != nil {
		return nil, nil, Info{}, errors.Join(fmt.Errorf("%s: %w", what, err), c.Close())
	}
	return c, r, *a.Info, nil
}

func connect(ctx context.Context, info Info) (*net.UnixConn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", info.Socket)
	if err != nil {
		return nil, fmt.Errorf("reach the holder: %w", err)
	}
	raw, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("reach the holder: no Unix socket"), c.Close())
	}
	if err := checkPeer(raw); err != nil {
		return nil, errors.Join(fmt.Errorf("reach the holder: %w", err), raw.Close())
	}
	return raw, nil
}

// exchange sends a request on a connection of its own and reads the answer.
// When ctx ends the connection is of no more use.
func exchange(ctx context.Context, c *net.UnixConn, r *bufio.Reader, req request) (answer, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var a answer
	_, err := c.Write(line(req))
	if err == nil {
		err = readLine(r, &a)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return answer{}, err
	}
	return a, a.err()
}

// read takes in what the holder says, until it says no more.
func (c *Conn) read(r *bufio.Reader) {
	defer close(c.notify)
	for {
		var a answer
		if err := readLine(r, &a); err != nil {
			c.end(fmt.Errorf("the holder hung up: %w", err))
			return
		}
		if a.Type != typeGrew {
			select {
			case c.answers <- a:
			case <-c.gone:
			}
			continue
		}
		c.mu.Lock()
		c.info.Size = max(c.info.Size, a.Size)
		c.mu.Unlock()
		select {
		case c.notify <- struct{}{}:
		default:
		}
	}
}

// end closes the connection for a reason; the first one counts.
func (c *Conn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.gone)
		_ = c.c.Close()
	}
}

// ask sends a request and waits for its answer. When ctx ends between the two
// nobody knows whether the request is carried out: the Conn ends, and a new
// one's Info tells.
func (c *Conn) ask(ctx context.Context, req request, data []byte) error {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-c.gone:
		return c.reason()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ctx, cancel := untilStopped(ctx, c.Info())
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
	defer stop()
	req.Len = len(data)
	buffers := net.Buffers{line(req), data}
	// The answer to a write that failed may be there: read before giving up.
	_, writeErr := buffers.WriteTo(c.c)
	if writeErr != nil {
		c.end(fmt.Errorf("write to the holder: %w", writeErr))
	}
	select {
	case a := <-c.answers:
		c.mu.Lock()
		c.info.LastSeq = max(c.info.LastSeq, a.LastSeq)
		c.mu.Unlock()
		return a.err()
	case <-c.gone:
		return c.reason()
	}
}

func (c *Conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Info returns what is known of the holder: LastSeq and Size as of the last
// answer, Exit as of Dial.
func (c *Conn) Info() Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// Notify returns a channel that wakes when the journal grew since Dial or the
// last wake. It is closed when the Conn has ended.
func (c *Conn) Notify() <-chan struct{} { return c.notify }

// Input gives the process one input, at most MaxInput bytes. It returns when
// the input is in the journal; the process gets it when it reads. seq must be
// above Info's LastSeq, or the error is ErrStale.
func (c *Conn) Input(ctx context.Context, seq uint64, data []byte) error {
	if len(data) > MaxInput {
		return fmt.Errorf("send input: %w", errTooLarge)
	}
	if err := c.ask(ctx, request{Op: opInput, Seq: seq}, data); err != nil {
		return fmt.Errorf("send input %d: %w", seq, err)
	}
	return nil
}

// CloseInput closes the process's standard input behind all earlier inputs.
func (c *Conn) CloseInput(ctx context.Context) error {
	if err := c.ask(ctx, request{Op: opCloseStdin}, nil); err != nil {
		return fmt.Errorf("close the input: %w", err)
	}
	return nil
}

// Signal signals the process's group.
func (c *Conn) Signal(ctx context.Context, sig syscall.Signal) error {
	if err := once(ctx, c.Info(), request{Op: opSignal, Name: unix.SignalName(sig)}); err != nil {
		return fmt.Errorf("send %s: %w", sig, err)
	}
	return nil
}

// Stop ends the process: SIGTERM to its group, and after the grace SIGKILL to
// all descendants. It returns when none is left; then the exit is recorded,
// unless the disk is full. An input that waits does not hold it up.
func (c *Conn) Stop(ctx context.Context, grace time.Duration) error {
	return stop(ctx, c.Info(), grace)
}

// Stop is Conn.Stop without taking control.
func Stop(ctx context.Context, sessionDir string, grace time.Duration) error {
	info, err := readInfo(sessionDir)
	if err != nil {
		return fmt.Errorf("find the holder: %w", err)
	}
	return stop(ctx, info, grace)
}

func stop(ctx context.Context, info Info, grace time.Duration) error {
	err := fault.Around("hold.stop", func() error {
		return once(ctx, info, request{Op: opStop, Grace: grace.Milliseconds()})
	})
	if err != nil {
		return fmt.Errorf("stop the process: %w", err)
	}
	return nil
}

// AckExit lets the holder go once the process's exit is recorded, and returns
// when it is gone. While the process lives the error is ErrRunning.
func (c *Conn) AckExit(ctx context.Context) error {
	info := c.Info()
	err := fault.Around("hold.ack", func() error { return once(ctx, info, request{Op: opAckExit}) })
	if err != nil && !gone(info) {
		return fmt.Errorf("acknowledge the exit: %w", err)
	}
	if err := awaitEnd(ctx, info); err != nil {
		return fmt.Errorf("wait for the holder to end: %w", err)
	}
	return nil
}

// Close gives up control. The holder and its process go on.
func (c *Conn) Close() error {
	c.end(net.ErrClosed)
	return nil
}

// once makes one request on a connection of its own, so that it waits for no
// other.
func once(ctx context.Context, info Info, req request) error {
	if err := stopped(info); err != nil {
		return err
	}
	ctx, cancel := untilStopped(ctx, info)
	defer cancel()
	c, err := connect(ctx, info)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_, err = exchange(ctx, c, bufio.NewReaderSize(c, maxLine), req)
	return err
}

// awaitEnd waits for the end of a holder that was let go.
func awaitEnd(ctx context.Context, info Info) error {
	for wait := time.Millisecond; !gone(info); wait = min(2*wait, 50*time.Millisecond) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Follow copies the journal from an offset on to w as it grows. It returns nil
// behind the last record. It needs no control, and the holder waits for nobody
// who reads slowly.
func Follow(ctx context.Context, sessionDir string, from int64, w io.Writer) error {
	info, err := readInfo(sessionDir)
	if err != nil {
		return fmt.Errorf("find the holder: %w", err)
	}
	c, err := connect(ctx, info)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := follow(c, from, w); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("follow the journal: %w", err)
	}
	return nil
}

func follow(c *net.UnixConn, from int64, w io.Writer) error {
	if _, err := c.Write(line(request{Op: opRead, From: from})); err != nil {
		return err
	}
	r := bufio.NewReaderSize(c, readSize)
	for {
		var a answer
		if err := readLine(r, &a); err != nil {
			return err
		}
		switch a.Type {
		case typeData:
			if a.From != from {
				return fmt.Errorf("offset %d came where %d was due", a.From, from)
			}
			if _, err := io.CopyN(w, r, int64(a.Len)); err != nil {
				return err
			}
			from += int64(a.Len)
		case typeEnd:
			return nil
		case typeError:
			return a.err()
		}
	}
}
