package forgetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

// Options configures a Hub. The zero value is right for most tests.
type Options struct {
	Dir    string           // where repositories and the ssh command are; "" = a temporary directory that ends with the hub
	Addr   string           // "" = a free port of 127.0.0.1
	Web    string           // the address in the URLs of repositories and pull requests; "" = https://github.com, "self" = the hub's own
	Now    func() time.Time // nil = time.Now
	Limit  int              // requests, and points of GraphQL, an hour; 0 = 5000
	Device DeviceOptions
	// SlowMergeable answers UNKNOWN to the first question whether a pull request can
	// be merged, as GitHub does while it works that out.
	SlowMergeable bool
}

// DeviceOptions say how the device flow goes.
type DeviceOptions struct {
	Interval time.Duration // between two questions of a client; 0 = 1s. GitHub says 5s
	Expires  time.Duration // of a code; 0 = 15m
}

// Hub is a running fake GitHub server. Its methods may be called from several
// goroutines.
type Hub struct {
	options Options
	dir     string
	schema  *graphql.Schema
	servers []*http.Server
	api     net.Listener
	blobs   net.Listener    // on another host: where logs are redirected to
	served  sync.WaitGroup  // the servers, and all that they answer
	ctx     context.Context // what the server does lives as long as it
	cancel  context.CancelFunc

	mu      sync.Mutex
	lastID  int
	users   []*user
	tokens  map[string]*token
	repos   []*repo
	names   map[string]*repo // lower case owner/name, also those that a repository had before
	devices []*device
	faults  []*Fault
	log     []Request
	arrived chan struct{} // closed and replaced when a request was answered
	nobody  map[string]*limit
	closed  bool
}

// New starts a hub that ends with the test.
func New(t testing.TB, o Options) *Hub {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	h, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// Start begins to serve. The caller owns the hub and ends it by Close; ctx bounds
// only the start.
func Start(ctx context.Context, o Options) (*Hub, error) {
	h := &Hub{options: o, dir: o.Dir, tokens: map[string]*token{}, names: map[string]*repo{}, nobody: map[string]*limit{}, arrived: make(chan struct{})}
	if h.dir == "" {
		dir, err := os.MkdirTemp("", "hub")
		if err != nil {
			return nil, err
		}
		h.dir = dir
	}
	h.ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	err := h.start(ctx)
	if err != nil {
		h.cancel()
		return nil, errors.Join(fmt.Errorf("start the fake GitHub: %w", err), h.clean())
	}
	return h, nil
}

func (h *Hub) start(ctx context.Context) (err error) {
	if h.schema, err = h.newSchema(); err != nil {
		return err
	}
	for _, sub := range []string{"home", "repos", "git"} {
		if err := os.MkdirAll(filepath.Join(h.dir, sub), 0o700); err != nil {
			return err
		}
	}
	if err := h.writeSSH(); err != nil {
		return err
	}
	addr := h.options.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	if h.api, err = lc.Listen(ctx, "tcp", addr); err != nil {
		return err
	}
	if h.blobs, err = lc.Listen(ctx, "tcp", "127.0.0.2:0"); err != nil {
		h.api.Close()
		return err
	}
	h.listen(h.api, h.serve)
	h.listen(h.blobs, h.serveBlob)
	return nil
}

// listen serves on a listener until Close.
func (h *Hub) listen(l net.Listener, serve http.HandlerFunc) {
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		closed := h.closed
		if !closed {
			h.served.Add(1)
		}
		h.mu.Unlock()
		if closed {
			panic(http.ErrAbortHandler)
		}
		defer h.served.Done()
		serve(w, r)
	})}
	h.servers = append(h.servers, server)
	h.served.Go(func() { _ = server.Serve(l) }) // ends with ErrServerClosed, by Close
}

// Close ends all answers at once and returns when the hub has ended.
func (h *Hub) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	var errs []error
	for _, s := range h.servers {
		errs = append(errs, s.Close())
	}
	h.served.Wait()
	return errors.Join(append(errs, h.clean())...)
}

// clean removes what is the hub's own.
func (h *Hub) clean() error {
	if h.options.Dir != "" {
		return nil
	}
	return os.RemoveAll(h.dir)
}

// URL is the address of the API, without a path: GITHUB_API_URL of git-spice, and
// of a GitHub Enterprise host GITHUB_URL.
func (h *Hub) URL() string { return "http://" + h.api.Addr().String() }

// Host is the host and port of the API.
func (h *Hub) Host() string { return h.api.Addr().String() }

// web is the address in the URLs of repositories and pull requests.
func (h *Hub) web() string {
	switch h.options.Web {
	case "":
		return "https://github.com"
	case "self":
		return h.URL()
	}
	return strings.TrimSuffix(h.options.Web, "/")
}

func (h *Hub) now() time.Time {
	if h.options.Now != nil {
		return h.options.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}

// id is a new number for anything.
func (h *Hub) id() int {
	h.lastID++
	return h.lastID
}

// userNamed finds a user or an organization.
func (h *Hub) userNamed(login string) *user {
	for _, u := range h.users {
		if is(u.login, login) {
			return u
		}
	}
	return nil
}

// person finds a user, and makes them when there is none.
func (h *Hub) person(login string) *user {
	if u := h.userNamed(login); u != nil {
		return u
	}
	u := &user{id: h.id(), login: login, name: strings.ToUpper(login[:1]) + login[1:]}
	h.users = append(h.users, u)
	return u
}

// repoNamed finds a repository by its name, or by one that it had.
func (h *Hub) repoNamed(full string) *repo { return h.names[strings.ToLower(full)] }

func (u *user) signature() someone {
	return someone{name: u.name, email: u.login + "@users.noreply.github.com"}
}
