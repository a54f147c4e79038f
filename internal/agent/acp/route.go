package acp

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// The ids of hf's own requests. They are the same for every daemon, so that a
// new one recognises the answers to an old one's requests.
const (
	idInit    = "hf-init"
	idSession = "hf-session"
	idFresh   = "hf-session-new"
	idMode    = "hf-mode"
	idModel   = "hf-model"
	idPrompt  = "m-" // and the message's id
)

// maxOpen bounds the requests of an agent that wait for an answer. The next
// one is refused.
const maxOpen = 256

// fromHF folds what hf wrote: that it stands in the journal is what says that
// it was written.
func (m *Machine) fromHF(msg *message) {
	if msg.Method == "" {
		if msg.hasID() {
			m.answered(msg)
		}
		return
	}
	switch id := stringID(msg.ID); {
	case msg.Method == "session/cancel":
		if m.s.Turn != nil {
			m.s.Turn.Cancelling = true
		}
	case msg.Method == "session/prompt":
		m.promptWritten(msg)
	case id == idInit:
		m.s.Init = max(m.s.Init, stepSent)
	case id == idSession || id == idFresh:
		m.s.Session, m.s.Method = max(m.s.Session, stepSent), msg.Method
	case id == idMode:
		m.s.SetMode.Step = max(m.s.SetMode.Step, stepSent)
	case id == idModel:
		m.s.SetModel.Step = max(m.s.SetModel.Step, stepSent)
	}
}

// answered folds hf's answer to a request of the agent.
func (m *Machine) answered(msg *message) {
	key := idKey(msg.ID)
	for i := range m.s.Asked {
		if idKey(m.s.Asked[i].RPC) == key {
			m.permissionAnswered(i, msg)
			return
		}
	}
	for i := range m.s.Questions {
		if idKey(m.s.Questions[i].RPC) == key {
			m.questionAnswered(i, msg)
			return
		}
	}
	for i := range m.s.Replies {
		if idKey(m.s.Replies[i].RPC) == key {
			m.s.Replies = remove(m.s.Replies, i)
			return
		}
	}
	for i := range m.s.Files {
		if idKey(m.s.Files[i].RPC) == key {
			m.s.Files = remove(m.s.Files, i)
			return
		}
	}
}

// agentAnswer folds the agent's answer to a request of hf.
func (m *Machine) agentAnswer(msg *message, line []byte) {
	var failure *rpcError
	if len(msg.Error) > 0 && string(msg.Error) != "null" {
		failure = &rpcError{}
		decode(msg.Error, failure)
	}
	id := stringID(msg.ID)
	switch {
	case id == idInit && m.s.Init == stepSent:
		m.initialized(msg.Result, failure)
	case (id == idSession || id == idFresh) && m.s.Session == stepSent:
		m.sessionAnswered(id, msg.Result, failure)
	case id == idMode && m.s.SetMode.Step == stepSent:
		m.settingAnswered(&m.s.SetMode, "mode", msg.Result, failure)
	case id == idModel && m.s.SetModel.Step == stepSent:
		m.settingAnswered(&m.s.SetModel, "model", msg.Result, failure)
	case m.s.Turn != nil && idKey(msg.ID) == m.s.Turn.ID:
		m.promptAnswered(msg.Result, failure)
	default:
		m.other(line)
	}
}

// agentRequest folds something the agent asks of hf.
func (m *Machine) agentRequest(msg *message, line []byte) {
	switch {
	case len(m.s.Asked)+len(m.s.Questions)+len(m.s.Files) >= maxOpen:
		m.refuse(msg, line)
	case msg.Method == "initialize" && stringID(msg.ID) == idInit:
		m.garbage(line) // it echoes its input
	case msg.Method == "session/request_permission":
		m.askPermission(msg)
	case msg.Method == "elicitation/create":
		m.askQuestion(msg)
	case m.cfg.ServeFiles && (msg.Method == methodRead || msg.Method == methodWrite):
		m.askFile(msg)
	default:
		m.refuse(msg, line)
	}
}

func (m *Machine) agentNotification(msg *message, line []byte) {
	switch msg.Method {
	case "session/update":
		m.update(msg.Params, line)
	case "elicitation/complete":
		m.visited(msg.Params)
	case "$/cancel_request":
		m.requestCancelled(msg.Params)
	default:
		m.other(line)
	}
}

// refuse says that hf does not serve a method. The agent is told, and people
// can see it.
func (m *Machine) refuse(msg *message, line []byte) {
	m.other(line)
	m.s.Replies = append(m.s.Replies, reply{
		Key:  fmt.Sprintf("refuse/%d", m.s.next()),
		RPC:  msg.ID,
		Line: string(errorLine(msg.ID, codeMethodNotFound, "hf does not serve "+clip(msg.Method, 100))),
	})
}

// started takes what makes this process different from every other.
func (m *Machine) started(data []byte) {
	var s journal.Started
	decode(data, &s)
	m.s.Salt = fmt.Sprintf("%s/%d/%d", s.BootID, s.PID, s.StartTime)
}

// fail ends the handshake for good. The first failure is the one that counts.
func (m *Machine) fail(err *api.Error) {
	if m.s.Err != nil {
		return
	}
	m.s.Err = err
	m.emit(api.Entry{Kind: api.EntryError, Error: err})
}

// exited folds the process's end: nothing that was open can still be done.
func (m *Machine) exited(data []byte) {
	var ended journal.Ended
	decode(data, &ended)
	exit := &api.ExitEvent{Signal: ended.Signal}
	if ended.Signal == "" {
		exit.Code = &ended.Code
	}
	if m.s.Err == nil && !m.s.ready() {
		m.fail(m.diedEarly(exit))
	}
	if m.s.Turn != nil {
		m.s.MidTurn = true
		m.endTurn(api.StopInterrupted, nil, &api.Error{
			Code: api.CodeAgent, Message: "the agent " + exitText(exit) + " in the middle of the turn",
		})
	}
	m.closeOpen(false)
	m.s.Replies, m.s.Files, m.s.Partial, m.line = nil, nil, nil, nil
	m.s.Exit = exit
	m.emit(api.Entry{Kind: api.EntryExit, Exit: exit})
}

func (m *Machine) diedEarly(exit *api.ExitEvent) *api.Error {
	err := &api.Error{Code: api.CodeAgent, Message: "the agent " + exitText(exit) + " before its session began"}
	if len(m.line) > 0 && m.s.Init != stepDone {
		err.Message += "; it wrote " + quote(m.line)
	}
	if text := strings.TrimSpace(m.s.Stderr); text != "" {
		err.Hint = "It said: " + clean(text)
	}
	return err
}

func stringID(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// remove returns the list without its ith value, or nil when it was the last:
// a restored state and a folded one are then the same.
func remove[T any](list []T, i int) []T {
	if len(list) == 1 {
		return nil
	}
	return append(list[:i:i], list[i+1:]...)
}
