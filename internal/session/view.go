package session

import (
	"github.com/hf-dev/hf/pkg/api"
)

// View is a message as people and events see it.
func View(m *Message) api.Message {
	out := api.Message{
		ID: m.ID, Task: m.Task, State: m.State, Text: m.Text,
		StopReason: m.StopReason, Error: m.Error, CreatedAt: m.CreatedAt,
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, a.Attachment)
	}
	return out
}

// Brief is a message as events carry it: without its text, which may be large
// and stands in the transcript.
func Brief(m *Message) api.Message {
	out := View(m)
	out.Text = ""
	return out
}
