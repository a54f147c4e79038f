package github_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/pkg/api"
)

// asks are requests of each kind.
func (w *world) asks() map[string]func() error {
	ctx := w.Context()
	return map[string]func() error{
		"GraphQL": func() error { _, err := w.client.PullRequests(ctx, w.at, []int{1}); return err },
		"REST":    func() error { _, err := w.client.Repository(ctx, w.at); return err },
		"log":     func() error { _, err := w.client.JobLog(ctx, w.at, 1, 100); return err },
		"change": func() error {
			_, err := w.client.CreatePullRequest(ctx, w.at, forge.NewPullRequest{Title: "x", Head: "x", Base: "main"})
			return err
		},
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind      forgetest.FaultKind
		code      api.Code
		retryable bool
		says      string
	}{
		{forgetest.FaultUnauthorized, api.CodeUnauthorized, false, "does not accept the token in GH_TOKEN"},
		{forgetest.FaultForbidden, api.CodeUnauthorized, false, "does not allow that"},
		{forgetest.FaultNotFound, api.CodeNotFound, false, "not found on github.com"},
		{forgetest.FaultServer, api.CodeForge, true, "has a fault (500"},
		{forgetest.FaultGateway, api.CodeForge, true, "has a fault (502"},
		{forgetest.FaultUnavailable, api.CodeForge, true, "has a fault (503"},
		{forgetest.FaultDrop, api.CodeForge, true, ""},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, forgetest.Options{})
			w.hub.Fail(forgetest.Fault{Kind: tt.kind})
			for name, ask := range w.asks() {
				e := w.wants(ask(), tt.code, tt.retryable)
				if !strings.Contains(e.Message, tt.says) || !strings.Contains(e.Message, "github.com") {
					t.Errorf("%s: %q, want it to say %q", name, e.Message, tt.says)
				}
				if strings.Contains(e.Message+e.Hint, w.token) {
					t.Errorf("%s: the error tells the token", name)
				}
			}
			refused := len(w.refused)
			if want := map[bool]int{true: len(w.asks()), false: 0}[tt.kind == forgetest.FaultUnauthorized]; refused != want {
				t.Errorf("the token was refused %d times, want %d", refused, want)
			}
			w.hub.Heal()
			_, err := w.client.Repository(t.Context(), w.at)
			w.must(err)
		})
	}
}

// What breaks off is tried again, and half an answer is never taken for one.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, kind := range []forgetest.FaultKind{forgetest.FaultTruncate, forgetest.FaultGarbage} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, forgetest.Options{})
			w.pull("feat")
			w.hub.Fail(forgetest.Fault{Kind: kind})
			asks := w.asks()
			for _, name := range []string{"GraphQL", "REST"} {
				w.wants(asks[name](), api.CodeForge, true)
			}
			found, err := w.client.Poll(t.Context(), forge.Poll{Repository: w.at})
			w.wants(err, api.CodeForge, true)
			if len(found.Changed)+len(found.Open)+len(found.Gone) > 0 {
				t.Errorf("half an answer told %+v", found)
			}
		})
	}
}

// Limits are told with the time they end, and until then nothing is sent.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind forgetest.FaultKind
		all  bool // it counts all requests
	}{
		{forgetest.FaultTooMany, true}, {forgetest.FaultSecondary, true}, {forgetest.FaultExhausted, false},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, forgetest.Options{})
			n := w.pull("feat")
			asks := w.asks()
			w.hub.Fail(forgetest.Fault{Kind: tt.kind, Match: "repository", Times: 1, Retry: 90 * time.Second})
			begun := w.clock()
			err := asks["GraphQL"]()
			w.wants(err, api.CodeLimit, true)
			until, ok := forge.RetryAt(err)
			// The hub's clock goes on meanwhile, the client's does not.
			if left := until.Sub(begun); !ok || left < 80*time.Second || left > 100*time.Second+time.Since(begun) {
				t.Fatalf("it ends in %v", left)
			}
			if blocked := w.client.Budget().BlockedUntil; !blocked.Equal(until) {
				t.Errorf("budget says %v, want %v", blocked, until)
			}
			sent := w.hub.Count("")
			again := asks["GraphQL"]()
			w.wants(again, api.CodeLimit, true)
			if at, _ := forge.RetryAt(again); !at.Equal(until) || w.hub.Count("") != sent {
				t.Errorf("asked again before %v: %v", until, w.hub.Requests())
			}
			if blocked := api.IsCode(asks["REST"](), api.CodeLimit); blocked != tt.all {
				t.Errorf("the other kind of request is blocked: %v", blocked)
			}
			w.pass(until.Sub(w.clock()) + time.Second)
			w.must(asks["GraphQL"]())
			if !w.client.Budget().BlockedUntil.IsZero() {
				t.Error("it is still blocked")
			}
			if w.one(n).Number != n {
				t.Error("nothing is found")
			}
		})
	}
}

func TestBudgetUsedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	n := w.pull("feat")
	w.hub.Spend(w.token, 0)
	_, err := w.client.PullRequests(t.Context(), w.at, []int{n})
	w.wants(err, api.CodeLimit, true)
	until, ok := forge.RetryAt(err)
	if !ok || !until.After(w.clock()) || until.After(w.clock().Add(2*time.Hour)) {
		t.Errorf("it ends at %v", until)
	}
	_, err = w.client.Poll(t.Context(), forge.Poll{Repository: w.at})
	w.wants(err, api.CodeLimit, true)
}

// Where GitHub does not say how long, each wait is longer than the one before.
func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"You have exceeded a secondary rate limit."}`)
	}))
	t.Cleanup(s.Close)
	w := newWorld(t, forgetest.Options{}, at(s.URL))
	var last time.Duration
	for range 4 {
		err := w.asks()["REST"]()
		until, ok := forge.RetryAt(err)
		wait := until.Sub(w.clock())
		if !ok || wait < 2*last-time.Second || wait < time.Minute {
			t.Fatalf("after %v it waits %v: %v", last, wait, err)
		}
		last = wait
		w.pass(wait + time.Second)
	}
}

// at points the client at another server.
func at(address string) func(*github.Options) {
	return func(o *github.Options) {
		o.Settings = func(string) github.Settings { return github.Settings{API: address, Web: address, ClientID: "client"} }
	}
}

func TestNoNetwork(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, forgetest.Options{}, at(address))
	for name, ask := range w.asks() {
		if e := w.wants(ask(), api.CodeForge, true); !strings.Contains(e.Message, "cannot reach github.com") {
			t.Errorf("%s: %s", name, e.Message)
		}
	}
}

// What hangs is given up after the limit; what is only slow is waited for.
func TestHanging(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{}, func(o *github.Options) { o.Limit = 100 * time.Millisecond })
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultHang})
	for name, ask := range w.asks() {
		if e := w.wants(ask(), api.CodeTimeout, true); !strings.Contains(e.Message, "did not answer in time") {
			t.Errorf("%s: %s", name, e.Message)
		}
	}
	slow := newWorld(t, forgetest.Options{})
	slow.hub.Fail(forgetest.Fault{Kind: forgetest.FaultSlow, Delay: 50 * time.Millisecond})
	slow.must(slow.asks()["REST"]())
}

// Whoever is not waiting any more gets their own reason, not the forge's fault.
func TestCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultHang})
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	go func() {
		wait, done := context.WithTimeout(context.WithoutCancel(ctx), hangs)
		defer done()
		_, _ = w.hub.Await(wait, func(forgetest.Request) bool { return true })
		cancel(gone)
	}()
	if _, err := w.client.Repository(ctx, w.at); !errors.Is(err, gone) {
		t.Errorf("error = %v", err)
	}
}

// A batch that GitHub cannot answer in its ten seconds is asked for in smaller
// ones, until it is well again.
func TestSmallerBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	w.pullMany(0, 12)
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultGateway, Times: 3})
	for range 3 {
		_, err := w.client.Poll(t.Context(), forge.Poll{Repository: w.at})
		w.wants(err, api.CodeForge, true)
	}
	first := w.poll(forge.Poll{}, 1)
	if len(first.Changed) != 6 || !first.More {
		t.Fatalf("changed %d, more %v", len(first.Changed), first.More)
	}
	if rest := w.poll(forge.Poll{Known: known(nil, first)}, 2); len(rest.Changed) != 6 || rest.More {
		t.Errorf("changed %d, more %v", len(rest.Changed), rest.More)
	}
}

// A server may not lead a token elsewhere, nor make another request of it.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"full_name":"evil/evil"}`)
	}))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 307, 308} {
		evil := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/x", status))
		t.Cleanup(evil.Close)
		w := newWorld(t, forgetest.Options{}, at(evil.URL))
		seen = nil
		for _, name := range []string{"GraphQL", "change"} {
			w.wants(w.asks()[name](), api.CodeForge, false)
		}
		if len(seen) > 0 {
			t.Errorf("%d: what is no plain GET was sent elsewhere: %q", status, seen)
		}
		_ = w.asks()["REST"]()
		if len(seen) != 1 || seen[0] != "GET " {
			t.Errorf("%d: elsewhere got %q", status, seen)
		}
	}
	circle := httptest.NewServer(http.RedirectHandler("/again", http.StatusFound))
	t.Cleanup(circle.Close)
	w := newWorld(t, forgetest.Options{}, at(circle.URL))
	w.wants(w.asks()["REST"](), api.CodeForge, false)
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		line := []byte(`"` + strings.Repeat("x", 8<<10) + `",`)
		_, _ = w.Write([]byte(`{"description":[`))
		for range 20 {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	w := newWorld(t, forgetest.Options{}, at(s.URL), func(o *github.Options) { o.Answer = 64 << 10 })
	for _, name := range []string{"GraphQL", "REST"} {
		if e := w.wants(w.asks()[name](), api.CodeForge, false); !strings.Contains(e.Message, "larger") {
			t.Errorf("%s: %s", name, e.Message)
		}
	}
}
