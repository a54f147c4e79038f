package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// locked serves a repository that nobody is let into.
func locked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: locked NAME")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="nobody"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL+"/owner/locked.git")
}

// interrupted runs hf until it has printed something, and then does what Ctrl-C
// does. What it printed is left for stdout and stderr.
func interrupted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupted TEXT ARG...")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // of a hf that hangs
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, "hf"), args[1:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	said := &sight{want: []byte(args[0]), seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = said, said
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-said.seen:
		ts.Check(cmd.Process.Signal(os.Interrupt))
		<-ended
	case <-ended:
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		ts.Fatalf("hf ended with %d, want 130:\n%s", code, said.text())
	}
	ts.Logf("%s", said.text())
}

// environ is the environment of a script.
func environ(ts *testscript.TestScript) []string {
	env := []string{}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		env = append(env, name+"="+ts.Getenv(name))
	}
	for _, name := range []string{"HOME", "PATH", "HF_STATE_DIR", "HF_DATA_DIR", "GIT_CONFIG_NOSYSTEM", "GH_TOKEN", "TERM", "LANG"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// sight notes that a text was written.
type sight struct {
	want []byte
	seen chan struct{}

	mu   sync.Mutex
	all  bytes.Buffer
	once sync.Once
}

func (s *sight) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(p)
	if bytes.Contains(s.all.Bytes(), s.want) {
		s.once.Do(func() { close(s.seen) })
	}
	return len(p), nil
}

func (s *sight) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}
