package lifecycle

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// errDraining ends the streams of a daemon that ends or is replaced.
var errDraining = errors.New("hfd is going away")

// goingAway is the answer to what a daemon no longer takes up. The client asks
// again and reaches the next one.
func goingAway() *api.Error {
	return &api.Error{Code: api.CodeUnavailable, Message: "hfd is stopping or being upgraded", Hint: "try again", Retryable: true}
}

// flights are the requests in progress.
type flights struct {
	mu       sync.Mutex
	all      map[*flight]struct{}
	draining bool
	changed  chan struct{} // closed when one ends, and replaced
}

// flight is one request in progress. Exactly one of answer and cancel is set.
type flight struct {
	set      *flights
	answer   *fencedWriter           // of a single request
	cancel   context.CancelCauseFunc // of a stream
	exempted bool                    // guarded by set.mu
}

func newFlights() *flights {
	return &flights{all: map[*flight]struct{}{}, changed: make(chan struct{})}
}

// enter counts a request, unless none are taken any more.
func (s *flights) enter(f *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	f.set = s
	s.all[f] = struct{}{}
	return true
}

func (s *flights) leave(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, f)
	close(s.changed)
	s.changed = make(chan struct{})
}

// counts returns the number of single requests and of streams.
func (s *flights) counts() (requests, streams int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.all {
		if f.cancel != nil {
			streams++
		} else {
			requests++
		}
	}
	return requests, streams
}

// refuse takes no more requests.
func (s *flights) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
}

// drain takes no more requests, ends the streams and waits for the requests
// in progress, which it never cancels. Those that take longer are answered
// with goingAway, while their work goes on: their effect, if it is stored, is
// found again by the request's id.
func (s *flights) drain(limit time.Duration) {
	s.refuse()
	s.mu.Lock()
	for f := range s.all {
		if f.cancel != nil {
			f.cancel(errDraining)
		}
	}
	s.mu.Unlock()
	if !s.wait(limit, false) {
		for _, f := range s.which(false) {
			if f.answer != nil {
				f.answer.goAway()
			}
		}
	}
}

// wait waits until no request is in progress of those that are exempt or, more
// often, of those that are not.
func (s *flights) wait(limit time.Duration, exempt bool) bool {
	over := time.NewTimer(limit)
	defer over.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if len(s.which(exempt)) == 0 {
			return true
		}
		select {
		case <-changed:
		case <-over.C:
			return false
		}
	}
}

func (s *flights) which(exempt bool) []*flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fs []*flight
	for f := range s.all {
		if f.exempted == exempt {
			fs = append(fs, f)
		}
	}
	return fs
}

// reopen takes requests again.
func (s *flights) reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = false
}

// exempt lets the drain go on without waiting for this request.
func (f *flight) exempt() {
	f.set.mu.Lock()
	f.exempted = true
	f.set.mu.Unlock()
	f.set.nudge()
}

func (s *flights) nudge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

type flightKey struct{}

func flightOf(ctx context.Context) *flight {
	f, _ := ctx.Value(flightKey{}).(*flight)
	return f
}

// single counts h's requests, so that a drain waits for them.
func (s *flights) single(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fw := &fencedWriter{w: w, header: http.Header{}}
		f := &flight{answer: fw}
		if !s.enter(f) {
			writeError(w, goingAway())
			return
		}
		defer s.leave(f)
		h.ServeHTTP(fw, r.WithContext(context.WithValue(r.Context(), flightKey{}, f)))
		fw.finish()
	})
}

// stream counts h's requests, whose context a drain ends. Such a stream is cut
// off without its last chunk: a client that sees the end of a chunked body
// knows that there is no more, one that does not asks again.
func (s *flights) stream(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		f := &flight{cancel: cancel}
		if !s.enter(f) {
			writeError(w, goingAway())
			return
		}
		defer s.leave(f)
		h.ServeHTTP(w, r.WithContext(ctx))
		if errors.Is(context.Cause(ctx), errDraining) {
			panic(http.ErrAbortHandler)
		}
	})
}

// fencedWriter is a response that is sent when the handler has made it, whole
// and before the request counts as over: a daemon that then ends cuts off none.
// Until it is sent it may be answered from outside the handler.
type fencedWriter struct {
	mu     sync.Mutex
	w      http.ResponseWriter
	header http.Header // the handler's
	status int         // 0 = not yet said
	body   bytes.Buffer
	begun  bool // to be sent
	gone   bool // nothing more is sent
}

// Header implements http.ResponseWriter.
func (f *fencedWriter) Header() http.Header { return f.header }

// WriteHeader implements http.ResponseWriter.
func (f *fencedWriter) WriteHeader(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status == 0 {
		f.status = status
	}
}

// Write implements http.ResponseWriter.
func (f *fencedWriter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.gone:
		return 0, errDraining
	case f.begun:
		return f.w.Write(p)
	}
	return f.body.Write(p)
}

// FlushError is found by http.ResponseController. It sends what there is, and
// from then on what comes.
func (f *fencedWriter) FlushError() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return errDraining
	}
	return f.send()
}

// send writes what there is. The error is that of a client that is gone.
func (f *fencedWriter) send() error {
	if !f.begun {
		f.begun = true
		maps.Copy(f.w.Header(), f.header)
		f.w.WriteHeader(cmp.Or(f.status, http.StatusOK))
		if _, err := f.w.Write(f.body.Bytes()); err != nil && f.body.Len() > 0 {
			return err
		}
	}
	return http.NewResponseController(f.w).Flush()
}

// finish sends the response of a handler that is done, and fences off what it
// may have left running.
func (f *fencedWriter) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return
	}
	if !f.begun && f.status != http.StatusNoContent && f.status != http.StatusNotModified {
		f.header.Set("Content-Length", strconv.Itoa(f.body.Len()))
	}
	_ = f.send() // the client may be gone: then nobody waits for it
	f.gone = true
}

// goAway answers for a handler that has not begun to.
func (f *fencedWriter) goAway() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone || f.begun {
		return
	}
	f.gone = true
	writeError(f.w, goingAway())
	_ = http.NewResponseController(f.w).Flush() // the client may be gone: then nobody waits for it
}

// writeError answers a request that the application does not see. The
// application has the table of all codes and their status; these are few.
func writeError(w http.ResponseWriter, e *api.Error) {
	status := http.StatusInternalServerError
	switch e.Code { //nolint:exhaustive // all others are failures of the start
	case api.CodeUnavailable:
		status = http.StatusServiceUnavailable
		w.Header().Set("Connection", "close")
	case api.CodeInvalid:
		status = http.StatusBadRequest
	case api.CodeConflict:
		status = http.StatusConflict
	}
	writeJSON(w, status, e)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"code":"internal","message":"encode the answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // nobody is left to tell
}
