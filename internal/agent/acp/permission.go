package acp

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// idAlphabet has no characters that look alike.
const idAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// askPermission folds a permission request. Its tool call may be news: not
// every agent tells of it before.
func (m *Machine) askPermission(msg *message) {
	var p permissionParams
	decode(msg.Params, &p)
	var u toolUpdate
	decode(p.ToolCall, &u)
	if u.ID == "" {
		u.ID = fmt.Sprintf("permission-%d", m.s.Counter+1)
	}
	t := m.mergeTool(&u)
	if t.Call.Kind == "execute" && t.Call.Command == "" && len(u.RawInput) == 0 {
		t.Call.Command = t.Call.Title // gemini says the command nowhere else
	}
	r := api.PermissionRequest{
		ID: m.shortID(msg.ID), State: api.PermissionOpen, CreatedAt: m.now,
		Title: t.Call.Title, Kind: t.Call.Kind, Command: t.Call.Command, Paths: slices.Clone(t.Call.Paths),
		Diff: diffText(t.Call.Diffs), Options: []api.PermissionOption{},
	}
	if r.Title == "" {
		r.Title = firstOf(firstLine(r.Command), t.Call.Name, t.Call.Kind, "a tool call")
	}
	for _, o := range p.Options[:min(len(p.Options), maxFields)] {
		r.Options = append(r.Options, api.PermissionOption{ID: o.ID, Kind: o.Kind, Name: o.Name})
	}
	a := asked{Request: request(r), RPC: msg.ID, Tool: t.Call.ID}
	a.Policy = !t.MorePaths && m.allowedByPolicy(&r)
	m.s.Asked = append(m.s.Asked, a)
	shown := a.Request.clone()
	m.emit(api.Entry{Kind: api.EntryPermission, Permission: &shown})
}

// shortID names a request of the agent for people: the same in every fold of
// this journal, and with all likelihood in no other.
func (m *Machine) shortID(rpc json.RawMessage) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", m.s.Salt, m.s.ACPID, idKey(rpc), m.s.next()))
	id := make([]byte, 6)
	for i := range id {
		letters := idAlphabet
		if i == 0 {
			letters = idAlphabet[:23] // a shell word that looks like no number
		}
		id[i] = letters[int(sum[i])%len(letters)]
	}
	return string(id)
}

// allowedByPolicy reports whether the session's policy answers for the person.
func (m *Machine) allowedByPolicy(r *api.PermissionRequest) bool {
	if allowOption(r.Options) == "" {
		return false
	}
	switch m.cfg.Permission {
	case api.PermissionAll:
		return true
	case api.PermissionEdits:
		return r.Kind == "edit" && len(r.Paths) > 0 && !slices.ContainsFunc(r.Paths, func(p string) bool { return !m.inside(p) })
	default:
		return false
	}
}

// inside reports whether a path lies in the working directory by its name, and
// not in git's own files, which are no edits of the work.
func (m *Machine) inside(path string) bool {
	if filepath.IsAbs(path) {
		rel, err := filepath.Rel(m.cfg.Cwd, path)
		if err != nil {
			return false
		}
		path = rel
	}
	if !filepath.IsLocal(path) {
		return false
	}
	for part := range strings.SplitSeq(filepath.Clean(path), string(filepath.Separator)) {
		if strings.EqualFold(part, ".git") {
			return false
		}
	}
	return true
}

// allowOption is the option that allows this once, else for longer, or "".
func allowOption(options []api.PermissionOption) string {
	for _, kind := range []string{"allow_once", "allow_always"} {
		for _, o := range options {
			if o.Kind == kind {
				return o.ID
			}
		}
	}
	return ""
}

