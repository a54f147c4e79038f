// Package agenttest is the contract every agent that hf drives must fulfil,
// as a suite of tests over a real process of it.
package agenttest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/agent/probe"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// Agent says how to start an agent and what makes it do what the contract is
// about. An empty prompt skips its part.
type Agent struct {
	Argv []string
	Env  []string // its whole environment
	// Config is how hf drives it in a directory under a policy.
	Config func(cwd string, permission api.Permission) acp.Config
	// Dir returns a fresh working directory; nil = t.TempDir.
	Dir   func(t *testing.T) string
	Limit time.Duration // for one wait; 0 = 30 s

	Say      string // a prompt
	SayReply string // what the answer to Say contains
	Act      string // a prompt that needs a permission under the policy ask …
	ActFile  string // … and then makes this file, relative to its directory
	Slow     string // a prompt that goes on for at least 10 s unless it is cancelled
}

// Run runs the contract.
func Run(t *testing.T, a Agent) {
	if a.Limit == 0 {
		a.Limit = 30 * time.Second
	}
	t.Run("handshake", a.handshake)
	t.Run("say", a.say)
	t.Run("allow", func(t *testing.T) { a.act(t, "allow_once", true) })
	t.Run("deny", func(t *testing.T) { a.act(t, "reject_once", false) })
	t.Run("policy", a.policy)
	t.Run("cancel", a.cancel)
	t.Run("cancel-permission", a.cancelPermission)
	t.Run("resume", a.resume)
}

type run struct {
	*probe.Peer
	t   *testing.T
	ctx context.Context
	dir string
	cfg acp.Config
}

// start starts the agent and waits until it takes prompts. Whatever the test
// does with it, its journal is folded again at the end.
func (a *Agent) start(t *testing.T, permission api.Permission, change func(*acp.Config)) *run {
	t.Helper()
	var dir string
	if a.Dir != nil {
		dir = a.Dir(t)
	} else {
		dir = t.TempDir()
	}
	cfg := a.Config(dir, permission)
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithTimeout(t.Context(), a.Limit)
	t.Cleanup(cancel)
	peer, err := probe.Start(ctx, xec.Cmd{Argv: a.Argv, Env: a.Env, Dir: dir}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Peer: peer, t: t, ctx: ctx, dir: dir, cfg: cfg}
	t.Cleanup(func() {
		peer.Stop()
		if t.Failed() {
			r.dump()
		}
		r.refold()
	})
	r.wait("ready", func(f acp.Facts) bool { return f.Ready || f.Err != nil })
	if err := r.Facts().Err; err != nil {
		t.Fatalf("handshake: %v (%s)", err, err.Hint)
	}
	return r
}

func (r *run) wait(what string, reached func(acp.Facts) bool) {
	r.t.Helper()
	if err := r.Wait(r.ctx, reached); err != nil {
		r.t.Fatalf("waiting for %s: %v; %+v", what, err, r.Facts())
	}
}

func (r *run) prompt(id, text string) {
	r.t.Helper()
	if err := r.Prompt(id, text); err != nil {
		r.t.Fatal(err)
	}
	r.wait("the turn's begin", func(f acp.Facts) bool { return f.Turn == id || r.end(id) != nil })
}

func (r *run) endOf(id string) *api.Entry {
	r.t.Helper()
	r.wait("the turn's end", func(acp.Facts) bool { return r.end(id) != nil })
	return r.end(id)
}

func (r *run) end(id string) *api.Entry {
	for _, e := range r.Entries() {
		if e.Kind == api.EntryTurnEnd && e.Turn == id {
			return &e
		}
	}
	return nil
}

// permission waits for an open request.
func (r *run) permission() api.PermissionRequest {
	r.t.Helper()
	r.wait("a permission request", func(f acp.Facts) bool { return len(f.OpenPermissions) > 0 || f.Turn == "" })
	open := r.Facts().OpenPermissions
	if len(open) == 0 {
		r.t.Fatal("the turn ended without a permission request")
	}
	return open[0]
}

