package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// hubKey is where a script has its hub.
type hubKey struct{}

// hub starts a fake GitHub for a script, or tells it what to do, in the words of
// forgetest.Hub.Do; what it says is the standard output, or the value of a
// variable. A script that has one signs in as ada, reaches github.com's
// repositories on it by ssh, and has git-spice.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: hub start | hub [NAME =] WORD [ARG...]")
	}
	name := ""
	if len(args) > 2 && args[1] == "=" {
		name, args = args[0], args[2:]
	}
	running, _ := ts.Value(hubKey{}).(**forgetest.Hub)
	if args[0] == "start" {
		h, err := startHub(ts)
		ts.Check(err)
		*running = h
		return
	}
	if *running == nil {
		ts.Fatalf("hub start comes first")
	}
	out, err := (*running).Do(args...)
	_, _ = fmt.Fprint(ts.Stdout(), out)
	if err != nil {
		_, _ = fmt.Fprintln(ts.Stderr(), err)
	}
	if name != "" {
		ts.Setenv(name, strings.TrimSpace(out))
	}
	if neg != (err != nil) {
		ts.Fatalf("hub %s: %v", strings.Join(args, " "), err)
	}
}

func startHub(ts *testscript.TestScript) (*forgetest.Hub, error) {
	h, err := forgetest.Start(context.Background(), forgetest.Options{Dir: ts.MkAbs(".hub")})
	if err != nil {
		return nil, err
	}
	ts.Defer(func() { ts.Check(h.Close()) })
	home := ts.Getenv("HOME")
	config := filepath.Join(home, ".config", "hf")
	ts.Check(os.MkdirAll(config, 0o700))
	ts.Check(add(filepath.Join(home, ".gitconfig"), h.GitConfig()))
	ts.Check(add(filepath.Join(config, "config.toml"), fmt.Sprintf("[forge.\"github.com\"]\napi = %q\n", h.URL())))
	ts.Setenv("GH_TOKEN", h.Token("ada"))
	ts.Setenv("PATH", ts.Getenv("PATH")+string(filepath.ListSeparator)+filepath.Dir(os.Getenv(gitSpiceVar)))
	return h, nil
}

// gitSpiceVar names the program that scripts with a hub need.
const gitSpiceVar = "HF_TEST_GIT_SPICE"

// condition answers [gitspice].
func condition(name string) (bool, error) {
	if name == "gitspice" {
		return os.Getenv(gitSpiceVar) != "", nil
	}
	return false, fmt.Errorf("there is no condition %q", name)
}

func add(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// until runs hf until it prints a text: what a poller finds out takes its time.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT ARG...")
	}
	var out []byte
	var err error
	// Less often the longer it takes: who asks takes the time that the answer needs.
	pause := 20 * time.Millisecond
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(pause) {
		pause = min(pause*3/2, 200*time.Millisecond)
		cmd := exec.Command(filepath.Join(binaries, "hf"), args[1:]...)
		cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
		if out, err = cmd.CombinedOutput(); bytes.Contains(out, []byte(args[0])) {
			return
		}
	}
	ts.Fatalf("hf %s never says %q, but (%v):\n%s", strings.Join(args[1:], " "), args[0], err, out)
}
