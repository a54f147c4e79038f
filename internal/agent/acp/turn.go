package acp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// promptWritten begins a turn.
func (m *Machine) promptWritten(msg *message) {
	var p struct {
		Prompt []contentBlock `json:"prompt"`
	}
	decode(msg.Params, &p)
	id := stringID(msg.ID)
	if m.s.Turn != nil { // hf never overlaps turns; if another did, the older one has no end any more
		m.endTurn(api.StopInterrupted, nil, &api.Error{Code: api.CodeAgent, Message: "another prompt was given in the middle of the turn"})
	}
	m.s.Turn = &turn{Message: strings.TrimPrefix(id, idPrompt), ID: idKey(msg.ID), Start: m.now}
	m.s.Limit, m.s.Input, m.s.LastError, m.s.Prompted = nil, "", "", true
	e, context := promptEntry(p.Prompt)
	if context > 0 {
		m.say(fmt.Sprintf("the agent was given a summary of the earlier conversation (%d characters)", context))
	}
	m.emit(e)
}

// promptAnswered ends the turn.
func (m *Machine) promptAnswered(result json.RawMessage, failure *rpcError) {
	if failure != nil {
		m.turnFailed(failure)
		return
	}
	var r promptResult
	decode(result, &r)
	reason := api.StopReason(r.StopReason)
	switch reason {
	case api.StopEndTurn, api.StopMaxTokens, api.StopMaxTurnRequests, api.StopRefusal, api.StopCancelled:
	default:
		reason = api.StopError // never called a success
	}
	var err *api.Error
	if reason == api.StopError {
		err = &api.Error{Code: api.CodeAgent, Message: "the agent ended the turn for an unknown reason " + quote([]byte(r.StopReason))}
	}
	if m.s.Input = clip(r.Meta.HF.Input, maxTitle); m.s.Input != "" {
		m.emit(api.Entry{Kind: api.EntryQuestion, Text: m.s.Input})
	}
	if t := m.s.Turn; reason == api.StopEndTurn && t != nil && t.Broken {
		// codex ends a turn that failed like one that did not, and says only here
		// that it did.
		reason = api.StopError
		err = &api.Error{Code: api.CodeAgent, Message: cmp.Or(strings.TrimSpace(t.Notice), "the agent reports an error of its system")}
		m.emit(api.Entry{Kind: api.EntryError, Error: err})
	}
	m.endTurn(reason, turnUsage(&r), err)
}

func turnUsage(r *promptResult) *api.Usage {
	var u api.Usage
	if r.Usage != nil {
		u.InputTokens, u.OutputTokens = r.Usage.Input, r.Usage.Output
	} else if q := r.Meta.Quota; q != nil {
		u.InputTokens = firstKnown(q.Tokens.Input, q.Tokens.InputOld, q.Tokens.TotalInput)
		u.OutputTokens = firstKnown(q.Tokens.Output, q.Tokens.OutputOld)
	}
	if u == (api.Usage{}) {
		return nil
	}
	return &u
}

