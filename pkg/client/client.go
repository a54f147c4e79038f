// Package client is the typed client of hfd's API. It speaks HTTP/1.1 by a
// small codec of its own, because linking net/http would cost hf a third of
// its start-up time.
//
// Every call may be repeated: reads because they change nothing, mutations
// because each carries an id that the daemon stores with its effect. So a call
// goes on when the daemon stops, is upgraded or is killed in the middle of it.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Dial connects to a daemon that answered hello, starting one where there is
// none. Its errors are final: a client does not call it again for the same
// request because of one.
type Dial func(ctx context.Context) (net.Conn, api.Hello, error)

// Options adjusts a Client. The zero value is useful.
type Options struct {
	Version   string        // sent to the daemon, for its log
	Workspace string        // of every request that has no other; "" = the daemon decides
	Cwd       string        // the directory of the person, for api.TaskOfCwd
	Patience  time.Duration // how long one call is repeated while the daemon goes and comes; 0 = 30 s
	Vigil     time.Duration // how long a call waits before it makes sure that the daemon is alive; 0 = 5 s
	Once      bool          // repeat nothing, and make sure of nothing
	Notice    func(string)  // told what hfd wants a person to know, perhaps often; nil = nobody
}

// Client calls one daemon. It is safe for concurrent use: calls one after the
// other share a connection, calls at the same time have one each.
type Client struct {
	dial Dial
	opts Options

	mu   sync.Mutex
	idle *conn // at most one
	peer api.Hello
}

// New returns a client that connects when it is first used.
func New(dial Dial, opts Options) *Client {
	if opts.Patience == 0 {
		opts.Patience = 30 * time.Second
	}
	if opts.Vigil == 0 {
		opts.Vigil = 5 * time.Second
	}
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	return &Client{dial: dial, opts: opts}
}

// Close closes the connection that waits for the next call, if there is one.
// Calls in progress are not disturbed.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle == nil {
		return nil
	}
	err := c.idle.Close()
	c.idle = nil
	return err
}

// Peer returns the hello of the daemon last connected to, and connects when
// there was none.
func (c *Client) Peer(ctx context.Context) (api.Hello, error) {
	c.mu.Lock()
	peer := c.peer
	c.mu.Unlock()
	if peer.PID != 0 {
		return peer, nil
	}
	cn, err := c.get(ctx)
	if err != nil {
		return api.Hello{}, err
	}
	c.put(cn)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peer, nil
}

// errBroken is a connection that ended before the whole answer was there.
var errBroken = errors.New("the connection to hfd broke")

// call sends one request and decodes its answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, r api.Route, path string, query url.Values, in, out any) error {
	req := request{method: r.Method, path: withQuery(path, query), version: c.opts.Version}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the request %s: %w", r, err)
		}
		req.body = body
	}
	if r.Method != "GET" {
		req.id = newID()
	}
	return c.repeat(ctx, func(fresh bool) error { return c.once(ctx, req, fresh, out) })
}

