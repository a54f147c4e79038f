package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// daemon answers with what its fields say, and notes what it was asked.
type daemon struct {
	err      error
	accounts []api.AuthAccount
	flows    []api.AuthFlow // one a question
	used     api.AuthSecret
	out      api.AuthLoggedOut
	calls    []string
}

func (d *daemon) note(format string, args ...any) error {
	d.calls = append(d.calls, fmt.Sprintf(format, args...))
	return d.err
}

func (d *daemon) Auth(_ context.Context, in api.AuthQuery) (api.AuthList, error) {
	return api.AuthList{Accounts: d.accounts}, d.note("status %s", in.Host)
}

func (d *daemon) AuthLogin(_ context.Context, in api.AuthLogin) (api.AuthFlow, error) {
	return d.flows[0], d.note("login %s %v", in.Host, in.Scopes)
}

func (d *daemon) AuthFlow(ctx context.Context, id string) (api.AuthFlow, error) {
	if d.flows = d.flows[1:]; len(d.flows) == 0 {
		<-ctx.Done()
		return api.AuthFlow{}, context.Cause(ctx)
	}
	return d.flows[0], d.note("flow %s", id)
}

func (d *daemon) AuthStore(_ context.Context, in api.AuthStore) (api.AuthAccount, error) {
	return api.AuthAccount{Host: in.Host, User: "ada"}, d.note("store %s %s", in.Host, in.Token)
}

func (d *daemon) AuthToken(context.Context, api.AuthQuery) (api.AuthSecret, error) {
	if d.used.Token == "" {
		return d.used, &api.Error{Code: api.CodeUnauthorized, Message: "nobody"}
	}
	return d.used, nil
}

func (d *daemon) AuthLogout(_ context.Context, in api.AuthLogout) (api.AuthLoggedOut, error) {
	d.out.Host = in.Host
	return d.out, d.note("logout %s", in.Host)
}

type call struct {
	d       *daemon
	build   func(*factory.Factory, runFunc) *cobra.Command
	run     runFunc
	environ []string
	tty     bool
	stdin   string
	args    []string
	out     string
	errOut  string
	opened  []string
}

func (c *call) do(ctx context.Context, t *testing.T) error {
	t.Helper()
	io, in, out, errOut := iostreams.Test()
	io.SetTTY(c.tty, c.tty, c.tty)
	in.WriteString(c.stdin)
	cmd := c.build(factory.New(io, c.environ), func(_ context.Context, o *options) error {
		o.client = func() (signer, error) { return c.d, nil }
		o.env = clitest.Env
		o.open = func(page string) error {
			c.opened = append(c.opened, page)
			return nil
		}
		return c.run(ctx, o)
	})
	err := clitest.Run(t, cmd, c.args...)
	c.out, c.errOut = out.String(), errOut.String()
	return err
}

func pending() api.AuthFlow {
	return api.AuthFlow{ID: "f1", Host: "github.com", State: api.AuthFlowPending, Code: "ABCD-1234", URL: "https://github.com/login/device", ExpiresAt: time.Now()}
}

func TestLogin(t *testing.T) {
	done := pending()
	done.State, done.Account = api.AuthFlowDone, &api.AuthAccount{Host: "github.com", User: "ada", Source: "hf"}
	d := &daemon{flows: []api.AuthFlow{pending(), pending(), done}, used: api.AuthSecret{Source: "hf", Token: "t"}}
	c := call{d: d, build: newLogin, run: runLogin, tty: true, args: []string{"--scopes", "repo,gist"}}
	if err := c.do(t.Context(), t); err != nil || c.out != "signed in to github.com as ada\n" {
		t.Fatalf("%v, %q", err, c.out)
	}
	if got := strings.Join(d.calls, "; "); got != "login github.com [repo gist]; flow f1; flow f1" {
		t.Errorf("asked %s", got)
	}
	if !strings.Contains(c.errOut, "ABCD-1234") || !strings.Contains(c.errOut, "https://github.com/login/device") || strings.Contains(c.errOut, "goes before") {
		t.Errorf("said %q", c.errOut)
	}
	if len(c.opened) != 1 || c.opened[0] != "https://github.com/login/device" {
		t.Errorf("opened %q", c.opened)
	}

	// Nobody is there to look at a browser; and another token goes first.
	for _, args := range [][]string{{"--no-browser"}, nil} {
		d = &daemon{flows: []api.AuthFlow{pending(), done}, used: api.AuthSecret{Source: "GH_TOKEN", Token: "t"}}
		c = call{d: d, build: newLogin, run: runLogin, tty: args != nil, args: args, environ: []string{"GH_HOST=ghe.corp"}}
		if err := c.do(t.Context(), t); err != nil || len(c.opened) > 0 || !strings.Contains(c.errOut, "the token in GH_TOKEN goes before") {
			t.Errorf("%v, opened %q, said %q", err, c.opened, c.errOut)
		}
		if d.calls[0] != "login ghe.corp []" {
			t.Errorf("asked %s", d.calls[0])
		}
	}

	failed := pending()
	failed.State, failed.Error = api.AuthFlowFailed, &api.Error{Code: api.CodeUnauthorized, Message: "refused"}
	c = call{d: &daemon{flows: []api.AuthFlow{pending(), failed}}, build: newLogin, run: runLogin}
	if err := c.do(t.Context(), t); exitcode.For(err) != exitcode.Auth || c.out != "" {
		t.Errorf("%v, %q", err, c.out)
	}

	// Whoever does not wait is told that hfd does.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c = call{d: &daemon{flows: []api.AuthFlow{pending()}}, build: newLogin, run: runLogin}
	if err := c.do(ctx, t); !errors.Is(err, context.Canceled) || !strings.Contains(c.errOut, "goes on waiting") {
		t.Errorf("%v, said %q", err, c.errOut)
	}
}

