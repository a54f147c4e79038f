package demo

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

func (s *server) send(msg object) {
	msg["jsonrpc"] = "2.0"
	b, err := json.Marshal(msg)
	if err != nil {
		return // it is made of strings and numbers
	}
	s.raw(append(b, '\n'))
}

// raw writes bytes. When nobody reads them any more there is nothing left to
// do here.
func (s *server) raw(b []byte) {
	s.outMu.Lock()
	defer s.outMu.Unlock()
	if s.hung.Load() {
		return
	}
	if _, err := s.out.Write(b); err != nil {
		s.stop(0)
	}
}

func (s *server) result(id json.RawMessage, result any) { s.send(object{"id": id, "result": result}) }

func (s *server) fail(id json.RawMessage, code int, text string) {
	s.send(object{"id": id, "error": object{"code": code, "message": text}})
}

func (s *server) update(session string, update object) {
	s.send(object{"method": "session/update", "params": object{"sessionId": session, "update": update}})
}

// call asks the client something and waits for the answer.
func (s *server) call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	answer := make(chan message, 1)
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	s.waiting[id] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, id)
		s.mu.Unlock()
	}()
	s.send(object{"id": id, "method": method, "params": params})
	select {
	case m := <-answer:
		return m.Result, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *server) answered(m message) {
	id, err := strconv.ParseInt(strings.TrimSpace(string(m.ID)), 10, 64)
	if err != nil {
		return
	}
	s.mu.Lock()
	answer := s.waiting[id]
	delete(s.waiting, id)
	s.mu.Unlock()
	if answer != nil {
		answer <- m
	}
}
