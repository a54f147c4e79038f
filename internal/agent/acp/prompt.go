package acp

import (
	"encoding/base64"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hf-dev/hf/pkg/api"
)

// maxEmbedded is the largest file that is put into a prompt as text, in bytes.
// Of a larger one the agent is told where it lies.
const maxEmbedded = 256 << 10

// Message is what a person gives to the agent.
type Message struct {
	ID   string
	Text string
	// Context comes before the text and is hf's, not the person's: what was said
	// in an earlier conversation that the agent does not have.
	Context string
	Files   []File
}

// File goes with a message. Path is a copy that the agent can read.
type File struct {
	api.Attachment
	Path string
	Data []byte
}

// imageTypes are the images that every agent that takes images takes.
var imageTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// Prompt returns the line that gives a message to the agent. The agent must be
// ready and between turns.
func (m *Machine) Prompt(msg Message) ([]byte, error) {
	switch {
	case !m.s.ready():
		return nil, &api.Error{Code: api.CodeConflict, Message: "the agent takes no prompts: " + m.s.Reason}
	case m.s.Turn != nil:
		return nil, &api.Error{Code: api.CodeConflict, Message: "the agent is in the middle of a turn"}
	}
	var blocks []object
	if msg.Context != "" {
		blocks = append(blocks, object{"type": "text", "text": msg.Context, "_meta": object{"hf": object{"context": true}}})
	}
	text, images := msg.Text, 0
	for i := range msg.Files {
		if slices.Contains(imageTypes, msg.Files[i].Type) {
			images++
		}
	}
	for i := range msg.Files {
		blocks = append(blocks, m.fileBlock(&msg.Files[i], images < len(msg.Files)))
		text = "\n" + msg.Text // some agents put the names of files right before it
	}
	blocks = append(blocks, object{"type": "text", "text": text})
	return requestLine(idPrompt+msg.ID, "session/prompt", object{"sessionId": m.s.ACPID, "prompt": blocks}), nil
}

// fileBlock is a file in the best way that the agent takes: an image as such, a
// text with its content, anything else as a link, which every agent takes. With
// mixed there are files that are no images beside it.
func (m *Machine) fileBlock(f *File, mixed bool) object {
	uri := (&url.URL{Scheme: "file", Path: filepath.ToSlash(f.Path)}).String()
	var block object
	switch {
	case m.s.Caps.Image && slices.Contains(imageTypes, f.Type) && mixed && m.cfg.EmbedImages:
		block = object{"type": "resource", "resource": object{"uri": uri, "mimeType": f.Type, "blob": base64.StdEncoding.EncodeToString(f.Data)}}
	case m.s.Caps.Image && slices.Contains(imageTypes, f.Type):
		block = object{"type": "image", "mimeType": f.Type, "data": base64.StdEncoding.EncodeToString(f.Data), "uri": uri}
	case m.s.Caps.Embedded && len(f.Data) <= maxEmbedded && isText(f.Data):
		block = object{"type": "resource", "resource": object{"uri": uri, "mimeType": f.Type, "text": string(f.Data)}}
	default:
		block = object{"type": "resource_link", "uri": uri, "name": f.Name, "mimeType": f.Type, "size": f.Size}
	}
	block["_meta"] = object{"hf": object{"file": f.Attachment}}
	return block
}

func isText(data []byte) bool {
	return utf8.Valid(data) && !slices.Contains(data, 0)
}

// blockMeta is what hf itself notes on a block of a prompt.
type blockMeta struct {
	HF struct {
		Context bool            `json:"context"`
		File    *api.Attachment `json:"file"`
	} `json:"hf"`
}

// promptEntry is a prompt as people see it: without what hf added to it.
func promptEntry(blocks []contentBlock) (e api.Entry, context int) {
	e.Kind = api.EntryUser
	var text []string
	for i := range blocks {
		switch b := &blocks[i]; {
		case b.Meta.HF.Context:
			context += len(b.Text)
		case b.Meta.HF.File != nil:
			e.Attachments = append(e.Attachments, *b.Meta.HF.File)
		case b.Text != "":
			text = append(text, b.Text)
		}
	}
	e.Text = strings.Join(text, "\n")
	if len(e.Attachments) > 0 {
		e.Text = strings.TrimPrefix(e.Text, "\n")
	}
	return e, context
}
