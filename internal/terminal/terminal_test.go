package terminal

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/pkg/api"
)

// The test binary is also the holder.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		os.Exit(hold.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// place is where daemons that follow one another keep their terminals.
type place struct {
	t     *testing.T
	dir   string
	ended chan *api.ExitEvent
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp("", "term") // short: sockets lie there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &place{t: t, dir: dir, ended: make(chan *api.ExitEvent, 1)}
}

func (p *place) keeper() *Keeper {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	k := New(p.t.Context(), Config{
		HF: self, Dir: filepath.Join(p.dir, "terminals"), Socket: func(name string) string { return filepath.Join(p.dir, name) }, Umask: 0o022,
		Ended: func(_ context.Context, _ string, how *api.ExitEvent) { p.ended <- how },
		Log:   slog.New(slog.DiscardHandler),
	})
	p.t.Cleanup(k.Close)
	return k
}

// start starts a shell that ends with the code it is told.
func (p *place) start(k *Keeper) hold.Info {
	p.t.Helper()
	cmd := api.Command{Argv: []string{"/bin/sh", "-c", `read code; exit "$code"`}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: p.dir}
	if err := k.Start(p.t.Context(), "t1", cmd, 80, 24); err != nil {
		p.t.Fatal(err)
	}
	info, alive := hold.Alive(k.Dir("t1"))
	if !alive || !k.Running("t1") {
		p.t.Fatal("it does not run")
	}
	p.t.Cleanup(func() { _ = syscall.Kill(info.AgentPID, syscall.SIGKILL) })
	return info
}

func (p *place) types(k *Keeper, line string) {
	p.t.Helper()
	v, err := hold.Attach(p.t.Context(), k.Dir("t1"), hold.Size{Columns: 80, Rows: 24})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := v.Type([]byte(line + "\r")); err != nil {
		p.t.Fatal(err)
	}
	if _, err := v.Show(&bytes.Buffer{}); err != nil {
		p.t.Fatal(err)
	}
	_ = v.Close()
}

func (p *place) awaitEnd() *api.ExitEvent {
	p.t.Helper()
	select {
	case how := <-p.ended:
		return how
	case <-time.After(30 * time.Second):
		p.t.Fatal("nobody is told of the end")
		return nil
	}
}

// gone checks that nothing of a terminal is left.
func (p *place) gone(k *Keeper, info hold.Info) {
	p.t.Helper()
	if k.Running("t1") {
		p.t.Error("it is still kept")
	}
	for _, path := range []string{k.Dir("t1"), info.Socket, "/proc/" + strconv.Itoa(info.AgentPID), "/proc/" + strconv.Itoa(info.PID)} {
		if _, err := os.Lstat(path); err == nil {
			p.t.Errorf("%s is left", path)
		}
	}
}

// A terminal outlives its keeper, and the next one tells of its end.
func TestAdopt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.keeper()
	info := p.start(first)
	if err := first.Start(t.Context(), "t1", api.Command{}, 80, 24); !api.IsCode(err, api.CodeExists) {
		t.Errorf("a second one: %v", err)
	}
	first.Close()
	second := p.keeper()
	if err := second.Adopt(); err != nil || !second.Running("t1") || len(second.Tasks()) != 1 || second.Status()[0].AgentPID != info.AgentPID {
		t.Fatalf("taken up: %v, %+v", err, second.Status())
	}
	p.types(second, "5")
	if how := p.awaitEnd(); how == nil || how.Code == nil || *how.Code != 5 {
		t.Errorf("it ended with %+v", how)
	}
	p.gone(second, info)
}

// What ended while no daemon ran is cleared away, and so is what was killed.
func TestAdoptWhatHasEnded(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.keeper()
	info := p.start(first)
	first.Close()
	p.types(first, "0")
	second := p.keeper()
	if err := second.Adopt(); err != nil {
		t.Fatal(err)
	}
	p.gone(second, info)

	info = p.start(second)
	if err := syscall.Kill(info.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if how := p.awaitEnd(); how != nil {
		t.Errorf("a holder that was killed tells %+v", how)
	}
	if second.Running("t1") {
		t.Error("it is still kept")
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	k := p.keeper()
	info := p.start(k)
	if err := k.Stop(t.Context(), "t1"); err != nil {
		t.Fatal(err)
	}
	if how := p.awaitEnd(); how == nil || how.Signal == "" {
		t.Errorf("it ended with %+v", how)
	}
	p.gone(k, info)
	if err := k.Stop(t.Context(), "t1"); err != nil {
		t.Errorf("a second time: %v", err)
	}
	cmd := api.Command{Argv: []string{"/no/such/program"}, Dir: p.dir}
	if err := k.Start(t.Context(), "t1", cmd, 80, 24); !api.IsCode(err, api.CodeAgentMissing) || k.Running("t1") {
		t.Errorf("a program that is not there: %v", err)
	}
	p.gone(k, info)
}

// Who saw a terminal end can have the next one at once.
func TestAnotherTerminalAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	k := p.keeper()
	info := p.start(k)
	if on, err := k.Settled(t.Context(), "t1"); err != nil || !on {
		t.Errorf("one that goes on: %v, %v", on, err)
	}
	p.types(k, "0")
	if on, err := k.Settled(t.Context(), "t1"); err != nil || on {
		t.Errorf("one that has ended: %v, %v", on, err)
	}
	p.gone(k, info)
	p.awaitEnd()
}
