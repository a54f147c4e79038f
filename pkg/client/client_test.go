package client_test

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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// serve runs a real HTTP server on a Unix socket and returns a dial hook.
func serve(t *testing.T, h http.Handler) (client.Dial, *atomic.Int64) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hfc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	sock := filepath.Join(dir, "s")
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() { _ = s.Close(); <-done })
	var dials atomic.Int64
	return func(ctx context.Context) (net.Conn, api.Hello, error) {
		dials.Add(1)
		var d net.Dialer
		c, err := d.DialContext(ctx, "unix", sock)
		return c, api.Hello{PID: 7}, err
	}, &dials
}

func reply(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func TestCallsShareAConnection(t *testing.T) {
	dial, dials := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != api.Host || r.Header.Get(api.HeaderLevel) == "" || r.Header.Get(api.HeaderVersion) != "v1?" {
			t.Errorf("request %v of host %q", r.Header, r.Host)
		}
		if r.Method == "DELETE" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		reply(w, 200, api.TaskList{Seq: 5, Tasks: []api.Task{{Title: strings.Repeat("x", 1<<20)}}})
	}))
	c := client.New(dial, client.Options{Version: "v1\n"})
	defer func() { _ = c.Close() }()
	for range 3 {
		l, err := c.Tasks(t.Context(), client.TaskFilter{})
		if err != nil || l.Seq != 5 || len(l.Tasks[0].Title) != 1<<20 {
			t.Fatalf("%d tasks, %v", len(l.Tasks), err)
		}
		if err := c.RemoveRepo(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := c.Peer(t.Context()); p.PID != 7 || err != nil {
		t.Errorf("peer %+v, %v", p, err)
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestPathsAndQueries(t *testing.T) {
	var got atomic.Pointer[string]
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := r.Method + " " + r.RequestURI
		got.Store(&s)
		reply(w, 200, map[string]any{})
	}))
	c := client.New(dial, client.Options{Workspace: "w s", Cwd: "/a&b"})
	ctx := t.Context()
	const scope = "cwd=%2Fa%26b"
	const space = "workspace=w+s"
	tests := []struct {
		call func() error
		want string
	}{
		{func() error { _, err := c.Task(ctx, "feat/x y", true); return err }, "GET /v1/tasks/feat%2Fx%20y?" + scope + "&explain=1&" + space},
		{func() error { _, err := c.Task(ctx, api.TaskOfCwd, false); return err }, "GET /v1/tasks/~cwd?" + scope + "&" + space},
		{func() error {
			_, err := c.Tasks(ctx, client.TaskFilter{Repo: "r", Status: []api.Status{"idle", "error"}, All: true, Fields: []string{"id", "title"}})
			return err
		}, "GET /v1/tasks?all=1&" + scope + "&fields=id%2Ctitle&repo=r&status=idle&status=error&" + space},
		{func() error { _, err := c.Resolve(ctx, "t", "p", api.ResolvePermission{}); return err }, "POST /v1/tasks/t/permissions/p?" + scope + "&" + space},
		{func() error { _, err := c.Diff(ctx, "t", api.PatchNone); return err }, "GET /v1/tasks/t/diff?" + scope + "&patch=none&" + space},
		{func() error { return c.Stop(ctx, api.Stop{}) }, "POST /v1/backend/stop"},
	}
	for _, tt := range tests {
		if err := tt.call(); err != nil {
			t.Fatal(err)
		}
		if *got.Load() != tt.want {
			t.Errorf("request %s, want %s", *got.Load(), tt.want)
		}
	}
}

func TestErrorsComeBackAsTheyWereSent(t *testing.T) {
	tests := []struct {
		name string
		h    http.HandlerFunc
		want api.Error
	}{
		{"an api error", func(w http.ResponseWriter, _ *http.Request) {
			reply(w, 404, api.Error{Code: api.CodeNotFound, Message: "no task", Hint: "look"})
		}, api.Error{Code: api.CodeNotFound, Message: "no task", Hint: "look"}},
		{
			"no reason", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", 500) },
			api.Error{Code: api.CodeInternal, Message: "hfd answered 500 without a reason"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dial, _ := serve(t, tt.h)
			_, err := client.New(dial, client.Options{}).Task(t.Context(), "x", false)
			if e, ok := errors.AsType[*api.Error](err); !ok || *e != tt.want {
				t.Errorf("error %#v, want %#v", err, tt.want)
			}
		})
	}
}

