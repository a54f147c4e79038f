package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// fakeKeeper is a daemon to stop, hung or not.
type fakeKeeper struct {
	running bool
	broken  error
	calls   []string
}

func (k *fakeKeeper) Look(context.Context) (api.Backend, error) {
	return api.Backend{Running: k.running}, nil
}

func (k *fakeKeeper) Stop(context.Context) (bool, error) {
	was := k.running
	k.calls = append(k.calls, "stop")
	k.running = false
	return was, nil
}

func (k *fakeKeeper) Hello(context.Context) (api.Hello, error) {
	k.calls = append(k.calls, "start")
	k.running = true
	return api.Hello{Version: "v1.2.3", PID: 42}, nil
}

func (k *fakeKeeper) Workspaces(context.Context) (api.WorkspaceList, error) {
	return api.WorkspaceList{}, k.broken
}

func TestStartSaysWhyItFailed(t *testing.T) {
	io, _, out, _ := iostreams.Test()
	k := &fakeKeeper{broken: &api.Error{Code: api.CodeInvalid, Message: "config.toml is wrong"}}
	err := runStart(t.Context(), &startOptions{io: io, client: func() (starter, error) { return k, nil }})
	if !errors.Is(err, k.broken) || out.Len() > 0 {
		t.Errorf("err = %v, said %q", err, out)
	}
}

func TestStopAndRestart(t *testing.T) {
	k := &fakeKeeper{running: true}
	stop := func(restart bool, args ...string) (string, string, bool) {
		io, _, out, errOut := iostreams.Test()
		forced := false
		run := func(do func(context.Context, *stopOptions) error) func(context.Context, *stopOptions) error {
			return func(ctx context.Context, o *stopOptions) error {
				o.keeper = func(force bool) (keeper, error) {
					forced = force
					return k, nil
				}
				o.client = func() (starter, error) { return k, nil }
				return do(ctx, o)
			}
		}
		cmd := newStop(factory.New(io, nil), run(runStop))
		if restart {
			cmd = newRestart(factory.New(io, nil), run(runRestart))
		}
		if err := clitest.Run(t, cmd, args...); err != nil {
			t.Fatal(err)
		}
		return out.String(), errOut.String(), forced
	}
	if out, _, forced := stop(false); out != "hfd stopped\n" || forced {
		t.Errorf("stop: %q, forced %v", out, forced)
	}
	if _, errOut, _ := stop(false); errOut != "hfd was not running\n" {
		t.Errorf("stop without one: %q", errOut)
	}
	if out, _, forced := stop(true, "--force"); out != "hfd v1.2.3 is running (pid 42)\n" || !forced || strings.Join(k.calls, " ") != "stop stop stop start" {
		t.Errorf("restart: %q, forced %v, %q", out, forced, k.calls)
	}
}

func TestDescribe(t *testing.T) {
	b := api.Backend{
		Running: true, PID: 42, Version: "v1.2.3", Build: 7, Outdated: true, Why: "hf is build 9", Phase: api.PhaseServing,
		Socket: "/s/hfd.sock", StateDir: "/s", Database: "/s/hf.db", Log: "/s/hfd.log", UptimeMS: 61000, Sessions: 2, RSSBytes: 20 << 20,
	}
	want := `hfd       running
why       hf is build 9
pid       42
version   v1.2.3 (build 7)
build     outdated
uptime    1m1s
sessions  2
memory    20.0 MiB
socket    /s/hfd.sock
state     /s
database  /s/hf.db
log       /s/hfd.log
`
	if got := Describe(iostreams.Style{}, &b); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	hung := api.Backend{PID: 42, Phase: api.PhaseMigrating, Why: "hfd pid 42 (state T, stopped) accepts but does not answer"}
	if got := Describe(iostreams.Style{}, &hung); !strings.Contains(got, "not running (migrating)") || !strings.Contains(got, "does not answer") {
		t.Errorf("hung:\n%s", got)
	}
}

// buffer may be read while it is written to.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func logs(ctx context.Context, t *testing.T, path string, out *buffer, args ...string) error {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	io.Out = out
	cmd := newLogs(factory.New(io, nil), func(_ context.Context, o *logsOptions) error {
		o.path = func() (string, error) { return path, nil }
		return runLogs(ctx, o)
	})
	return clitest.Run(t, cmd, args...)
}

func TestLogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hfd.log")
	var out buffer
	if err := logs(t.Context(), t, path, &out); exitcode.For(err) != exitcode.NotFound {
		t.Errorf("no log: %v", err)
	}
	var text strings.Builder
	for n := range 3000 {
		fmt.Fprintf(&text, `{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"line %d","task":"k3f9","n":%d}`+"\n", n, n)
	}
	text.WriteString("panic: not JSON\x1b[2J\n")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := logs(t.Context(), t, path, &out, "-n", "2"); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != 2 || !strings.HasSuffix(got[0], " INFO  line 2999 n=2999 task=k3f9") || got[1] != "panic: not JSON" {
		t.Errorf("got %q", got)
	}
	out = buffer{}
	if err := logs(t.Context(), t, path, &out, "-n", "2", "--json"); err != nil || !strings.HasPrefix(out.String(), `{"time":"2026`) {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestLogsAreFollowedThroughRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hfd.log")
	add := func(line string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
	}
	var out buffer
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- logs(ctx, t, path, &out, "-f", "--json") }()
	until := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); out.String() != want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("got %q, want %q", out.String(), want)
			}
		}
	}
	add("one\ntw") // the file comes after the follower
	until("one\n")
	add("o\n")
	until("one\ntwo\n")
	add("last of the old\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	add("first of the new\n")
	until("one\ntwo\nlast of the old\nfirst of the new\n")
	cancel()
	if err := <-ended; err == nil {
		t.Error("following ended without a reason")
	}
}
