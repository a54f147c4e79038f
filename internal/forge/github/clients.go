package github

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// Tokens knows who is signed in.
type Tokens interface {
	// Credential returns how to speak to a host for a caller with these variables;
	// nil variables are work in the background. Nobody signed in is
	// api.CodeUnauthorized.
	Credential(ctx context.Context, host string, env api.Env) (forge.Credential, error)
	// Refused is told of a token that a host does not accept (any more).
	Refused(c forge.Credential)
	// SignedIn reports whether somebody signed in to a host. It asks nobody.
	SignedIn(host string) bool
}

// Options is what Clients need. The limits have defaults.
type Options struct {
	Tokens   Tokens
	Settings func(host string) Settings // of the user's configuration
	Hosts    func() []string            // that the configuration names
	Agent    string                     // how hf introduces itself
	Now      func() time.Time
	Connect  time.Duration // until a connection is there; 0 = 10 s
	Limit    time.Duration // of a whole request; 0 = 30 s
	Page     int           // repositories at once; 0 = 100, the most there can be
	Answer   int64         // the most bytes of an answer; 0 = 16 MiB
}

// Clients gives clients to who has work for a host. It keeps connections and
// what is known of rate limits, for each account.
type Clients struct {
	opts Options

	mu         sync.Mutex
	transports map[string]*http.Transport // by the network they go through
	accounts   map[string]*account        // by endpoint and token
}

// account is what clients of one account share.
type account struct {
	conn  *conn
	batch atomic.Int64
}

// NewClients returns the clients of hfd.
func NewClients(o Options) *Clients {
	if o.Connect == 0 {
		o.Connect = 10 * time.Second
	}
	if o.Limit == 0 {
		o.Limit = 30 * time.Second
	}
	if o.Page == 0 {
		o.Page = 100
	}
	if o.Answer == 0 {
		o.Answer = 16 << 20
	}
	return &Clients{opts: o, transports: map[string]*http.Transport{}, accounts: map[string]*account{}}
}

// Close ends the connections that wait for another request.
func (c *Clients) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

// IsForge reports whether a host is GitHub, as far as the user told hf: by the
// configuration or by signing in. That a remote names a host says nothing.
func (c *Clients) IsForge(host string) bool {
	host = forge.CanonicalHost(host)
	return host == forge.DefaultHost || slices.Contains(c.opts.Hosts(), host) || c.opts.Tokens.SignedIn(host)
}

// Client returns who speaks to a host for a caller.
func (c *Clients) Client(ctx context.Context, host string, env api.Env) (forge.Client, error) {
	host = forge.CanonicalHost(host)
	if !c.IsForge(host) {
		return nil, &api.Error{
			Code: api.CodeInvalid, Message: host + " is no GitHub that hf knows of",
			Hint: fmt.Sprintf("if it is one: hf auth login --host %s", host),
		}
	}
	credential, err := c.opts.Tokens.Credential(ctx, host, env)
	if err != nil {
		return nil, err
	}
	return c.With(credential)
}

// Endpoint returns where a host answers, as the user has configured it.
func (c *Clients) Endpoint(host string) (Endpoint, error) {
	host = forge.CanonicalHost(host)
	return NewEndpoint(host, c.opts.Settings(host))
}

// With returns who speaks to a host with a token.
func (c *Clients) With(credential forge.Credential) (forge.Client, error) {
	e, err := NewEndpoint(credential.Host, c.opts.Settings(credential.Host))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	network, t, err := c.transport(credential.Network)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{e.REST.String(), string(credential.Source), string(credential.Token), network}, "\x00")))
	key := string(sum[:])
	a := c.accounts[key]
	if a == nil {
		if len(c.accounts) >= 64 { // of tokens that come and go
			clear(c.accounts)
		}
		a = &account{}
		a.batch.Store(forge.PollBatch)
		if a.conn, err = newConn(e, credential, t, newGate(c.opts.Now), c.opts); err != nil {
			return nil, err
		}
		c.accounts[key] = a
	}
	return &client{conn: a.conn, shared: a}, nil
}

// transport returns the way that a network is reached by. The caller holds mu.
func (c *Clients) transport(env api.Env) (key string, t *http.Transport, err error) {
	for _, name := range networkVariables() {
		key += fmt.Sprintf("%s=%s\x00", name, env[name])
	}
	if t = c.transports[key]; t != nil {
		return key, t, nil
	}
	if t, err = newTransport(env, c.opts.Connect); err != nil {
		return "", nil, err
	}
	if len(c.transports) >= 16 {
		for _, old := range c.transports {
			old.CloseIdleConnections()
		}
		clear(c.transports)
		clear(c.accounts)
	}
	c.transports[key] = t
	return key, t, nil
}

// client speaks for one account.
type client struct {
	conn   *conn
	shared *account
}

var _ forge.Clients = (*Clients)(nil)