// once makes one attempt. fresh demands a new connection.
func (c *Client) once(ctx context.Context, req request, fresh bool, out any) error {
	ctx, done := c.vigil(ctx)
	defer done()
	cn, resp, err := c.send(ctx, req, fresh)
	if err != nil {
		return err
	}
	defer c.put(cn)
	body, err := resp.all()
	if err != nil {
		return c.broken(ctx, err)
	}
	if resp.status >= 300 {
		return decodeError(resp.status, body)
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := decode(body, out); err != nil {
		return &api.Error{Code: api.CodeInternal, Message: fmt.Sprintf("hfd's answer to %s %s makes no sense: %v", req.method, req.path, err)}
	}
	return nil
}

// decode is json.Unmarshal, but leaves all to a type that decodes itself:
// encoding/json would read the text twice before that.
func decode(body []byte, out any) error {
	if u, ok := out.(json.Unmarshaler); ok {
		return u.UnmarshalJSON(body)
	}
	return json.Unmarshal(body, out)
}

// vigil looks after the daemon for as long as a call waits for it: what takes
// long may be work, or a daemon that hangs. To dial says which. A call whose
// daemon hangs ends with that error.
func (c *Client) vigil(ctx context.Context) (_ context.Context, done func()) {
	if c.opts.Once {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var look func()
	look = func() {
		if ctx.Err() != nil {
			return
		}
		cn, _, err := c.dial(ctx)
		if err != nil {
			cancel(err)
			return
		}
		_ = cn.Close()
		time.AfterFunc(c.opts.Vigil, look)
	}
	first := time.AfterFunc(c.opts.Vigil, look)
	return ctx, func() {
		first.Stop()
		cancel(nil) // a look that is still to come finds this
	}
}

// send writes a request and reads the head of its answer. The caller puts the
// connection back after it has read the body.
func (c *Client) send(ctx context.Context, req request, fresh bool) (*conn, *response, error) {
	if fresh {
		_ = c.Close()
	}
	cn, err := c.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	cn.watch(ctx)
	resp, err := cn.roundTrip(req)
	if err != nil {
		cn.dirty = true
		c.put(cn)
		return nil, nil, c.broken(ctx, err)
	}
	for _, n := range resp.notices {
		c.opts.Notice(n)
	}
	return cn, resp, nil
}

// broken tells the end of the caller's context from that of the connection.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %w", errBroken, err)
}

// repeat calls f until it ends in anything but a passing trouble. The first
// repetition comes at once: most often only an idle connection had ended.
func (c *Client) repeat(ctx context.Context, f func(fresh bool) error) error {
	var wait backoff
	for fresh := false; ; fresh = true {
		err := f(fresh)
		if !passing(err) || c.opts.Once {
			return final(err)
		}
		if werr := wait.next(ctx, c.opts.Patience); werr != nil {
			return final(errors.Join(err, werr))
		}
	}
}

// backoff spaces repetitions: none, then 5 ms doubling to 250 ms.
type backoff struct {
	began time.Time
	delay time.Duration
}

// errPatience ends a repetition that has lasted too long.
var errPatience = errors.New("no patience left")

func (b *backoff) next(ctx context.Context, patience time.Duration) error {
	if b.began.IsZero() {
		b.began = time.Now()
		return nil
	}
	if time.Since(b.began) > patience {
		return errPatience
	}
	b.delay = min(max(2*b.delay, 5*time.Millisecond), 250*time.Millisecond)
	t := time.NewTimer(b.delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passing reports whether the same request may succeed a moment later.
func passing(err error) bool {
	if e, ok := errors.AsType[*answer](err); ok {
		return e.err.Code == api.CodeUnavailable
	}
	return errors.Is(err, errBroken)
}

// answer is an error the daemon answered with, as opposed to one of dialling.
type answer struct{ err *api.Error }

func (a *answer) Error() string { return a.err.Message }
func (a *answer) Unwrap() error { return a.err }

// final turns what is left after the last attempt into what the caller sees.
func final(err error) error {
	if e, ok := errors.AsType[*answer](err); ok {
		return e.err
	}
	if errors.Is(err, errBroken) {
		return &api.Error{
			Code: api.CodeUnavailable, Message: err.Error(), Retryable: true,
			Hint: "see `hf backend status` and `hf backend logs`",
		}
	}
	return err
}

func decodeError(status int, body []byte) error {
	e := &api.Error{}
	if err := json.Unmarshal(body, e); err != nil || e.Code == "" {
		e = &api.Error{Code: api.CodeInternal, Message: "hfd answered " + strconv.Itoa(status) + " without a reason"}
	}
	return &answer{e}
}

// get takes the idle connection or dials one.
func (c *Client) get(ctx context.Context) (*conn, error) {
	c.mu.Lock()
	cn := c.idle
	c.idle = nil
	c.mu.Unlock()
	if cn != nil {
		return cn, nil
	}
	nc, hello, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.peer = hello
	c.mu.Unlock()
	return newConn(nc), nil
}

// put keeps a connection for the next call, or closes it when it cannot serve
// one.
func (c *Client) put(cn *conn) {
	if !cn.unwatch() || cn.dirty {
		_ = cn.Close()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle != nil {
		_ = cn.Close()
		return
	}
	c.idle = cn
}

// newID names one mutation. 128 random bits: no two are ever equal.
func newID() string {
	return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