func TestLoginWithToken(t *testing.T) {
	d := &daemon{}
	c := call{d: d, build: newLogin, run: runLogin, args: []string{"--with-token", "--host", "ghe.corp"}, stdin: "  gho_x\n"}
	if err := c.do(t.Context(), t); err != nil || c.out != "signed in to ghe.corp as ada\n" || d.calls[0] != "store ghe.corp gho_x" || strings.Contains(c.errOut, "Paste") {
		t.Errorf("%v, %q, asked %q, said %q", err, c.out, d.calls, c.errOut)
	}
	c.tty = true
	if err := c.do(t.Context(), t); err != nil || !strings.Contains(c.errOut, "Paste") {
		t.Errorf("%v, said %q", err, c.errOut)
	}
	for _, c := range []call{{stdin: "\n", args: []string{"--with-token"}}, {stdin: "x", args: []string{"--with-token", "--scopes", "repo"}}} {
		c.d, c.build, c.run = &daemon{}, newLogin, runLogin
		if err := c.do(t.Context(), t); exitcode.For(err) != exitcode.Usage || len(c.d.calls) > 0 {
			t.Errorf("%v, asked %q", err, c.d.calls)
		}
	}
	c = call{d: &daemon{err: &api.Error{Code: api.CodeUnauthorized, Message: "no"}}, build: newLogin, run: runLogin, args: []string{"--with-token"}, stdin: "bad"}
	if err := c.do(t.Context(), t); exitcode.For(err) != exitcode.Auth {
		t.Errorf("%v", err)
	}
}

func TestStatus(t *testing.T) {
	yes, no, day := true, false, time.Date(2030, 1, 2, 3, 0, 0, 0, time.Local)
	accounts := []api.AuthAccount{
		{Host: "github.com", User: "ada", Source: "GH_TOKEN", Active: true, Valid: &yes, Scopes: []string{"repo", "read:org"}},
		{Host: "github.com", Source: "gh", Valid: &no, Error: &api.Error{Code: api.CodeUnauthorized, Message: "bad"}},
		{Host: "ghe.corp", Source: "hf", Active: true, Error: &api.Error{Code: api.CodeForge, Message: "cannot reach it"}},
		{Host: "third.corp", User: "eve", Source: "hf", Active: true, Valid: &yes, ExpiresAt: &day},
	}
	want := `
   HOST        USER  TOKEN             STATE                       SCOPES
*  github.com  ada   in GH_TOKEN       ok                          repo,read:org
   github.com        of gh's login     not accepted
*  ghe.corp          of hf auth login  not known: cannot reach it
*  third.corp  eve   of hf auth login  ok until 2030-01-02
`
	c := call{d: &daemon{accounts: accounts}, build: newStatus, run: runStatus}
	if err := c.do(t.Context(), t); err != nil || "\n"+c.out != want {
		t.Errorf("%v\ngot:%s\nwant:%s", err, "\n"+c.out, want)
	}
	accounts[1].Active, accounts[0].Active = true, false
	c = call{d: &daemon{accounts: accounts}, build: newStatus, run: runStatus}
	if err := c.do(t.Context(), t); exitcode.For(err) != exitcode.Auth {
		t.Errorf("the token is not accepted: %v", err)
	}
	c = call{d: &daemon{}, build: newStatus, run: runStatus, args: []string{"--host", "ghe.corp"}}
	if err := c.do(t.Context(), t); exitcode.For(err) != exitcode.Auth || !strings.Contains(err.Error(), "ghe.corp") || c.out != "" {
		t.Errorf("nobody is signed in: %v, %q", err, c.out)
	}
}

func TestTokenAndLogout(t *testing.T) {
	d := &daemon{used: api.AuthSecret{Host: "github.com", Source: "gh", Token: "gho_x"}, out: api.AuthLoggedOut{Forgotten: []string{"hf"}, Remaining: []string{"gh"}}}
	c := call{d: d, build: newToken, run: runToken}
	if err := c.do(t.Context(), t); err != nil || c.out != "gho_x\n" || c.errOut != "" {
		t.Errorf("%v, %q, said %q", err, c.out, c.errOut)
	}
	c.tty = true
	if err := c.do(t.Context(), t); err != nil || c.out != "gho_x\n" || !strings.Contains(c.errOut, "act as you") {
		t.Errorf("%v, %q, said %q", err, c.out, c.errOut)
	}
	c = call{d: &daemon{}, build: newToken, run: runToken}
	if err := c.do(t.Context(), t); exitcode.For(err) != exitcode.Auth || c.out != "" {
		t.Errorf("%v, %q", err, c.out)
	}
	c = call{d: d, build: newLogout, run: runLogout}
	if err := c.do(t.Context(), t); err != nil || c.out != "signed out of github.com\n" || !strings.Contains(c.errOut, "still signed in by the token of gh's login") {
		t.Errorf("%v, %q, said %q", err, c.out, c.errOut)
	}
}
