package forgetest

import (
	"fmt"
	"html"
	"net/http"
	"strings"
)

// page is a pull request for a person's browser: /OWNER/NAME/pull/NUMBER. It is what
// a demonstration has to look at, and says only what the API says.
func (h *Hub) page(w http.ResponseWriter, r *http.Request) bool {
	var owner, name string
	var n int
	if _, err := fmt.Sscanf(strings.ReplaceAll(r.URL.Path, "/", " "), "%s %s pull %d", &owner, &name, &n); err != nil || r.Method != http.MethodGet {
		return false
	}
	h.mu.Lock()
	found := h.repoNamed(owner + "/" + name)
	hidden := found == nil || found.settings.Private
	h.mu.Unlock()
	if hidden {
		http.NotFound(w, r)
		return true
	}
	p, err := (&Repo{h, found}).Pull(n)
	if err != nil {
		http.NotFound(w, r)
		return true
	}
	var b strings.Builder
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(&b, "<tr><th align=left>%s<td>%s\n", what, html.EscapeString(text))
		}
	}
	fmt.Fprintf(&b, "<!doctype html><meta charset=utf-8><title>%[1]s #%[2]d</title><h1>%[1]s #%[2]d</h1><table>\n", html.EscapeString(p.Title), p.Number)
	line("state", p.State)
	if p.Draft {
		line("draft", "yes")
	}
	line("branches", p.Head+" → "+p.Base)
	line("author", p.Author)
	line("checks", p.Checks)
	line("reviews", p.Decision)
	line("merge", p.Merge)
	fmt.Fprintf(&b, "</table><pre>%s</pre>\n", html.EscapeString(p.Body))
	for _, c := range p.Comments {
		fmt.Fprintf(&b, "<hr><pre>%s</pre>\n", html.EscapeString(c))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(b.String())) // fails when the browser is gone
	return true
}
