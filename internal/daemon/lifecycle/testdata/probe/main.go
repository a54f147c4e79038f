// Command probe is a small hfd and a small hf for the tests of the daemon's
// life. Its build number is the name of the directory it lies in; a file
// "behaviour" beside it makes it misbehave.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/daemon/lifecycle"
	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func main() { os.Exit(run(context.Background(), os.Args[1:])) }

func run(ctx context.Context, args []string) int {
	exe, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	build, _ := strconv.ParseInt(filepath.Base(filepath.Dir(exe)), 10, 64)
	quirk, _ := os.ReadFile(filepath.Join(filepath.Dir(exe), "behaviour"))
	p := probe{exe: exe, build: build, quirk: strings.TrimSpace(string(quirk))}
	switch args[0] {
	case "serve":
		return p.serve(ctx, args[1:])
	case "selfcheck":
		return p.selfcheck()
	case "client":
		return p.client(ctx, args[1:])
	case "squat":
		return squat(args[1])
	case "knock":
		return knock(args[1])
	}
	return 2
}

type probe struct {
	exe, quirk string
	build      int64
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func (p probe) version() string { return "v0.0." + strconv.FormatInt(p.build, 10) }

func (p probe) serve(ctx context.Context, args []string) int {
	if p.quirk == "crash" || p.quirk == "crash after upgrade" && len(args) > 0 {
		return fail(errors.New("probe: crashed as it was told to"))
	}
	paths, err := rundir.Resolve(os.Getenv)
	if err != nil {
		return fail(err)
	}
	settings := lifecycle.DefaultSettings()
	settings.Env = func() []string { return []string{"PATH", "PROBE_*"} }
	if ms, err := os.ReadFile(filepath.Join(paths.State, "idle")); err == nil {
		n, _ := strconv.Atoi(string(ms))
		settings.Idle = time.Duration(n) * time.Millisecond
	}
	return lifecycle.Run(ctx, lifecycle.Config{
		Paths: paths, Environ: os.Environ(), Build: p.build, Version: p.version(), Open: p.open, Settings: settings,
	}, args, os.Stderr)
}

func (p probe) selfcheck() int {
	switch p.quirk {
	case "bad selfcheck":
		return fail(errors.New("probe: this build cannot read that database"))
	case "hung selfcheck":
		time.Sleep(time.Hour)
	case "silent selfcheck":
		return 0
	}
	if err := lifecycle.Report(os.Stdout, p.build, p.version()); err != nil {
		return fail(err)
	}
	return 0
}

// app remembers the ids of mutations in a file, each exactly once.
type app struct {
	d     *lifecycle.Daemon
	state string
	owner *os.File

	mu   sync.Mutex
	seen map[string]bool
	file *os.File
}

func (p probe) open(ctx context.Context, d *lifecycle.Daemon) (lifecycle.App, error) {
	state := d.Paths().State
	note(state, "starts", strconv.Itoa(os.Getpid()))
	switch p.quirk {
	case "corrupt":
		return nil, &api.Error{Code: api.CodeCorrupt, Message: "the database is damaged", Hint: "see the manual"}
	case "loses its state":
		if err := os.RemoveAll(state); err != nil {
			return nil, err
		}
		note(filepath.Dir(p.exe), "lost", strconv.Itoa(os.Getpid()))
		<-ctx.Done()
		return nil, ctx.Err()
	case "slow":
		d.SetPhase(api.PhaseMigrating)
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	a := &app{d: d, state: state, seen: map[string]bool{}}
	if b := d.Handoff(); b != nil {
		note(state, "handoffs", string(b))
	}
	var err error
	if a.owner, err = os.OpenFile(filepath.Join(state, "owner"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	if syscall.Flock(int(a.owner.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		note(state, "two-owners", strconv.Itoa(os.Getpid()))
	}
	if a.file, err = os.OpenFile(filepath.Join(state, "effects"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	for sc := bufio.NewScanner(a.file); sc.Scan(); {
		a.seen[sc.Text()] = true
	}
	return a, nil
}

func (a *app) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(api.RouteCreateTask.String(), a.create)
	mux.HandleFunc(api.RouteTasks.String(), func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		_ = json.NewEncoder(w).Encode(api.TaskList{Seq: int64(len(a.seen))})
	})
	mux.HandleFunc(api.RouteInspect.String(), func(w http.ResponseWriter, r *http.Request) {
		in, err := a.d.Inspect(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(in)
	})
	mux.HandleFunc(api.RouteEvents.String(), a.events)
	return mux
}

func (a *app) create(w http.ResponseWriter, r *http.Request) {
	var in api.CreateTask
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := r.Header.Get(api.HeaderRequest)
	a.mu.Lock()
	if !a.seen[id] {
		a.seen[id] = true
		_, _ = a.file.WriteString(id + "\n")
	}
	a.mu.Unlock()
	verb, rest, _ := strings.Cut(in.Prompt, " ")
	switch verb {
	case "sleep":
		d, _ := time.ParseDuration(rest)
		time.Sleep(d)
	case "child":
		p, err := xec.StartSession(xec.Cmd{Argv: []string{"/bin/sleep", rest}, Dir: "/", Env: os.Environ()})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		go func() { _, _ = p.Wait() }()
		in.Prompt = strconv.Itoa(p.PID())
	}
	_ = json.NewEncoder(w).Encode(api.Accepted{Task: api.Task{ID: id, Prompt: in.Prompt}})
}

// events counts, one number a millisecond.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	seq, _ := strconv.ParseInt(r.URL.Query().Get(api.QueryAfter), 10, 64)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		seq++
		_ = json.NewEncoder(w).Encode(api.Event{Seq: seq})
		_ = http.NewResponseController(w).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func (a *app) Sessions() int {
	b, _ := os.ReadFile(filepath.Join(a.state, "sessions"))
	n, _ := strconv.Atoi(string(b))
	return n
}

func (a *app) Busy() bool { return false }

func (a *app) Park(context.Context) error {
	if _, err := os.Stat(filepath.Join(a.state, "never-park")); err == nil {
		return errors.New("probe: told not to park")
	}
	return nil
}

func (a *app) Resume()                     {}
func (a *app) Handoff() []byte             { return []byte("from " + strconv.Itoa(os.Getpid())) }
func (a *app) Close(context.Context) error { return errors.Join(a.file.Close(), a.owner.Close()) }

func note(state, name, line string) {
	f, err := os.OpenFile(filepath.Join(state, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(line + "\n")
	_ = f.Close()
}

// client makes the task that its arguments prompt for.
func (p probe) client(ctx context.Context, args []string) int {
	paths, err := rundir.Resolve(os.Getenv)
	if err != nil {
		return fail(err)
	}
	l := launcher.New(launcher.Options{Paths: paths, Environ: os.Environ(), Exe: p.exe, Build: p.build, Version: p.version()})
	c := client.New(l.Ensure, client.Options{})
	if _, err := c.CreateTask(ctx, api.CreateTask{Prompt: strings.Join(args, " ")}); err != nil {
		return fail(err)
	}
	return 0
}

// squat listens where a daemon would, and says so.
func squat(path string) int {
	l, err := net.Listen("unix", path)
	if err != nil {
		return fail(err)
	}
	_ = os.Chmod(path, 0o666)
	fmt.Println("ready")
	for {
		c, err := l.Accept()
		if err != nil {
			return fail(err)
		}
		b, _ := io.ReadAll(io.LimitReader(c, 1))
		if len(b) > 0 {
			fmt.Println("got a request")
		}
	}
}

// knock asks who listens at path, and prints what it answers.
func knock(path string) int {
	c, err := net.Dial("unix", path)
	if err != nil {
		return fail(err)
	}
	if _, err := c.Write([]byte("GET /v1/hello HTTP/1.1\r\nHost: hfd\r\n\r\n")); err != nil {
		fmt.Println("refused")
		return 0
	}
	b := make([]byte, 100)
	n, _ := c.Read(b)
	if n == 0 {
		fmt.Println("refused")
		return 0
	}
	fmt.Printf("answered %q\n", b[:n])
	return 0
}
