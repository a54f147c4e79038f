package acp

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	methodRead  = "fs/read_text_file"
	methodWrite = "fs/write_text_file"
)

// FSCall is a file call of an agent that makes them although none is offered.
// The host carries it out inside the working directory and nowhere else.
type FSCall struct {
	Key     string          `json:"key"`
	RPC     json.RawMessage `json:"rpc"` // the agent's id of the call
	Write   bool            `json:"write,omitempty"`
	Path    string          `json:"path"`
	Content string          `json:"content,omitempty"` // to write
	Line    int             `json:"line,omitempty"`    // first line to read, from 1; 0 = the beginning
	Limit   int             `json:"limit,omitempty"`   // lines to read; 0 = all
}

func (m *Machine) askFile(msg *message) {
	var p struct {
		Path    string `json:"path"`
		Content string `json:"content"`
		Line    int    `json:"line"`
		Limit   int    `json:"limit"`
	}
	decode(msg.Params, &p)
	m.s.Files = append(m.s.Files, FSCall{
		Key: fmt.Sprintf("file/%d", m.s.next()), RPC: msg.ID, Write: msg.Method == methodWrite,
		Path: p.Path, Content: p.Content, Line: p.Line, Limit: p.Limit,
	})
}

// FSResult returns the line that answers a file call: with the content of the
// whole file for a read, and with err when it was not carried out.
func (m *Machine) FSResult(call *FSCall, content string, err error) []byte {
	switch {
	case err != nil:
		return errorLine(call.RPC, -32603, err.Error())
	case call.Write:
		return resultLine(call.RPC, object{})
	default:
		return resultLine(call.RPC, object{"content": call.part(content)})
	}
}

// part cuts the lines asked for out of a file.
func (c *FSCall) part(content string) string {
	if c.Line <= 1 && c.Limit <= 0 {
		return content
	}
	lines := strings.SplitAfter(content, "\n")
	from := min(max(c.Line-1, 0), len(lines))
	lines = lines[from:]
	if c.Limit > 0 {
		lines = lines[:min(c.Limit, len(lines))]
	}
	return strings.Join(lines, "")
}
