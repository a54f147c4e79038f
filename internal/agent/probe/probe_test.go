package probe_test

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/internal/agent/probe"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

const asAgent = "HF_TEST_RUN_DEMO_AGENT"

func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := demo.Main(ctx, nil, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func TestHandshake(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := agent.New(agent.Options{Demo: []string{exe}}).Profile(agent.Demo)
	if err != nil {
		t.Fatal(err)
	}
	demo.Env = map[string]string{asAgent: "1"}
	shell := func(script string) agent.Profile {
		return agent.Profile{Name: "mine", Command: []string{"/bin/sh", "-c", script}, Install: "buy it"}
	}
	tests := []struct {
		name    string
		profile agent.Profile
		limit   time.Duration
		code    api.Code // "" = it succeeds
		says    string   // in the error, its hint or the standard error
	}{
		{"demo", demo, 20 * time.Second, "", ""},
		{"missing", agent.Profile{Name: "mine", Command: []string{"no-such-agent"}, Install: "buy it"}, 20 * time.Second, api.CodeAgentMissing, "buy it"},
		{"missing by path", agent.Profile{Name: "mine", Command: []string{"/nowhere/agent"}}, 20 * time.Second, api.CodeAgentMissing, "not installed"},
		{"exits at once", shell("echo sorry >&2; exit 3"), 20 * time.Second, api.CodeAgent, "sorry"},
		{"exits with success", shell("exit 0"), 20 * time.Second, api.CodeAgent, "before its session began"},
		{"garbage", shell("echo hello; sleep 100"), 20 * time.Second, api.CodeAgent, `"hello"`},
		{"echoes", shell("exec cat"), 20 * time.Second, api.CodeAgent, "does not speak"},
		{"silent", shell("echo starting >&2; exec sleep 100"), 300 * time.Millisecond, api.CodeTimeout, "initialize"},
		{"does not read", shell("exec sleep 100 <&-"), 300 * time.Millisecond, api.CodeTimeout, "initialize"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
			defer cancel()
			got := probe.Test(ctx, tt.profile, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, t.TempDir())
			if got.Agent != tt.profile.Name || got.OK != (tt.code == "") {
				t.Fatalf("%+v, %+v", got, got.Error)
			}
			if got.OK {
				if got.Info != "Demo agent 1.0.0" || got.Protocol != 1 || len(got.Modes) != 3 || got.InitializeMS < 1 || got.SessionMS < 1 {
					t.Errorf("%+v", got)
				}
				return
			}
			if got.Error == nil || got.Error.Code != tt.code || !strings.Contains(got.Error.Message+got.Error.Hint+got.Stderr, tt.says) {
				t.Errorf("%+v, %+v, want %s saying %q", got, got.Error, tt.code, tt.says)
			}
		})
	}
}

// An agent that writes more than a pipe holds and does not read meanwhile must
// not stop what is read of it, and its end lets everything go.
func TestStop(t *testing.T) {
	p, err := probe.Start(t.Context(), xec.Cmd{Argv: []string{"/bin/sh", "-c", "yes x & wait"}, Env: []string{"PATH=" + os.Getenv("PATH")}}, acp.Config{Cwd: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(t.Context(), func(f acp.Facts) bool { return f.Garbage > 1000 }); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	p.Stop()
	if d := time.Since(begin); d > 30*time.Second {
		t.Errorf("stopping took %v", d)
	}
	if f := p.Facts(); f.Exit == nil || f.Err == nil {
		t.Errorf("facts %+v", f)
	}
}
