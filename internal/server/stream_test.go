package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// follow opens a stream and returns a function that reads its next line.
func follow(t *testing.T, s *httptest.Server, path string) (next func() string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	r := bufio.NewReader(resp.Body)
	return func() string {
		t.Helper()
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("read a line: %v", err)
		}
		return strings.TrimSuffix(line, "\n")
	}, cancel
}

func TestEventsFollow(t *testing.T) {
	w := newWorld()
	for range 600 { // more than two batches
		w.happen(api.Event{Kind: api.EventTaskChanged, Workspace: "default", Task: "id-of-t", Time: epoch})
	}
	s := serve(t, w)
	next, stop := follow(t, s, "/v1/events?follow=1&after=2")
	defer stop()
	for want := int64(3); want <= 600; want++ {
		var e api.Event
		if err := json.Unmarshal([]byte(next()), &e); err != nil || e.Seq != want {
			t.Fatalf("event %d: %+v, %v", want, e, err)
		}
	}
	w.happen(api.Event{Kind: api.EventTaskChanged, Workspace: "other"})
	w.happen(api.Event{Kind: api.EventWarning})
	w.happen(api.Event{Kind: api.EventTaskCreated, Workspace: "default"})
	if line := next(); !strings.Contains(line, `"seq":602`) {
		t.Errorf("an event without a workspace: %s", line)
	}
	if line := next(); !strings.Contains(line, `"seq":603`) {
		t.Errorf("an event of the workspace: %s", line)
	}
}

func TestEventsOnce(t *testing.T) {
	w := newWorld()
	w.happen(api.Event{Kind: api.EventTaskCreated, Workspace: "default", Task: "id-of-t", Time: epoch})
	w.happen(api.Event{Kind: api.EventTaskCreated, Workspace: "default", Task: "u", Time: epoch})
	status, body := ask(t, serve(t, w), "GET", "/v1/events?task=t", "")
	if want := `{"seq":1,"time":"2026-05-01T12:00:00+02:00","kind":"task.created","workspace":"default","task":"id-of-t"}` + "\n"; status != 200 || body != want {
		t.Errorf("%d %q, want %q", status, body, want)
	}
}

func TestEventsBeginWithASnapshot(t *testing.T) {
	for path, wantSeq := range map[string]int64{"/v1/events?snapshot=1": 41, "/v1/events?snapshot=1&task=t": 1} {
		w := newWorld()
		w.happen(api.Event{Kind: api.EventTaskCreated, Workspace: "default"})
		_, body := ask(t, serve(t, w), "GET", path, "")
		var e api.Event
		var list api.TaskList
		if err := errors.Join(json.Unmarshal([]byte(body), &e), json.Unmarshal(e.Data, &list)); err != nil {
			t.Fatalf("%s: %v in %s", path, err, body)
		}
		if e.Kind != api.EventSnapshot || e.Seq != wantSeq || list.Seq != wantSeq || len(list.Tasks) != 1 || list.Tasks[0].ID != "t1" {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestTranscriptComesAtOnceAndEndsWithItsReader(t *testing.T) {
	w := newWorld()
	w.entries = []api.Entry{{Cursor: "s:1:0", Kind: api.EntryText, Text: "hello"}, {Cursor: "s:2:0", Kind: api.EntryText, Text: "there"}}
	s := serve(t, w)
	next, stop := follow(t, s, "/v1/tasks/t/transcript?follow=1")
	for _, want := range []string{"hello", "there"} {
		if line := next(); !strings.Contains(line, want) {
			t.Errorf("line = %s, want %s", line, want)
		}
	}
	<-w.streams
	stop()
	s.Close() // returns when the handler has
}

func TestErrorBeforeTheFirstLineIsAnAnswer(t *testing.T) {
	w := newWorld()
	w.err = &api.Error{Code: api.CodeInvalid, Message: "no cursor"}
	status, body := ask(t, serve(t, w), "GET", "/v1/tasks/t/transcript", "")
	if status != 400 || !strings.Contains(body, "no cursor") {
		t.Errorf("%d %s", status, body)
	}
}

// An error after the first line must not look like the end of the stream.
func TestErrorInAStreamCutsIt(t *testing.T) {
	w := newWorld()
	w.entries = []api.Entry{{Cursor: "s:1:0", Kind: api.EntryText, Text: "hello"}}
	w.torn = errors.New("disk gone")
	s := serve(t, w)
	resp, err := s.Client().Get(s.URL + "/v1/tasks/t/transcript")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err == nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the stream ended as if that were all: %d %s", resp.StatusCode, b)
	}
}

// pipes is a listener whose connections have no buffer: a write is in progress
// until every byte of it was read.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// A client that reads nothing must not keep the handler once its request ends.
func TestStuckReaderIsLeft(t *testing.T) {
	w := newWorld()
	w.entries = []api.Entry{{Kind: api.EntryText, Text: "hello"}}
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan struct{})
	inner := serve(t, w).Config.Handler
	l := make(pipes, 1)
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(rw, r.WithContext(ctx))
	})}
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	defer close(l)
	c, far := net.Pipe()
	defer c.Close()
	l <- far
	if _, err := io.WriteString(c, "GET /v1/tasks/t/transcript?follow=1 HTTP/1.1\r\nHost: hfd\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil { // the rest of that write waits for us
		t.Fatal(err)
	}
	cancel(errors.New("draining"))
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the handler still waits for its reader")
	}
}
