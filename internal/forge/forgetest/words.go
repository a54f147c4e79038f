package forgetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// word is a thing that Do can do.
type word struct {
	name, args, about string
	least             int
	do                func(h *Hub, args []string) (any, error)
}

// Do carries out one command in words, as scripts and people have them, and returns
// what it has to say; Words lists them. Over HTTP it is POST /_hub/do with a JSON
// array of words.
func (h *Hub) Do(args ...string) (string, error) {
	if len(args) == 0 {
		return "", errors.New("no command")
	}
	for _, w := range words() {
		if w.name != args[0] {
			continue
		}
		if len(args)-1 < w.least {
			return "", fmt.Errorf("usage: %s %s", w.name, w.args)
		}
		out, err := w.do(h, append(args[1:], make([]string, 8)...)[:max(len(args)-1, 8)])
		if err != nil || out == nil {
			return "", err
		}
		if text, ok := out.(string); ok {
			return text + "\n", nil
		}
		text, err := json.MarshalIndent(out, "", "  ")
		return string(text) + "\n", err
	}
	return "", fmt.Errorf("there is no command %q; there are:\n%s", args[0], Words())
}

// Words tells what Do understands.
func Words() string {
	var b strings.Builder
	for _, w := range words() {
		fmt.Fprintf(&b, "  %-10s %-42s %s\n", w.name, w.args, w.about)
	}
	return b.String()
}

// inRepo is a word about a repository, which is its first argument.
func inRepo(do func(r *Repo, a []string) (any, error)) func(*Hub, []string) (any, error) {
	return func(h *Hub, args []string) (any, error) {
		r, err := h.Repo(args[0])
		if err != nil {
			return nil, err
		}
		return do(r, args[1:])
	}
}

// inPull is a word about a pull request: REPO NUMBER BY.
func inPull(do func(r *Repo, number int, by string, a []string) error) func(*Hub, []string) (any, error) {
	return inRepo(func(r *Repo, a []string) (any, error) {
		n, err := strconv.Atoi(strings.TrimPrefix(a[0], "#"))
		if err != nil {
			return nil, fmt.Errorf("%q is no number of a pull request", a[0])
		}
		return nil, do(r, n, a[1], a[2:])
	})
}

func unescape(s string) string { return strings.ReplaceAll(s, `\n`, "\n") }

func words() []word {
	return append(repoWords(), hubWords()...)
}

func repoWords() []word {
	return []word{
		{"repo", "OWNER/NAME", "makes a repository", 1, func(h *Hub, a []string) (any, error) {
			r, err := h.CreateRepo(a[0], Settings{})
			if err != nil {
				return nil, err
			}
			return r.SSH(), nil
		}},
		{"set", "REPO SETTINGS", "changes settings, given as JSON", 2, inRepo(func(r *Repo, a []string) (any, error) {
			var err error
			return nil, errors.Join(r.Set(func(s *Settings) { err = json.Unmarshal([]byte(a[0]), s) }), err)
		})},
		{"rename", "REPO OWNER/NAME", "renames a repository", 2, inRepo(func(r *Repo, a []string) (any, error) { return nil, r.Rename(a[0]) })},
		{"commit", "REPO BY BRANCH PATH TEXT", "somebody pushes a commit", 5, inRepo(func(r *Repo, a []string) (any, error) {
			return r.Commit(a[0], a[1], a[2], unescape(a[3]))
		})},
		{"force-push", "REPO BY BRANCH PATH TEXT", "somebody replaces the last commit", 5, inRepo(func(r *Repo, a []string) (any, error) {
			return r.ForcePush(a[0], a[1], a[2], unescape(a[3]))
		})},
		{"delete", "REPO BRANCH", "deletes a branch", 2, inRepo(func(r *Repo, a []string) (any, error) { return nil, r.DeleteBranch(a[0]) })},
		{"tip", "REPO BRANCH", "prints the commit of a branch", 2, inRepo(func(r *Repo, a []string) (any, error) {
			tip, err := r.Tip(a[0])
			if err == nil && tip == "" {
				err = fmt.Errorf("there is no branch %s", a[0])
			}
			return tip, err
		})},
		{"check", "REPO REF NAME CONCLUSION|pending [LOG]", "sets a check of a commit or branch", 4, inRepo(func(r *Repo, a []string) (any, error) {
			c := Check{Name: a[1], Conclusion: a[2], Log: unescape(a[3])}
			if c.Conclusion == "pending" {
				c.Conclusion = ""
			}
			return nil, r.SetCheck(a[0], c)
		})},
		{"status", "REPO REF CONTEXT STATE", "sets a commit status", 4, inRepo(func(r *Repo, a []string) (any, error) {
			return nil, r.SetStatus(a[0], Status{Context: a[1], State: a[2]})
		})},
		{"open", "REPO BY HEAD BASE TITLE", "somebody opens a pull request", 5, inRepo(func(r *Repo, a []string) (any, error) {
			n, err := r.OpenPull(a[0], Pull{Head: a[1], Base: a[2], Title: a[3]})
			return strconv.Itoa(n), err
		})},
		{"approve", "REPO N BY [TEXT]", "approves a pull request", 3, inPull(func(r *Repo, n int, by string, a []string) error {
			return r.Review(n, by, Review{State: "APPROVED", Body: unescape(a[0])})
		})},
		{"refuse", "REPO N BY TEXT [PATH LINE TEXT]", "requests changes, with a thread", 4, inPull(func(r *Repo, n int, by string, a []string) error {
			review := Review{State: "CHANGES_REQUESTED", Body: unescape(a[0])}
			if a[1] != "" {
				line, err := strconv.Atoi(a[2])
				if err != nil {
					return fmt.Errorf("%q is no line", a[2])
				}
				review.Threads = []Thread{{Path: a[1], Line: line, Body: unescape(a[3])}}
			}
			return r.Review(n, by, review)
		})},
		{"comment", "REPO N BY TEXT", "comments on a pull request", 4, inPull(func(r *Repo, n int, by string, a []string) error {
			return r.Comment(n, by, unescape(a[0]))
		})},
		{"resolve", "REPO N BY", "resolves the threads", 3, inPull(func(r *Repo, n int, by string, _ []string) error { return r.ResolveThreads(n, by) })},
		{"merge", "REPO N BY merge|squash|rebase", "merges a pull request from outside", 4, inPull(func(r *Repo, n int, by string, a []string) error {
			return r.Merge(n, by, a[0])
		})},
		{"close", "REPO N BY", "closes a pull request", 3, inPull(func(r *Repo, n int, by string, _ []string) error { return r.Close(n, by) })},
		{"reopen", "REPO N BY", "opens it again", 3, inPull(func(r *Repo, n int, by string, _ []string) error { return r.Reopen(n, by) })},
		{"pulls", "REPO", "prints the pull requests", 1, inRepo(func(r *Repo, _ []string) (any, error) { return r.Pulls() })},
		{"pull", "REPO N", "prints a pull request", 2, inRepo(func(r *Repo, a []string) (any, error) {
			n, err := strconv.Atoi(a[0])
			if err != nil {
				return nil, fmt.Errorf("%q is no number of a pull request", a[0])
			}
			return r.Pull(n)
		})},
	}
}

