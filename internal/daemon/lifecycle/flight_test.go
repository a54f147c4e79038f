package lifecycle

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

func TestResponseIsSentBeforeTheRequestIsOver(t *testing.T) {
	tests := []struct {
		name   string
		h      http.HandlerFunc
		status int
		body   string
		length int64
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, "", 0},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, "", 0},
		{"long", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Test", "y")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
			_, _ = io.WriteString(w, "y")
		}, 202, strings.Repeat("x", 1<<20) + "y", 1<<20 + 1},
		{"flushed", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "b")
		}, 200, "ab", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newFlights()
			srv := httptest.NewServer(s.single(tt.h))
			defer srv.Close()
			resp, err := http.Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			b, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != tt.status || string(b) != tt.body || resp.ContentLength != tt.length {
				t.Errorf("status %d, %d bytes of %d, %v", resp.StatusCode, len(b), resp.ContentLength, err)
			}
		})
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFlights()
		var late error
		serve := func(h http.HandlerFunc) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			go s.single(h).ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
			return w
		}
		quick := serve(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			if r.Context().Err() != nil {
				t.Error("a single request was cancelled")
			}
			_, _ = io.WriteString(w, "done")
		})
		slow := serve(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Minute)
			if r.Context().Err() != nil {
				t.Error("a single request was cancelled")
			}
			_, late = io.WriteString(w, "too late")
		})
		asker := serve(func(_ http.ResponseWriter, r *http.Request) {
			flightOf(r.Context()).exempt()
			time.Sleep(time.Hour)
		})
		var aborted any
		go func() {
			defer func() { aborted = recover() }()
			h := s.stream(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
		synctest.Wait()
		if requests, streams := s.counts(); requests != 3 || streams != 1 {
			t.Errorf("%d requests and %d streams", requests, streams)
		}
		began := time.Now()
		s.drain(2 * time.Second)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		if quick.Body.String() != "done" || slow.Code != http.StatusServiceUnavailable || slow.Header().Get("Connection") != "close" {
			t.Errorf("quick %q, slow %d %q", quick.Body, slow.Code, slow.Body)
		}
		if aborted != http.ErrAbortHandler { //nolint:errorlint // a panic's value, not an error
			t.Errorf("the stream ended with %v", aborted)
		}
		refused := serve(func(http.ResponseWriter, *http.Request) { t.Error("a request was taken up") })
		synctest.Wait()
		if refused.Code != http.StatusServiceUnavailable {
			t.Errorf("while draining: %d", refused.Code)
		}
		s.reopen()
		again := serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "again") })
		synctest.Wait()
		if again.Body.String() != "again" {
			t.Errorf("after it: %d %q", again.Code, again.Body)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if asker.Code != http.StatusOK {
			t.Errorf("the one who asked for the drain was told %d %q", asker.Code, asker.Body)
		}
		if !errors.Is(late, errDraining) || strings.Contains(slow.Body.String(), "too late") {
			t.Errorf("the slow handler wrote after its answer: %v, %q", late, slow.Body)
		}
	})
}

// Who was told that the daemon stops is not answered by it any more.
func TestNothingIsTakenOnceItWasToldToStop(t *testing.T) {
	d := &Daemon{flights: newFlights(), stop: make(chan struct{})}
	if err := d.Stop(t.Context(), api.Stop{}); err != nil {
		t.Fatal(err)
	}
	if d.flights.enter(&flight{}) {
		t.Error("a request is taken behind the stop")
	}
}