// permissionAnswered folds hf's answer to the ith open request.
func (m *Machine) permissionAnswered(i int, msg *message) {
	a := m.s.Asked[i]
	var r permissionResult
	decode(msg.Result, &r)
	state, text := api.PermissionCancelled, ""
	if r.Outcome.Outcome == "selected" {
		state = api.PermissionDenied
		for _, o := range a.Request.Options {
			if o.ID == r.Outcome.OptionID && strings.HasPrefix(o.Kind, "allow") {
				state = api.PermissionAllowed
			}
		}
		if a.Policy && state == api.PermissionAllowed {
			text = fmt.Sprintf("allowed by the permission policy %q", m.cfg.Permission)
		}
	}
	m.s.Asked = remove(m.s.Asked, i)
	if state == api.PermissionDenied {
		for i := range m.s.Tools {
			if t := &m.s.Tools[i]; t.Call.ID == a.Tool {
				t.Denied = true
			}
		}
	}
	m.resolve(&a, state, text)
}

func (m *Machine) resolve(a *asked, state api.PermissionState, text string) {
	p := a.Request.clone()
	now := m.now
	p.State, p.ResolvedAt = state, &now
	m.emit(api.Entry{Kind: api.EntryResolved, Permission: &p, Text: text})
}

// requestCancelled folds the agent's word that it no longer waits for an
// answer. It still gets one, as JSON-RPC wants it.
func (m *Machine) requestCancelled(params json.RawMessage) {
	var p struct {
		ID json.RawMessage `json:"requestId"`
	}
	decode(params, &p)
	key := idKey(p.ID)
	for i := range m.s.Asked {
		if a := m.s.Asked[i]; idKey(a.RPC) == key {
			m.s.Asked = remove(m.s.Asked, i)
			m.withdraw(&a)
			return
		}
	}
	for i := range m.s.Questions {
		if q := m.s.Questions[i]; idKey(q.RPC) == key {
			m.s.Questions = remove(m.s.Questions, i)
			m.dropQuestion(&q, true)
			return
		}
	}
}

func (m *Machine) withdraw(a *asked) {
	m.s.Replies = append(m.s.Replies, reply{Key: "cancel/" + a.Request.ID, RPC: a.RPC, Line: string(selectedLine(a.RPC, ""))})
	m.resolve(a, api.PermissionCancelled, "")
}

// closeOpen ends everything that waits for a person. With alive, the agent is
// told too.
func (m *Machine) closeOpen(alive bool) {
	open, questions := m.s.Asked, m.s.Questions
	m.s.Asked, m.s.Questions = nil, nil
	for i := range open {
		if alive {
			m.withdraw(&open[i])
		} else {
			m.resolve(&open[i], api.PermissionCancelled, "")
		}
	}
	for i := range questions {
		m.dropQuestion(&questions[i], alive)
	}
}

// Answer returns the line that chooses an option of an open permission request.
func (m *Machine) Answer(permission, optionID string) ([]byte, error) {
	for i := range m.s.Asked {
		a := &m.s.Asked[i]
		if a.Request.ID != permission {
			continue
		}
		for _, o := range a.Request.Options {
			if o.ID == optionID {
				return selectedLine(a.RPC, optionID), nil
			}
		}
		return nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("the agent offers no option %q for this request", optionID)}
	}
	return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no open permission request %q", permission)}
}

// diffText shows edits as text: what goes with -, what comes with +.
func diffText(diffs []api.ToolDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		old := ""
		if d.Old != nil {
			old = *d.Old
			fmt.Fprintf(&b, "--- %s\n", d.Path)
		} else {
			b.WriteString("--- /dev/null\n")
		}
		fmt.Fprintf(&b, "+++ %s\n", d.Path)
		before, after := splitLines(old), splitLines(d.New)
		head := commonPrefix(before, after)
		before, after = before[head:], after[head:]
		end := commonSuffix(before, after)
		for _, l := range before[:len(before)-end] {
			b.WriteString("-" + l + "\n")
		}
		for _, l := range after[:len(after)-end] {
			b.WriteString("+" + l + "\n")
		}
	}
	return clip(b.String(), maxShown)
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func commonPrefix(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonSuffix(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
