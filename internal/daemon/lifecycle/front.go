package lifecycle

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/hf-dev/hf/pkg/api"
)

// maxBody is the most a lifecycle request may carry, in bytes.
const maxBody = 64 << 10

// front serves what must be answered whatever the application does, and hands
// it the rest once it is open.
func (d *Daemon) front() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(api.RouteHello.String(), func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, d.Hello())
	})
	mux.HandleFunc(api.RouteBackend.String(), func(w http.ResponseWriter, r *http.Request) {
		b, err := d.Backend(r.Context())
		respond(w, b, err)
	})
	mux.Handle(api.RouteStop.String(), d.flights.single(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in api.Stop
		if !decode(w, r, &in) {
			return
		}
		respond(w, struct{}{}, d.Stop(r.Context(), in))
	})))
	mux.Handle(api.RouteUpgrade.String(), d.flights.single(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in api.Upgrade
		if !decode(w, r, &in) {
			return
		}
		respond(w, struct{}{}, d.Upgrade(r.Context(), in))
	})))
	app := http.HandlerFunc(d.gate)
	mux.Handle(api.RouteEvents.String(), d.flights.stream(app))
	mux.Handle(api.RouteTranscript.String(), d.flights.stream(app))
	mux.Handle("/", d.flights.single(app))
	return d.guard(mux)
}

// guard refuses what only a browser would send, and says who answers.
func (d *Daemon) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(api.HeaderLevel, strconv.Itoa(api.Level))
		w.Header().Set(api.HeaderVersion, d.cfg.Version)
		if r.Host != api.Host || r.Header.Get("Origin") != "" {
			writeError(w, &api.Error{Code: api.CodeInvalid, Message: "hfd answers hf only, and no browser"})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// gate waits until the application is open. When it could not be opened, that
// is the answer to everything.
func (d *Daemon) gate(w http.ResponseWriter, r *http.Request) {
	select {
	case <-d.opened:
	case <-r.Context().Done():
		writeError(w, goingAway())
		return
	}
	switch {
	case d.openErr == nil:
		for _, n := range d.notices() {
			w.Header().Add(api.HeaderNotice, url.QueryEscape(n))
		}
		d.handler.ServeHTTP(w, r)
	case d.phase() == api.PhaseDraining: // it was told to give up
		writeError(w, goingAway())
	default:
		writeError(w, startError(d.openErr))
	}
}

// notices are the application's. It must be open.
func (d *Daemon) notices() []string {
	if n, ok := d.app.(Noticer); ok {
		return n.Notices()
	}
	return nil
}

// startError is what clients get from a daemon that could not start. It is
// final: they do not ask again.
func startError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok && e.Code != api.CodeUnavailable {
		return e
	}
	return &api.Error{Code: api.CodeInternal, Message: "hfd could not start: " + err.Error(), Hint: "see `hf backend logs`"}
}

func respond(w http.ResponseWriter, v any, err error) {
	if err == nil {
		writeJSON(w, http.StatusOK, v)
		return
	}
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		e = &api.Error{Code: api.CodeInternal, Message: err.Error()}
	}
	writeError(w, e)
}

// decode reads a request's body. An empty one is the zero value.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if r.ContentLength == 0 {
		return true
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		writeError(w, &api.Error{Code: api.CodeInvalid, Message: "decode the request: " + err.Error()})
		return false
	}
	return true
}