func firstKnown(values ...*int64) *int64 {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// turnFailed ends the turn with the agent's error, or with the usage limit
// that it is.
func (m *Machine) turnFailed(failure *rpcError) {
	err := m.rpcFailure("", failure)
	if err.Code != api.CodeLimit {
		m.s.LastError = firstLine(err.Message)
		m.emit(api.Entry{Kind: api.EntryError, Error: err})
		m.endTurn(api.StopError, nil, err)
		return
	}
	reset := limitReset(failure)
	if reset == nil {
		reset = m.s.RateReset
	}
	m.s.Limit = &limit{Text: firstLine(err.Message), Reset: reset}
	m.emit(api.Entry{Kind: api.EntryLimit, Text: err.Message, ResetAt: reset})
	m.endTurn(api.StopLimit, nil, err)
}

// endTurn closes the turn in progress and all that belongs to it.
func (m *Machine) endTurn(reason api.StopReason, usage *api.Usage, err *api.Error) {
	m.interruptTools()
	m.closeOpen(reason != api.StopInterrupted)
	if err != nil && reason != api.StopLimit {
		m.s.LastError = firstLine(err.Message)
	}
	m.emit(api.Entry{Kind: api.EntryTurnEnd, StopReason: reason, Usage: usage, Error: err})
	m.s.Turn = nil
}

// failureData is what agents put in the data of an error, as far as it decides
// anything.
type failureData struct {
	Details   string          `json:"details"`
	Message   string          `json:"message"`
	ErrorKind string          `json:"errorKind"`      // claude
	CodexInfo json.RawMessage `json:"codexErrorInfo"` // codex: a word, or an object with one key
	CodexKind json.RawMessage `json:"codex_error_info"`
	ResetsAt  float64         `json:"resetsAt"`  // seconds since 1970
	ResetsAt2 float64         `json:"resets_at"` // the same
	Restart   bool            `json:"restartable"`
	HF        hfMeta          `json:"hf"`
	Meta      struct {
		HF hfMeta `json:"hf"`
	} `json:"_meta"`
}

// rpcFailure says what an error of the agent means. Only facts of the protocol
// decide about its kind, never the words of its message.
func (m *Machine) rpcFailure(what string, e *rpcError) *api.Error {
	var d failureData
	decode(e.Data, &d)
	if d.Message == "" && d.Details == "" {
		decode(e.Data, &d.Message) // codex 0.16: the data is the text
	}
	text := strings.TrimPrefix(strings.TrimSpace(e.Message), "Internal error")
	text = strings.TrimSpace(strings.TrimPrefix(text, ":"))
	switch more := firstOf(d.Details, d.Message); {
	case text == "":
		text = firstOf(more, strings.TrimSpace(e.Message), "the agent gave no reason")
	case more != "" && !strings.Contains(text, more):
		text += ": " + more
	}
	if what != "" {
		text = what + ": " + text
	}
	out := &api.Error{Code: api.CodeAgent, Message: clip(text, maxTitle), Retryable: d.Restart}
	switch {
	case isLimit(e, &d):
		out.Code = api.CodeLimit
	case e.Code == codeAuthRequired, e.Code == codeUnauthorized, e.Code == codeForbidden, d.ErrorKind == "authentication_failed", d.codex() == "unauthorized":
		out.Code, out.Hint = api.CodeUnauthorized, firstOf(m.cfg.SignIn, "Sign in to the agent with its own program, then try again.")
	}
	return out
}

func isLimit(e *rpcError, d *failureData) bool {
	switch d.ErrorKind {
	case "rate_limit", "billing_error":
		return true
	}
	switch d.codex() {
	case "usagelimitexceeded", "ratelimitexceeded":
		return true
	}
	return e.Code == codeTooMany || d.HF.Limit != nil || d.Meta.HF.Limit != nil
}

// codex is codex's own kind of error in one spelling, or "".
func (d *failureData) codex() string {
	for _, raw := range []json.RawMessage{d.CodexInfo, d.CodexKind} {
		var word string
		decode(raw, &word)
		if word == "" {
			var object map[string]json.RawMessage
			decode(raw, &object)
			for key := range object {
				if len(object) == 1 {
					word = key
				}
			}
		}
		if word != "" {
			return strings.ToLower(strings.ReplaceAll(word, "_", ""))
		}
	}
	return ""
}

// limitReset is when the agent says that the limit ends, or nil.
func limitReset(e *rpcError) *time.Time {
	var d failureData
	decode(e.Data, &d)
	for _, l := range []hfMeta{d.HF, d.Meta.HF} {
		if l.Limit == nil {
			continue
		}
		if t, err := time.Parse(time.RFC3339Nano, l.Limit.ResetAt); err == nil {
			return resetAt(t)
		}
	}
	for _, at := range []float64{d.ResetsAt, d.ResetsAt2} {
		if t := unixReset(at); t != nil {
			return t
		}
	}
	return nil
}

// unixReset reads seconds since 1970, nil when they are no sensible time.
func unixReset(seconds float64) *time.Time {
	if seconds < 1 || seconds > math.MaxUint32*10.0 {
		return nil
	}
	return resetAt(time.Unix(int64(seconds), 0))
}

// resetAt refuses years that cannot be written down.
func resetAt(t time.Time) *time.Time {
	t = t.UTC()
	if t.Year() < 1970 || t.Year() > 9998 {
		return nil
	}
	return &t
}
