package acp

import (
	"encoding/json"
	"fmt"

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
		Image:    r.Capabilities.Prompt.Image,
		Embedded: r.Capabilities.Prompt.Embedded,
	}
	if m.cfg.Resume != "" && m.resumeMethod() == "" {
		m.say("the agent cannot take up its earlier conversation; a new one begins, and the next message brings a summary")
	}
}

func (m *Machine) sessionAnswered(id string, result json.RawMessage, failure *rpcError) {
	s := &m.s
	resuming := s.Method != "session/new"
	if failure != nil && resuming && id == idSession {
		m.say("the earlier conversation could not be taken up (" + m.rpcFailure("", failure).Message + "); a new one begins, and the next message brings a summary")
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
		verb = "the session goes on (by " + s.Method + ")"
	}
	if who := s.Agent.String(); who != "" {
		verb += " with " + who
	}
	m.say(verb)
	if err := m.chooseModel(&r); err != nil {
		m.fail(err)
		return
	}
	if err := m.chooseMode(&r); err != nil {
		m.fail(err)
	}
}

func (m *Machine) say(text string) {
	m.emit(api.Entry{Kind: api.EntrySession, Text: text, Cwd: m.cfg.Cwd})
}