func TestMutationsAreRepeatedWithTheSameID(t *testing.T) {
	var mu sync.Mutex
	var ids []string
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get(api.HeaderRequest))
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "hello") {
			t.Errorf("body %q", body)
		}
		switch len(ids) {
		case 1:
			panic(http.ErrAbortHandler) // before an answer
		case 2:
			w.Header().Set("Content-Length", "1000") // in the middle of one
			_, _ = w.Write([]byte(`{"seq":`))
			panic(http.ErrAbortHandler)
		case 3:
			w.Header().Set("Connection", "close")
			reply(w, 503, api.Error{Code: api.CodeUnavailable, Message: "going away"})
		default:
			reply(w, 202, api.Accepted{Seq: 9})
		}
	}))
	c := client.New(dial, client.Options{})
	a, err := c.CreateTask(t.Context(), api.CreateTask{Prompt: "hello"})
	if err != nil || a.Seq != 9 {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := c.CreateTask(t.Context(), api.CreateTask{Prompt: "hello"}); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 5 || ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] || ids[2] != ids[3] || ids[3] == ids[4] {
		t.Errorf("ids %q, want four equal ones and another", ids)
	}
}

func TestPatienceEnds(t *testing.T) {
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 503, api.Error{Code: api.CodeUnavailable, Message: "busy"})
	}))
	c := client.New(dial, client.Options{Patience: 30 * time.Millisecond})
	_, err := c.Tasks(t.Context(), client.TaskFilter{})
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Message != "busy" {
		t.Errorf("error %v", err)
	}
}

func TestDialErrorsAreFinal(t *testing.T) {
	n := 0
	want := &api.Error{Code: api.CodeUnavailable, Message: "hung"}
	c := client.New(func(context.Context) (net.Conn, api.Hello, error) { n++; return nil, api.Hello{}, want }, client.Options{})
	if _, err := c.Tasks(t.Context(), client.TaskFilter{}); !errors.Is(err, want) || n != 1 {
		t.Errorf("error %v after %d dials", err, n)
	}
}

func TestCancelledCallEndsAtOnceAndSpoilsNothing(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get(api.QueryAll) == "1" {
			<-hang
		}
		reply(w, 200, api.TaskList{Seq: 1})
	}))
	c := client.New(dial, client.Options{})
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	if _, err := c.Tasks(ctx, client.TaskFilter{All: true}); !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause", err)
	}
	if l, err := c.Tasks(t.Context(), client.TaskFilter{}); err != nil || l.Seq != 1 {
		t.Errorf("after it: %+v, %v", l, err)
	}
}

func TestCallEndsWhenTheDaemonHangs(t *testing.T) {
	hung := &api.Error{Code: api.CodeUnavailable, Message: "pid 7 hangs"}
	release := make(chan struct{})
	dial, dials := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		reply(w, 200, api.TaskList{Seq: 1})
	}))
	var hangs atomic.Bool
	c := client.New(func(ctx context.Context) (net.Conn, api.Hello, error) {
		if hangs.Load() {
			return nil, api.Hello{}, hung
		}
		return dial(ctx)
	}, client.Options{Vigil: 10 * time.Millisecond})
	// While the daemon answers hello, a call takes as long as it takes.
	time.AfterFunc(60*time.Millisecond, func() { close(release) })
	if l, err := c.Tasks(t.Context(), client.TaskFilter{}); err != nil || l.Seq != 1 {
		t.Errorf("slow call: %+v, %v", l, err)
	}
	if n := dials.Load(); n < 2 {
		t.Errorf("nobody looked: %d dials", n)
	}
	release = make(chan struct{})
	time.AfterFunc(30*time.Millisecond, func() { hangs.Store(true) })
	if _, err := c.Tasks(t.Context(), client.TaskFilter{}); !errors.Is(err, hung) {
		t.Errorf("error %v, want that of dialling", err)
	}
	close(release)
}

func TestManyAtOnce(t *testing.T) {
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, api.TaskDetail{Task: api.Task{ID: filepath.Base(r.URL.Path)}})
	}))
	c := client.New(dial, client.Options{})
	defer func() { _ = c.Close() }()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for j := range 20 {
				id := fmt.Sprintf("t%d-%d", i, j)
				if d, err := c.Task(t.Context(), id, false); err != nil || d.ID != id {
					t.Errorf("asked for %s, got %s, %v", id, d.ID, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestStreamResumesBehindTheLastWholeLine(t *testing.T) {
	long := strings.Repeat("y", 3<<20)
	var asked []string
	var mu sync.Mutex
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.RawQuery)
		n := len(asked)
		mu.Unlock()
		line := func(seq int64) {
			_ = json.NewEncoder(w).Encode(api.Event{Seq: seq, Workspace: long})
			_ = http.NewResponseController(w).Flush()
		}
		switch n {
		case 1:
			line(1)
			line(2)
			_, _ = io.WriteString(w, "\n"+`{"seq":3,"workspace":"cut o`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case 2:
			reply(w, 503, api.Error{Code: api.CodeUnavailable})
		default:
			line(3)
			_, _ = io.WriteString(w, `{"seq":4}`) // the end needs no line end
		}
	}))
	c := client.New(dial, client.Options{})
	var got []int64
	for e, err := range c.Events(t.Context(), client.EventFilter{Snapshot: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq < 4 && len(e.Workspace) != len(long) {
			t.Errorf("event %d is cut", e.Seq)
		}
		got = append(got, e.Seq)
	}
	if fmt.Sprint(got) != "[1 2 3 4]" {
		t.Errorf("events %v", got)
	}
	want := []string{"follow=1&snapshot=1", "after=2&follow=1", "after=2&follow=1"}
	if fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestStreamEnds(t *testing.T) {
	dial, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get(api.QueryAfter) {
		case "bad":
			reply(w, 400, api.Error{Code: api.CodeInvalid, Message: "no such cursor"})
		case "garbage":
			_, _ = io.WriteString(w, "{{\n")
		default:
			for i := range 1000 {
				reply(w, 200, api.Entry{Cursor: fmt.Sprint("s:", i)})
			}
			<-r.Context().Done()
		}
	}))
	c := client.New(dial, client.Options{})
	for _, after := range []string{"bad", "garbage"} {
		n := 0
		for _, err := range c.Transcript(t.Context(), "t", after, true) {
			if n++; err == nil {
				t.Errorf("%s: no error", after)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d values, want one error", after, n)
		}
	}
	n := 0
	for _, err := range c.Transcript(t.Context(), "t", "", true) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 10 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range c.Transcript(ctx, "t", "", true) {
		if last = err; err == nil {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled stream: %v", last)
	}
}

// TestBrokenServers gives answers that no server should give.
func TestBrokenServers(t *testing.T) {
	for _, answer := range []string{
		"", "\r\n", "HTTP/1.1 banana\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}oops",
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "HTTP/1.1 200 " + strings.Repeat("x", 100<<10),
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 1000),
	} {
		dial := func(context.Context) (net.Conn, api.Hello, error) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = http.ReadRequest(bufio.NewReader(theirs))
				_, _ = io.WriteString(theirs, answer)
				_ = theirs.Close()
			}()
			return ours, api.Hello{}, nil
		}
		_, err := client.New(dial, client.Options{Once: true}).Tasks(t.Context(), client.TaskFilter{})
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.CodeUnavailable {
			t.Errorf("answer %.40q: %v", answer, err)
		}
	}
}

func TestEnv(t *testing.T) {
	got := client.Env([]string{"PATH", "LC_*", "EMPTY"}, []string{
		"PATH=/a", "LC_ALL=C", "LC_=x", "LC=no", "PATHS=no", "SECRET=no", "EMPTY=", "=weird", "PATH=/b=c", "novalue",
	})
	want := api.Env{"PATH": "/b=c", "LC_ALL": "C", "LC_": "x", "EMPTY": ""}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("env %v, want %v", got, want)
	}
}
