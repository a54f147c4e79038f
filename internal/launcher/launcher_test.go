package launcher

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

func TestDaemonEnv(t *testing.T) {
	l := New(Options{Environ: []string{
		"PATH=/bin", "HOME=/h", "LC_TIME=C", "HF_STATE_DIR=/s", "GH_TOKEN=secret", "ANTHROPIC_API_KEY=secret",
		"HF_TOKEN=secret", "SSH_AUTH_SOCK=/a", "LD_PRELOAD=/evil.so", "PATHOLOGY=x",
	}})
	want := []string{"PATH=/bin", "HOME=/h", "LC_TIME=C", "HF_STATE_DIR=/s"}
	if got := l.daemonEnv(); !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
}

func TestCancelledSearchStartsNothing(t *testing.T) {
	state := filepath.Join(t.TempDir(), "s")
	p, err := rundir.Resolve(func(name string) string {
		return map[string]string{"HOME": "/nowhere", "HF_STATE_DIR": state}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := New(Options{Paths: p, Exe: "/nowhere/hf"}).Ensure(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state directory was made: %v", err)
	}
}

func TestNoCommonProtocol(t *testing.T) {
	for _, hello := range []api.Hello{
		{ProtoMin: api.ProtoMax + 1, ProtoMax: api.ProtoMax + 3, Version: "v9.9.9", PID: 42},
		{ProtoMin: api.ProtoMin - 2, ProtoMax: api.ProtoMin - 1, Version: "v9.9.9", PID: 42},
	} {
		ours, theirs := net.Pipe()
		_ = theirs.Close()
		s := search{Launcher: New(Options{Version: "v1.0.0", Exe: "/opt/hf"})}
		err := s.overlap(ours, hello)
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Code != api.CodeTooOld || !strings.Contains(e.Message, "/opt/hf") || !strings.Contains(e.Message, "v9.9.9 (pid 42)") {
			t.Errorf("error %v, want one that names both", err)
		}
	}
}

func TestDaemonOnAnotherHost(t *testing.T) {
	err := hungError(rundir.Record{PID: os.Getpid(), Host: "elsewhere.example"})
	if e, ok := errors.AsType[*api.Error](err); !ok || !strings.Contains(e.Message, "elsewhere.example") || strings.Contains(e.Hint, "force") {
		t.Errorf("error %#v", err)
	}
}
