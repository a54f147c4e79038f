package fakemodel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is one request that the server received.
type Request struct {
	Time   time.Time   `json:"time"`
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Header http.Header `json:"header"`
	Body   string      `json:"body,omitempty"`
	Prompt string      `json:"prompt,omitempty"` // the user's last message, of a request to a model
	Aside  bool        `json:"aside,omitempty"`  // made beside a turn: for a title and the like
}

// Server is a running model server. Its methods may be called from several
// goroutines.
type Server struct {
	listener net.Listener
	http     *http.Server
	served   chan struct{}

	mu       sync.Mutex
	requests []Request
	fault    Fault
	arrived  chan struct{} // closed and replaced when a request arrives
}

// Start begins to serve on a free port of 127.0.0.1. The caller owns the server
// and ends it by Close; ctx bounds only the start.
func Start(ctx context.Context) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for agents: %w", err)
	}
	s := &Server{listener: listener, served: make(chan struct{}), arrived: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) { s.model(w, r, messages{}) })
	mux.HandleFunc("POST /v1/messages/count_tokens", s.countTokens)
	mux.HandleFunc("POST /v1/responses", func(w http.ResponseWriter, r *http.Request) { s.model(w, r, responses{}) })
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { s.model(w, r, chat{}) })
	mux.HandleFunc("POST /v1beta/models/{action}", s.gemini)
	mux.HandleFunc("GET /v1/models", s.models)
	mux.HandleFunc("GET /control/requests", s.listRequests)
	mux.HandleFunc("POST /control/fault", s.setFault)
	mux.HandleFunc("/", s.other)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // ends with ErrServerClosed, by Close
	}()
	return s, nil
}

// URL is the address of the server, without a path.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends all answers at once and returns when the server has ended.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.served
	return err
}

// Fail makes the next requests to a model fail; the zero Fault ends that.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests returns what was received so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Await returns the first request that matches, waiting for it if need be.
func (s *Server) Await(ctx context.Context, match func(Request) bool) (Request, error) {
	for {
		s.mu.Lock()
		at, arrived := slices.IndexFunc(s.requests, match), s.arrived
		var found Request
		if at >= 0 {
			found = s.requests[at]
		}
		s.mu.Unlock()
		if at >= 0 {
			return found, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Request{}, fmt.Errorf("await a request to the model: %w", ctx.Err())
		}
	}
}

func (s *Server) record(r *http.Request, body []byte, x exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Header: maps.Clone(r.Header),
		Body: string(body), Prompt: x.prompt, Aside: x.prompt != "" && x.aside(),
	})
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// takeFault returns the fault that this request must meet, if any. Requests
// beside a turn meet it too, but are not counted: they come when they like.
func (s *Server) takeFault(aside bool) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fault
	if f.Times > 0 && !aside {
		if s.fault.Times--; s.fault.Times == 0 {
			s.fault = Fault{}
		}
	}
	return f
}

// wire is one way of speaking to a model.
type wire interface {
	// decode reads a request.
	decode(body []byte) (exchange, error)
	// write sends a reply: as a stream, or as one JSON document. A reply that is
	// cut ends in the middle of its text.
	write(ctx context.Context, out output, x exchange, r reply) error
	// problem words a fault as this wire's servers do.
	problem(f Fault) problem
}

func (s *Server) model(w http.ResponseWriter, r *http.Request, wire wire) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	x, err := wire.decode(body)
	s.record(r, body, x)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply := answer(x)
	if f := s.takeFault(x.aside()); f.Kind != "" {
		reply.text, reply.call, reply.fault = nil, nil, f
	}
	switch f := reply.fault; {
	case f.Kind == Hang:
		<-r.Context().Done()
		return
	case f.Kind.status() != 0 && len(reply.text) == 0:
		writeProblem(w, wire.problem(f))
		return
	case f.Kind != "" && len(reply.text) == 0:
		reply.text = pieces("This sentence has no ")
	}
	_ = wire.write(r.Context(), newOutput(w, x.stream), x, reply) // fails when the client is gone
	if reply.fault.Kind != "" {
		panic(http.ErrAbortHandler) // breaks the connection, so that the client sees the cut
	}
}

func writeProblem(w http.ResponseWriter, p problem) {
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_, _ = w.Write(p.encode())
}

func (s *Server) countTokens(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.record(r, body, exchange{})
	writeJSON(w, map[string]int{"input_tokens": tokens(string(body))})
}

// gemini serves the methods of one model, whose name stands in the path.
func (s *Server) gemini(w http.ResponseWriter, r *http.Request) {
	wire, method := geminiAction(r.PathValue("action"))
	switch method {
	case "generateContent", "streamGenerateContent":
		s.model(w, r, wire)
	case "countTokens":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.record(r, body, exchange{})
		writeJSON(w, map[string]int{"totalTokens": tokens(string(body))})
	default:
		s.other(w, r)
	}
}

func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	s.record(r, nil, exchange{})
	writeJSON(w, map[string]any{"object": "list", "data": []any{}, "models": []any{}, "has_more": false})
}

// other answers what agents ask that is no business of a model server.
func (s *Server) other(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.record(r, body, exchange{})
	if r.Method == http.MethodHead {
		return
	}
	http.NotFound(w, r)
}

func (s *Server) listRequests(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Requests()) }

func (s *Server) setFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	err := json.NewDecoder(r.Body).Decode(&f)
	if err == nil && f.Kind != "" && !f.Kind.known() {
		err = fmt.Errorf("no fault %q", f.Kind)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Fail(f)
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails when the client is gone
}

// tokens is a plausible number of tokens for a text.
func tokens(text string) int { return len(text)/4 + 1 }