func hubWords() []word {
	return []word{
		{"token", "LOGIN", "prints a new token of a user", 1, func(h *Hub, a []string) (any, error) { return h.Token(a[0]), nil }},
		{"org", "LOGIN [MEMBER...]", "makes an organization", 1, func(h *Hub, a []string) (any, error) {
			var members []string
			for _, m := range a[1:] {
				if m != "" {
					members = append(members, m)
				}
			}
			h.Organization(a[0], members...)
			return nil, nil
		}},
		{"authorize", "LOGIN [CODE]", "says yes to a device code", 1, func(h *Hub, a []string) (any, error) { return nil, h.Authorize(a[1], a[0]) }},
		{"deny", "[CODE]", "says no to a device code", 0, func(h *Hub, a []string) (any, error) { return nil, h.Deny(a[0]) }},
		{"expire", "[CODE]", "ends the time of a device code", 0, func(h *Hub, a []string) (any, error) { return nil, h.Expire(a[0]) }},
		{"revoke", "TOKEN", "makes a token worthless", 1, func(h *Hub, a []string) (any, error) { h.Revoke(a[0]); return nil, nil }},
		{"spend", "TOKEN N", "leaves N requests in the budgets of a token", 2, func(h *Hub, a []string) (any, error) {
			n, err := strconv.Atoi(a[1])
			if err == nil {
				h.Spend(a[0], n)
			}
			return nil, err
		}},
		{"saw", "TOKEN [WHAT]", "prints whether a token came, see Request.Is", 1, func(h *Hub, a []string) (any, error) { return strconv.FormatBool(h.Saw(a[0], a[1])), nil }},
		{"count", "[WHAT]", "prints how many requests came, see Request.Is", 0, func(h *Hub, a []string) (any, error) { return strconv.Itoa(h.Count(a[0])), nil }},
		{"fail", "KIND [MATCH [TIMES [late]]]", "lets requests fail; kinds are those of Fault", 1, func(h *Hub, a []string) (any, error) {
			f := Fault{Kind: FaultKind(a[0]), Match: a[1], Late: a[3] == "late", Delay: 5 * time.Second}
			if err := f.Kind.known(); err != nil {
				return nil, err
			}
			if a[2] != "" {
				n, err := strconv.Atoi(a[2])
				if err != nil {
					return nil, fmt.Errorf("%q is no number", a[2])
				}
				f.Times = n
			}
			h.Fail(f)
			return nil, nil
		}},
		{"heal", "", "ends all faults", 0, func(h *Hub, _ []string) (any, error) { h.Heal(); return nil, h.Offline(false) }},
		{"offline", "", "cuts git off", 0, func(h *Hub, _ []string) (any, error) { return nil, h.Offline(true) }},
		{"requests", "", "prints the requests so far", 0, func(h *Hub, _ []string) (any, error) { return h.Requests(), nil }},
		{"forget", "", "empties the log of requests", 0, func(h *Hub, _ []string) (any, error) { h.Forget(); return nil, nil }},
		{"help", "", "prints this", 0, func(*Hub, []string) (any, error) { return strings.TrimSuffix(Words(), "\n"), nil }},
	}
}

// serveWords is Do over HTTP.
func (h *Hub) serveWords(w http.ResponseWriter, r *http.Request) {
	var args []string
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&args) != nil {
		http.Error(w, "POST a JSON array of words", http.StatusBadRequest)
		return
	}
	out, err := h.Do(args...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	_, _ = w.Write([]byte(out)) // fails when the client is gone
}
