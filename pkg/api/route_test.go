package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// What the client writes into a path is what the server reads out of it.
func TestPathIsUnderstoodByServeMux(t *testing.T) {
	for _, want := range []string{"k3f9", "feat/login", ".", "..", "a b", "git@example.com:team/app.git", "/abs/path", "100%", "../..", "x?y#z"} {
		got := ""
		mux := http.NewServeMux()
		mux.HandleFunc(RouteRepoTrust.String(), func(_ http.ResponseWriter, r *http.Request) { got = r.PathValue("repo") })
		r, err := http.NewRequestWithContext(t.Context(), RouteRepoTrust.Method, RouteRepoTrust.Path(want), nil)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if got != want || w.Code != http.StatusOK {
			t.Errorf("%s: the server reads %q (%d), want %q", RouteRepoTrust.Path(want), got, w.Code, want)
		}
	}
}
