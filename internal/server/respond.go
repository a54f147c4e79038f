package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// statusOf is the one table from error codes to HTTP statuses. It has every
// code; clients go by the code and not by the status.
func statusOf() map[api.Code]int {
	return map[api.Code]int{
		api.CodeInvalid:      http.StatusBadRequest,
		api.CodeUnauthorized: http.StatusUnauthorized,
		api.CodeUntrusted:    http.StatusForbidden,
		api.CodeNotFound:     http.StatusNotFound,
		api.CodeAmbiguous:    http.StatusConflict,
		api.CodeConflict:     http.StatusConflict,
		api.CodeExists:       http.StatusConflict,
		api.CodeMergeStopped: http.StatusConflict,
		api.CodeHalted:       http.StatusConflict,
		api.CodeTooOld:       http.StatusPreconditionFailed,
		api.CodeCheck:        http.StatusUnprocessableEntity,
		api.CodeSetup:        http.StatusUnprocessableEntity,
		api.CodeGit:          http.StatusUnprocessableEntity,
		api.CodeAgentMissing: http.StatusUnprocessableEntity,
		api.CodeLimit:        http.StatusTooManyRequests,
		api.CodeAgent:        http.StatusBadGateway,
		api.CodeForge:        http.StatusBadGateway,
		api.CodeUnavailable:  http.StatusServiceUnavailable,
		api.CodeTimeout:      http.StatusGatewayTimeout,
		api.CodeSchemaNewer:  http.StatusInternalServerError,
		api.CodeCorrupt:      http.StatusInternalServerError,
		api.CodeDiskFull:     http.StatusInsufficientStorage,
		api.CodeReadOnly:     http.StatusInsufficientStorage,
		api.CodeInternal:     http.StatusInternalServerError,
	}
}

// answer makes an endpoint of a function that returns one JSON document.
func answer[T any](status int, f func(*request) (T, error)) func(http.ResponseWriter, *request) error {
	return func(w http.ResponseWriter, r *request) error {
		v, err := f(r)
		if err != nil {
			return err
		}
		if r.id != "" {
			fault.Pass("server.reply") // it is done, and nobody knows
		}
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
		write(w, status, b)
		return nil
	}
}

func write(w http.ResponseWriter, status int, document []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(status)
	_, _ = w.Write(document) // nobody is left to tell
}

// guard surrounds every endpoint: headers, authorisation, request ids, errors,
// panics and the log.
func (s *server) guard(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		w.Header().Set(api.HeaderLevel, strconv.Itoa(api.Level))
		w.Header().Set(api.HeaderVersion, s.cfg.Version)
		out := &tracked{ResponseWriter: w}
		log := s.cfg.Log.With("route", e.route.String(), "request", r.Header.Get(api.HeaderRequest))
		err := s.serve(out, r, e, log)
		if err != nil {
			s.fail(out, r, err, log)
		}
		log.Debug("served", "status", out.status, "ms", time.Since(began).Milliseconds())
	})
}

// serve runs an endpoint and turns its panic into an error.
func (s *server) serve(w http.ResponseWriter, r *http.Request, e endpoint, log *slog.Logger) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		log.Error("panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		err = &api.Error{Code: api.CodeInternal, Message: fmt.Sprintf("hfd has a bug: %v", p), Hint: "see `hf backend logs`"}
	}()
	if s.cfg.Authorise != nil {
		if err := s.cfg.Authorise(r); err != nil {
			return err
		}
	}
	id, err := requestID(r)
	if err != nil {
		return err
	}
	return e.handle(w, &request{Request: r, s: s, id: id})
}

// fail answers with an error. When an answer has begun, the connection is cut
// instead: the client asks again and gets the error as its first line.
func (s *server) fail(w *tracked, r *http.Request, err error, log *slog.Logger) {
	if r.Context().Err() != nil {
		log.Debug("abandoned", "err", err)
		if w.status == 0 {
			writeError(w, errGone(r.Context()))
		}
		return
	}
	e := wireError(err)
	if e.Code == api.CodeInternal || e.Code == api.CodeCorrupt {
		log.Error("failed", "err", err)
	}
	if w.status != 0 {
		log.Warn("cut off", "err", err)
		panic(http.ErrAbortHandler)
	}
	writeError(w, e)
}

func writeError(w http.ResponseWriter, e *api.Error) {
	status, ok := statusOf()[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	b, err := json.Marshal(e)
	if err != nil {
		b = []byte(`{"code":"internal","message":"encode the error"}`)
	}
	write(w, status, b)
}

// wireError finds the *api.Error in a chain. What was wrapped around it stays
// in the message.
func wireError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		out := *e
		out.Message = err.Error()
		return &out
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &api.Error{Code: api.CodeTimeout, Message: err.Error()}
	}
	return &api.Error{Code: api.CodeInternal, Message: err.Error(), Hint: "see `hf backend logs`"}
}

// errGone answers a request whose context ended under it. If anybody still
// listens, the daemon is going away and asking again is right.
func errGone(ctx context.Context) *api.Error {
	return &api.Error{Code: api.CodeUnavailable, Message: context.Cause(ctx).Error(), Retryable: true}
}

// unknown answers a route this build does not have.
func (s *server) unknown(_ http.ResponseWriter, r *request) error {
	message := fmt.Sprintf("hfd %s has no %s %s", s.cfg.Version, r.Method, r.URL.Path)
	if level, err := strconv.Atoi(r.Header.Get(api.HeaderLevel)); err == nil && level > api.Level {
		return &api.Error{Code: api.CodeTooOld, Message: message, Hint: "`hf backend restart` starts the hfd that belongs to this hf"}
	}
	return &api.Error{Code: api.CodeNotFound, Message: message}
}

// tracked knows whether an answer has begun.
type tracked struct {
	http.ResponseWriter
	status int // 0 = not begun
}

// WriteHeader implements http.ResponseWriter.
func (t *tracked) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *tracked) Write(p []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	return t.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }
