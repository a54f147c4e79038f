package acp

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// protocolVersion is the one version of ACP that hf speaks.
const protocolVersion = 1

// Due returns what must be written to the agent now and is not in the journal:
// the next step of the handshake, refusals, answers that the permission policy
// gives, and file calls.
func (m *Machine) Due() []Outgoing {
	s := &m.s
	if s.Exit != nil {
		return nil
	}
	var due []Outgoing
	if key, line := m.nextStep(); key != "" {
		due = append(due, Outgoing{Key: key, Line: line})
	}
	for _, r := range s.Replies {
		due = append(due, Outgoing{Key: r.Key, Line: []byte(r.Line)})
	}
	for i := range s.Asked {
		if a := &s.Asked[i]; a.Policy {
			option := allowOption(a.Request.Options)
			due = append(due, Outgoing{Key: "policy/" + a.Request.ID, Line: selectedLine(a.RPC, option)})
		}
	}
	for i := range s.Files {
		call := s.Files[i]
		due = append(due, Outgoing{Key: call.Key, FS: &call})
	}
	return due
}

// nextStep is the request of the handshake that is due, if one is.
func (m *Machine) nextStep() (key string, line []byte) {
	s := &m.s
	switch {
	case s.Err != nil:
	case s.Init == stepDue:
		return idInit, m.initializeLine()
	case s.Init != stepDone:
	case s.Session == stepDue && s.Fresh:
		return idFresh, m.newSessionLine(idFresh)
	case s.Session == stepDue:
		return idSession, m.sessionLine()
	case s.Session != stepDone:
	case s.SetMode.Want != "" && s.SetMode.Step == stepDue:
		return idMode, m.settingLine(idMode, s.SetMode, "session/set_mode", "modeId")
	case !s.SetMode.settled():
	case s.SetModel.Want != "" && s.SetModel.Step == stepDue:
		return idModel, m.settingLine(idModel, s.SetModel, "session/set_model", "modelId")
	}
	return "", nil
}

// resumeMethod is how the earlier conversation is taken up, "" = not at all.
func (m *Machine) resumeMethod() string {
	switch c := m.s.Caps; {
	case m.cfg.Resume == "" || m.cfg.ResumeMethod == ResumeNone:
		return ""
	case c.Resume && (m.cfg.ResumeMethod == ResumeByID || !c.Load):
		return "session/resume"
	case c.Load:
		return "session/load"
	default:
		return ""
	}
}

func (m *Machine) initialized(result json.RawMessage, failure *rpcError) {
	if failure != nil {
		m.fail(m.rpcFailure("the agent refused to initialize", failure))
		return
	}
	var r initializeResult
	decode(result, &r)
	if r.ProtocolVersion != protocolVersion && r.ProtocolVersion != 0 {
		m.fail(&api.Error{
			Code:    api.CodeAgent,
			Message: fmt.Sprintf("the agent speaks version %d of the Agent Client Protocol, hf speaks version %d", r.ProtocolVersion, protocolVersion),
		})
		return
	}
	s := &m.s
	s.Init, s.Protocol = stepDone, protocolVersion
	s.Agent = AgentInfo{Name: r.AgentInfo.Name, Title: r.AgentInfo.Title, Version: r.AgentInfo.Version}
	s.Caps = caps{
		Load:     r.Capabilities.LoadSession,
		Resume:   len(r.Capabilities.Session.Resume) > 0 && string(r.Capabilities.Session.Resume) != "null" && string(r.Capabilities.Session.Resume) != "false",
		Steering: r.Meta.Steering.Supported || r.Capabilities.Meta.Steering.Supported,
	}
	if m.cfg.Resume != "" && m.resumeMethod() == "" {
		m.say("the agent cannot take up its earlier conversation; a new one begins")
	}
}

