package acp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// maxLine bounds the memory for one line, in bytes. The longest seen from
	// a real agent had 2 MB.
	maxLine = 64 << 20
	// maxFirst is the same for the answer to initialize. A program that writes
	// more than that without an end of line speaks no ACP.
	maxFirst = 1 << 20
	// keepBuffer is the largest line buffer kept for the next line.
	keepBuffer = 1 << 20
	// maxShown bounds what an entry shows of output and raw lines.
	maxShown = 64 << 10
	// maxStderr bounds what is kept of the standard error for a hint.
	maxStderr = 2 << 10
	// maxQuoted bounds what an error quotes of bytes that are not ACP.
	maxQuoted = 160
)

// feedOut cuts the agent's output into lines. The part after the last one is
// kept until its end comes.
func (m *Machine) feedOut(rec journal.Record) {
	data, at := rec.Data, 0
	for {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			break
		}
		m.endLine(data[at : at+i])
		at += i + 1
	}
	if at == len(data) {
		return
	}
	rest := data[at:]
	if m.s.Dropped > 0 {
		m.s.Dropped += int64(len(rest))
		return
	}
	if m.s.Partial == nil {
		m.s.Partial = &partial{Offset: rec.Offset, Skip: at}
	}
	m.line = append(m.line, rest...)
	if m.s.Init != stepDone && len(m.line) > maxFirst {
		m.garbage(m.line)
	}
	if len(m.line) > maxLine || m.s.Init != stepDone && len(m.line) > maxFirst {
		m.s.Dropped, m.s.Partial, m.line = int64(len(m.line)), nil, nil
	}
}

// endLine completes the line that end finishes.
func (m *Machine) endLine(end []byte) {
	if m.s.Dropped > 0 {
		size := m.s.Dropped + int64(len(end))
		m.s.Dropped = 0
		m.emit(api.Entry{Kind: api.EntryError, Error: &api.Error{
			Code: api.CodeAgent, Message: fmt.Sprintf("a line of %d bytes from the agent was too long to read", size),
		}})
		return
	}
	line := end
	if m.s.Partial != nil {
		m.line = append(m.line, end...)
		line = m.line
	}
	m.fromAgent(line)
	m.s.Partial, m.line = nil, m.line[:0]
	if cap(m.line) > keepBuffer {
		m.line = nil
	}
}

// reread takes a record that was folded before the snapshot this machine was
// restored from: only the unfinished line in it is wanted again.
func (m *Machine) reread(rec journal.Record) {
	p := m.s.Partial
	if rec.Kind != journal.Out || p == nil || rec.Offset < p.Offset {
		return
	}
	data := rec.Data
	if rec.Offset == p.Offset {
		data = data[min(p.Skip, len(data)):]
	}
	m.line = append(m.line, data...)
}

// feedIn reads what hf wrote. It was whole lines.
func (m *Machine) feedIn(data []byte) {
	m.s.LastGiven = m.now
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		var msg message
		if line = bytes.TrimSpace(line); len(line) > 0 && json.Unmarshal(line, &msg) == nil {
			m.fromHF(&msg)
		}
	}
}

func (m *Machine) fromAgent(line []byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	m.s.LastProgress = m.now
	var msg message
	if err := json.Unmarshal(line, &msg); err != nil {
		if json.Valid(line) && m.s.Init == stepDone {
			m.other(line)
			return
		}
		m.garbage(line)
		return
	}
	switch {
	case msg.Method != "" && msg.hasID():
		m.agentRequest(&msg, line)
	case msg.Method != "":
		m.agentNotification(&msg, line)
	case msg.hasID():
		m.agentAnswer(&msg, line)
	default:
		m.other(line)
	}
}

// garbage counts a line that is not JSON-RPC. Before the agent has answered
// initialize it proves that the program is no ACP agent.
func (m *Machine) garbage(line []byte) {
	m.s.Garbage++
	if m.s.Init != stepDone {
		m.fail(&api.Error{
			Code:    api.CodeAgent,
			Message: "the program does not speak the Agent Client Protocol: it wrote " + quote(line),
			Hint:    "Check the agent's command: it must start the agent in ACP mode on its standard input and output.",
		})
	}
	raw, err := json.Marshal(clean(clip(string(line), maxShown)))
	if err != nil {
		return
	}
	m.emit(api.Entry{Kind: api.EntryOther, Raw: raw})
}

// other keeps a line that nothing here understands.
func (m *Machine) other(line []byte) {
	raw := json.RawMessage(bytes.Clone(line))
	if len(raw) > maxShown {
		short, err := json.Marshal(clip(string(line), maxShown/2))
		if err != nil {
			return
		}
		raw = short
	}
	m.emit(api.Entry{Kind: api.EntryOther, Raw: raw})
}

func (m *Machine) stderr(data []byte) {
	text := strings.ToValidUTF8(string(data), "�")
	m.s.Stderr = tail(m.s.Stderr+text, maxStderr)
	m.emit(api.Entry{Kind: api.EntryStderr, Text: clip(text, maxShown)})
}

// Clip shortens a text to about limit bytes by leaving out its middle.
func Clip(s string, limit int) string { return clip(s, limit) }

// clip shortens a text to about limit bytes by leaving out its middle.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	head, end := s[:limit/2], s[len(s)-limit/2:]
	for len(head) > 0 && !utf8.RuneStart(s[len(head)]) {
		head = head[:len(head)-1]
	}
	for len(end) > 0 && !utf8.RuneStart(end[0]) {
		end = end[1:]
	}
	return fmt.Sprintf("%s\n… %d bytes left out …\n%s", head, len(s)-len(head)-len(end), end)
}

// tail returns the last limit bytes of a text, from a rune's start.
func tail(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	s = s[len(s)-limit:]
	for len(s) > 0 && !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return s
}

// quote shows the first bytes of foreign output in an error, harmless.
func quote(b []byte) string {
	more := ""
	if len(b) > maxQuoted {
		b, more = b[:maxQuoted], "…"
	}
	return fmt.Sprintf("%q%s", clean(string(b)), more)
}

// clean replaces what must not reach a terminal or a JSON document.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '�'
		}
		return r
	}, s)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return clip(line, 200)
}
