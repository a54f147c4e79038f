package acp

import (
	"encoding/json"

	"github.com/hf-dev/hf/pkg/api"
)

// update folds a session/update notification. A kind it does not know stays
// what it is.
func (m *Machine) update(params json.RawMessage, line []byte) {
	var p struct {
		Update sessionUpdate `json:"update"`
	}
	decode(params, &p)
	u := &p.Update
	if m.replaying() && !settingKind(u.Kind) {
		return // hf's own journal is the truth of what happened
	}
	switch u.Kind {
	case "agent_message_chunk":
		m.chunk(api.EntryText, u, line)
	case "agent_thought_chunk":
		m.chunk(api.EntryThought, u, line)
	case "tool_call", "tool_call_update":
		m.toolUpdated(params, line)
	case "plan", "plan_update":
		m.planned(u, line)
	case "current_mode_update":
		if u.CurrentModeID != "" && u.CurrentModeID != m.s.Mode {
			m.modeIs(u.CurrentModeID)
		}
	case "config_option_update":
		m.optionsChanged(u.Options)
	case "usage_update":
		m.used(u)
	case "session_info_update":
		if u.Title != "" {
			m.s.Title = clip(u.Title, 1<<10)
		}
		if status := u.Meta.Codex.ThreadStatus.Type; status != "" && m.s.Turn != nil {
			m.s.Turn.Broken = status == "systemError"
		}
		m.other(line)
	case "available_commands_update":
		m.commands(u)
	default:
		m.other(line)
	}
}

// replaying reports whether the agent is loading an earlier conversation and
// what it says happened long ago.
func (m *Machine) replaying() bool {
	return m.s.Session == stepSent && m.s.Method != "session/new"
}

func settingKind(kind string) bool {
	return kind == "current_mode_update" || kind == "config_option_update" || kind == "session_info_update"
}

func (m *Machine) chunk(kind api.EntryKind, u *sessionUpdate, line []byte) {
	var b contentBlock
	decode(u.Content, &b)
	switch {
	case b.Type == "text" || b.Type == "" && b.Text != "":
		if b.Text != "" {
			if kind == api.EntryText && u.MessageID == "" && m.s.Turn != nil {
				m.s.Turn.Notice = clip(b.Text, 1<<10)
			}
			m.emit(api.Entry{Kind: kind, Text: b.Text, MessageID: u.MessageID})
		}
	case b.Type == "resource_link" && b.URI != "":
		m.emit(api.Entry{Kind: kind, Text: b.URI, MessageID: u.MessageID})
	default:
		m.other(line)
	}
}

func (m *Machine) planned(u *sessionUpdate, line []byte) {
	entries := u.Entries
	if entries == nil {
		entries = u.Plan.Entries
	}
	if entries == nil {
		m.other(line)
		return
	}
	plan := make([]api.PlanEntry, len(entries))
	for i, e := range entries {
		plan[i] = api.PlanEntry{Content: e.Content, Status: e.Status, Priority: e.Priority}
	}
	m.emit(api.Entry{Kind: api.EntryPlan, Plan: plan})
}

func (m *Machine) optionsChanged(options []configOption) {
	if o, ok := offerOf(options, "model"); ok && o.current != "" {
		m.s.Model = o.current
	}
	for i := range options {
		o := &options[i]
		if !isOption(o, "mode") {
			continue
		}
		if len(m.s.Modes) == 0 {
			m.s.Modes = o.values()
		}
		if now := o.current(); now != "" && now != m.s.Mode {
			m.modeIs(now)
		}
	}
}

func (m *Machine) used(u *sessionUpdate) {
	if r := u.Meta.RateLimit; r != nil {
		m.s.RateReset = nil
		if r.Status == "rejected" {
			m.s.RateReset = unixReset(r.ResetsAt)
		}
	}
	now := api.Usage{ContextUsed: u.Used, ContextSize: u.Size}
	if u.Cost != nil && (u.Cost.Currency == "" || u.Cost.Currency == "USD") {
		now.CostUSD = u.Cost.Amount
	}
	if same(now.ContextUsed, m.s.Usage.ContextUsed) && same(now.ContextSize, m.s.Usage.ContextSize) && (now.CostUSD == nil || same(now.CostUSD, m.s.Usage.CostUSD)) {
		return
	}
	if now.CostUSD == nil {
		now.CostUSD = m.s.Usage.CostUSD
	}
	m.s.Usage = now
	m.emit(api.Entry{Kind: api.EntryUsage, Usage: &now})
}

// commands keeps only the names: with their descriptions these updates are the
// largest an agent sends, and nothing here uses them yet.
func (m *Machine) commands(u *sessionUpdate) {
	names := make([]string, len(u.Commands))
	for i, c := range u.Commands {
		names[i] = clip(c.Name, 100)
	}
	raw, err := json.Marshal(object{"sessionUpdate": u.Kind, "names": names})
	if err != nil {
		return
	}
	m.emit(api.Entry{Kind: api.EntryOther, Raw: raw})
}

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