func (m *Machine) sessionAnswered(id string, result json.RawMessage, failure *rpcError) {
	s := &m.s
	resuming := s.Method != "session/new"
	if failure != nil && resuming && id == idSession {
		m.say("the earlier conversation could not be taken up (" + m.rpcFailure("", failure).Message + "); a new one begins")
		s.Session, s.Fresh = stepDue, true
		return
	}
	if failure != nil {
		m.fail(m.rpcFailure("the agent could not begin a session", failure))
		return
	}
	var r sessionResult
	decode(result, &r)
	s.ACPID, s.Resumed = r.SessionID, resuming
	if s.ACPID == "" && resuming {
		s.ACPID = m.cfg.Resume
	}
	if s.ACPID == "" {
		m.fail(&api.Error{Code: api.CodeAgent, Message: "the agent began a session without an id"})
		return
	}
	s.Session = stepDone
	verb := "a new session"
	if resuming {
		verb = "the session goes on"
	}
	if who := s.Agent.String(); who != "" {
		verb += " with " + who
	}
	m.say(verb)
	m.chooseMode(&r)
	m.chooseModel(&r)
}

// chooseMode finds out how the mode that the policy means can be set. A mode
// the agent does not offer is never asked for: it stays in its own, and says so.
func (m *Machine) chooseMode(r *sessionResult) {
	s := &m.s
	var option string
	if r.Modes != nil {
		s.Modes, s.Mode = r.Modes.Available, r.Modes.Current
	}
	for i := range r.Options {
		if o := &r.Options[i]; len(s.Modes) == 0 && isOption(o, "mode") {
			s.Modes, s.Mode, option = o.values(), o.current(), o.ID
		}
	}
	if m.cfg.Mode == "" {
		if s.Mode != "" {
			m.emit(api.Entry{Kind: api.EntryMode, Mode: s.Mode})
		}
		return
	}
	for want := range strings.SplitSeq(m.cfg.Mode, ",") {
		if want == s.Mode {
			m.emit(api.Entry{Kind: api.EntryMode, Mode: s.Mode})
			return
		}
		for _, offered := range s.Modes {
			if offered.ID == want {
				s.SetMode = setting{Want: want, Option: option}
				return
			}
		}
	}
	m.sayKept("mode", m.cfg.Mode, s.Mode)
}

func (m *Machine) chooseModel(r *sessionResult) {
	want := m.cfg.Model
	if want == "" {
		return
	}
	if r.Models != nil {
		for _, offered := range r.Models.Available {
			if offered.ID == want {
				if want != r.Models.Current {
					m.s.SetModel = setting{Want: want}
				}
				return
			}
		}
	}
	for i := range r.Options {
		o := &r.Options[i]
		if !isOption(o, "model") {
			continue
		}
		for _, offered := range o.values() {
			if offered.ID == want {
				if want != o.current() {
					m.s.SetModel = setting{Want: want, Option: o.ID}
				}
				return
			}
		}
	}
	m.sayKept("model", want, "")
}

// settingAnswered folds the answer to a request for a mode or model. It is
// believed only as far as the answer goes: some agents answer with what is set.
func (m *Machine) settingAnswered(set *setting, what string, result json.RawMessage, failure *rpcError) {
	set.Step = stepDone
	if failure != nil {
		m.say(fmt.Sprintf("the agent did not take the %s %q: %s", what, set.Want, m.rpcFailure("", failure).Message))
		return
	}
	var r sessionResult
	decode(result, &r)
	for i := range r.Options {
		if o := &r.Options[i]; o.ID == set.Option && o.current() != set.Want {
			m.sayKept(what, set.Want, o.current())
			return
		}
	}
	if what == "mode" && m.s.Mode != set.Want {
		m.modeIs(set.Want)
	}
}

func (m *Machine) modeIs(id string) {
	m.s.Mode = id
	m.emit(api.Entry{Kind: api.EntryMode, Mode: id})
}

func (m *Machine) say(text string) { m.emit(api.Entry{Kind: api.EntrySession, Text: text}) }

func (m *Machine) sayKept(what, want, is string) {
	text := fmt.Sprintf("the agent does not offer the %s %q", what, want)
	if is != "" {
		text += fmt.Sprintf(" and stays in %q", is)
	}
	m.say(text)
}