func (r *run) text(id string) string {
	var b strings.Builder
	for _, e := range r.Entries() {
		if e.Kind == api.EntryText && e.Turn == id {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

func (a *Agent) handshake(t *testing.T) {
	r := a.start(t, api.PermissionAsk, nil)
	f := r.Facts()
	if f.ACPID == "" || f.Activity != api.ActivityIdle || f.Protocol != 1 {
		t.Errorf("facts after the handshake: %+v", f)
	}
	if r.cfg.Mode != "" && !strings.Contains(","+r.cfg.Mode+",", ","+f.CurrentMode+",") {
		t.Errorf("mode is %q, want one of %q", f.CurrentMode, r.cfg.Mode)
	}
}

func (a *Agent) say(t *testing.T) {
	if a.Say == "" {
		t.Skip("no prompt")
	}
	r := a.start(t, api.PermissionAsk, nil)
	for _, id := range []string{"one", "two"} {
		r.prompt(id, a.Say)
		if e := r.endOf(id); e.StopReason != api.StopEndTurn {
			t.Fatalf("turn %s ended with %q: %v", id, e.StopReason, e.Error)
		}
		if !strings.Contains(r.text(id), a.SayReply) {
			t.Errorf("turn %s said %q, want %q", id, r.text(id), a.SayReply)
		}
	}
	if f := r.Facts(); f.Activity != api.ActivityIdle || f.Turn != "" {
		t.Errorf("facts after the turn: %+v", f)
	}
}

func (a *Agent) act(t *testing.T, kind string, want bool) {
	if a.Act == "" {
		t.Skip("no prompt")
	}
	r := a.start(t, api.PermissionAsk, nil)
	r.prompt("act", a.Act)
	for r.end("act") == nil {
		r.wait("a permission request or the end", func(f acp.Facts) bool { return len(f.OpenPermissions) > 0 || f.Turn == "" })
		for _, p := range r.Facts().OpenPermissions {
			r.answer(p, kind)
		}
	}
	if !r.has(api.EntryPermission) || !r.has(api.EntryResolved) {
		t.Error("the transcript has no permission request and answer")
	}
	_, err := os.Stat(filepath.Join(r.dir, a.ActFile))
	if got := err == nil; got != want {
		t.Errorf("%s exists: %v, want %v", a.ActFile, got, want)
	}
}

// answer chooses the first option of a kind and waits until that is folded.
func (r *run) answer(p api.PermissionRequest, kind string) {
	r.t.Helper()
	if p.Title == "" || p.ID == "" {
		r.t.Errorf("permission request without title or id: %+v", p)
	}
	for _, o := range p.Options {
		if o.Kind != kind {
			continue
		}
		if err := r.Answer(p.ID, o.ID); err != nil {
			r.t.Fatal(err)
		}
		r.wait("the answer", func(f acp.Facts) bool {
			for _, q := range f.OpenPermissions {
				if q.ID == p.ID {
					return false
				}
			}
			return true
		})
		return
	}
	r.t.Fatalf("no option of kind %s in %+v", kind, p.Options)
}

func (r *run) has(kind api.EntryKind) bool {
	for _, e := range r.Entries() {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

func (a *Agent) policy(t *testing.T) {
	if a.Act == "" {
		t.Skip("no prompt")
	}
	r := a.start(t, api.PermissionAll, nil)
	r.prompt("act", a.Act)
	if e := r.endOf("act"); e.StopReason != api.StopEndTurn {
		t.Fatalf("the turn ended with %q: %v", e.StopReason, e.Error)
	}
	if _, err := os.Stat(filepath.Join(r.dir, a.ActFile)); err != nil {
		t.Errorf("under the policy all: %v", err)
	}
}

func (a *Agent) cancel(t *testing.T) {
	if a.Slow == "" {
		t.Skip("no prompt")
	}
	r := a.start(t, api.PermissionAll, nil)
	r.prompt("slow", a.Slow)
	r.wait("anything", func(acp.Facts) bool {
		return r.has(api.EntryText) || r.has(api.EntryTool) || r.has(api.EntryThought)
	})
	begin := time.Now()
	if err := r.Cancel(); err != nil {
		t.Fatal(err)
	}
	e := r.endOf("slow")
	if e.StopReason != api.StopCancelled && e.StopReason != api.StopEndTurn {
		t.Errorf("cancelled turn ended with %q", e.StopReason)
	}
	if d := time.Since(begin); d > 8*time.Second {
		t.Errorf("cancel took %v", d)
	}
	if a.Say == "" {
		return
	}
	r.prompt("after", a.Say)
	if e := r.endOf("after"); e.StopReason != api.StopEndTurn {
		t.Errorf("the turn after a cancelled one ended with %q: %v", e.StopReason, e.Error)
	}
}

func (a *Agent) cancelPermission(t *testing.T) {
	if a.Act == "" {
		t.Skip("no prompt")
	}
	r := a.start(t, api.PermissionAsk, nil)
	r.prompt("act", a.Act)
	r.permission()
	if err := r.Cancel(); err != nil {
		t.Fatal(err)
	}
	r.endOf("act")
	if f := r.Facts(); len(f.OpenPermissions) != 0 || f.Turn != "" {
		t.Errorf("facts after the cancelled turn: %+v", f)
	}
	if _, err := os.Stat(filepath.Join(r.dir, a.ActFile)); err == nil {
		t.Errorf("%s was made without permission", a.ActFile)
	}
}

// resume starts the agent again with the id of an earlier conversation. It
// must be ready, resumed or not, and the transcript says which.
func (a *Agent) resume(t *testing.T) {
	if a.Say == "" {
		t.Skip("no prompt")
	}
	first := a.start(t, api.PermissionAsk, nil)
	first.prompt("one", a.Say)
	first.endOf("one")
	first.Stop()
	second := a.start(t, api.PermissionAsk, func(cfg *acp.Config) {
		cfg.Resume = first.Facts().ACPID
		cfg.Cwd = first.cfg.Cwd
	})
	if !second.has(api.EntrySession) {
		t.Error("the transcript does not say how the session began")
	}
	for _, e := range second.Entries() {
		if e.Kind == api.EntryText || e.Kind == api.EntryTool || e.Kind == api.EntryUser {
			t.Errorf("replayed: %+v", e)
		}
	}
	second.prompt("two", a.Say)
	if e := second.endOf("two"); e.StopReason != api.StopEndTurn {
		t.Errorf("the turn after the resume ended with %q: %v", e.StopReason, e.Error)
	}
}

// refold folds the journal once more, restored from a snapshot at every
// record: nothing may depend on who reads it or when.
func (r *run) refold() {
	records, want := r.Records(), r.Entries()
	m := acp.New(r.cfg)
	n := 0
	for i, rec := range records {
		n += len(m.Feed(rec))
		restored, err := acp.Restore(r.cfg, m.Snapshot())
		if err != nil {
			r.t.Errorf("restore behind record %d: %v", i, err)
			return
		}
		for _, again := range records {
			if again.Offset >= m.SafeOffset() && again.Next <= rec.Next {
				n += len(restored.Feed(again))
			}
		}
		m = restored
	}
	if n != len(want) {
		r.t.Errorf("folded again the journal has %d entries, not %d", n, len(want))
	}
	got, _ := json.Marshal(m.Facts())
	live, _ := json.Marshal(r.Facts())
	if string(got) != string(live) {
		r.t.Errorf("folded again the facts are\n%s\nnot\n%s", got, live)
	}
}

func (r *run) dump() {
	for _, rec := range r.Records() {
		r.t.Logf("%c %s", rec.Kind, strings.TrimRight(string(rec.Data[:min(len(rec.Data), 2000)]), "\n"))
	}
}
