package login_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/pkg/api"
)

// asked is a question for the token.
const asked = "POST /login/oauth/access_token"

func (w *world) login(request string) api.AuthFlow {
	w.Helper()
	f, err := w.keeper.Begin(w.Context(), w.alive, request, api.AuthLogin{Host: "github.com", Env: w.env()})
	w.must(err)
	if f.State != api.AuthFlowPending || f.Code == "" || !strings.HasSuffix(f.URL, "/login/device") || f.ExpiresAt.IsZero() {
		w.Fatalf("flow = %+v", f)
	}
	return f
}

// end waits for the end of a sign-in.
func (w *world) end(f api.AuthFlow) api.AuthFlow {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), hangs)
	defer cancel()
	for {
		got, err := w.keeper.Flow(ctx, f.ID)
		w.must(err)
		if got.State != api.AuthFlowPending {
			return got
		}
	}
}

// await waits for a request to the hub.
func (w *world) await(match string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), hangs)
	defer cancel()
	_, err := w.hub.Await(ctx, func(r forgetest.Request) bool { return r.Is(match) })
	w.must(err)
}

func fast() forgetest.DeviceOptions { return forgetest.DeviceOptions{Interval: time.Second} }

func TestDeviceFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast())
	f := w.login("r1")
	if again := w.login("r1"); again != f {
		t.Errorf("the same request is %+v, then %+v", f, again)
	}
	if n := w.hub.Count("/login/device/code"); n != 1 {
		t.Errorf("%d codes were asked for", n)
	}
	if !w.keeper.Busy() {
		t.Error("hfd may end in the middle of it")
	}
	w.await(asked)
	w.must(w.hub.Authorize(f.Code, "ada"))
	got := w.end(f)
	if got.State != api.AuthFlowDone || got.Account == nil || got.Account.User != "ada" || got.Account.Source != "hf" || got.Error != nil {
		t.Fatalf("flow = %+v", got)
	}
	if w.keeper.Busy() {
		t.Error("it is over and goes on")
	}
	c, err := w.keeper.Credential(t.Context(), "github.com", w.env())
	w.must(err)
	if c.Source != forge.SourceStore {
		t.Errorf("source = %s", c.Source)
	}
	// The code is used up: the same request tells how it ended, and asks no more.
	n := w.hub.Count(asked)
	again, err := w.keeper.Begin(t.Context(), w.alive, "r1", api.AuthLogin{Host: "github.com", Env: w.env()})
	w.must(err)
	if again.State != api.AuthFlowDone || w.hub.Count(asked) != n || w.hub.Count("/login/device/code") != 1 {
		t.Errorf("again: %+v", again)
	}
	w.restart()
	w.wants("github.com", nil, forge.SourceStore, string(c.Token))
}

func TestDeviceFlowRefused(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(w *world, code string) error{
		"denied":  func(w *world, code string) error { return w.hub.Deny(code) },
		"expired": func(w *world, code string) error { return w.hub.Expire(code) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fast())
			f := w.login("r1")
			w.must(do(w, f.Code))
			got := w.end(f)
			if got.State != api.AuthFlowFailed || got.Error == nil || got.Error.Code != api.CodeUnauthorized || !strings.Contains(got.Error.Hint, "nothing was stored") {
				t.Errorf("flow = %+v, %+v", got, got.Error)
			}
			if _, err := os.Stat(w.file()); err == nil {
				t.Error("something was stored")
			}
			if next := w.login("r2"); next.Code == f.Code {
				t.Error("the same code again")
			}
		})
	}
}

// A network that comes and goes loses no sign-in, and no token that was given.
func TestDeviceFlowThroughFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast())
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultGateway, Match: asked, Times: 1})
	f := w.login("r1")
	w.must(w.hub.Authorize(f.Code, "ada"))
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultServer, Match: "GET /user"})
	got := w.end(f)
	if got.State != api.AuthFlowDone || got.Account.Valid != nil || got.Account.Error == nil {
		t.Fatalf("flow = %+v, %+v", got, got.Account)
	}
	w.hub.Heal()
	status, err := w.keeper.Status(t.Context(), api.AuthQuery{Env: w.env()})
	w.must(err)
	if len(status.Accounts) != 1 || status.Accounts[0].User != "ada" {
		t.Errorf("accounts = %+v", status.Accounts)
	}
}

// A crash loses the sign-in and says so; an upgrade goes on with it.
func TestDeviceFlowAcrossDaemons(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast())
	f := w.login("r1")
	memory := w.keeper.Handoff()
	w.restart()
	_, err := w.keeper.Flow(t.Context(), f.ID)
	if e := w.fails(err, api.CodeNotFound); !strings.Contains(e.Message, "restarted") || !strings.Contains(e.Hint, "nothing was stored") {
		t.Errorf("error = %+v", e)
	}
	if _, err := os.Stat(w.file()); err == nil {
		t.Error("something was stored")
	}
	w.keeper.Adopt(w.alive, memory)
	w.must(w.hub.Authorize(f.Code, "ada"))
	if got := w.end(f); got.State != api.AuthFlowDone || got.Account.User != "ada" {
		t.Errorf("flow = %+v", got)
	}
}

func TestHandoffOfTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast())
	w.keeper.Saw(w.env("GH_TOKEN", "t1", "SECRET_KEY", "other"))
	memory := w.keeper.Handoff()
	if strings.Contains(string(memory), "other") {
		t.Error("what is nobody's business is handed over")
	}
	w.restart()
	w.nobody("github.com", nil)
	w.keeper.Adopt(w.alive, memory)
	w.wants("github.com", nil, "GH_TOKEN", "t1")
	w.keeper.Adopt(w.alive, []byte("nonsense"))
	w.keeper.Adopt(w.alive, nil)
}

func TestDeviceFlowWithoutAnApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast())
	for _, kind := range []forgetest.FaultKind{forgetest.FaultNotFound, forgetest.FaultServer, forgetest.FaultHang, forgetest.FaultTruncate, forgetest.FaultTooMany} {
		w.hub.Fail(forgetest.Fault{Kind: kind, Match: "/login/device/code", Times: 1})
		ctx, cancel := context.WithCancel(t.Context())
		if kind == forgetest.FaultHang {
			time.AfterFunc(100*time.Millisecond, cancel)
		}
		_, err := w.keeper.Begin(ctx, w.alive, string(kind), api.AuthLogin{Host: "github.com", Env: w.env()})
		cancel()
		if err == nil {
			t.Errorf("%s: a sign-in began", kind)
		}
	}
	if w.keeper.Busy() {
		t.Error("a sign-in goes on")
	}
	w.login("after")
}
