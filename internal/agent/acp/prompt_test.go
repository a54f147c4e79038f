package acp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

func TestPromptWithFiles(t *testing.T) {
	file := func(name, kind, data string) File {
		return File{Attachment: api.Attachment{Name: name, Type: kind, Size: int64(len(data))}, Path: "/s/" + name, Data: []byte(data)}
	}
	files := []File{
		file("a b.png", "image/png", "\x89PNG"), file("notes.txt", "text/plain", "hello"),
		file("tool.bin", "application/octet-stream", "\x00\x01"), file("long.txt", "text/plain", strings.Repeat("x", maxEmbedded+1)),
	}
	for name, tt := range map[string]struct{ caps, want string }{
		"embedded images": {`{"image":true,"embeddedContext":true}`, "text resource resource resource_link resource_link text"},
		"all":             {`{"image":true,"embeddedContext":true}`, "text image resource resource_link resource_link text"},
		"none":            {`{}`, "text resource_link resource_link resource_link resource_link text"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, Config{Cwd: "/w", EmbedImages: name == "embedded images"})
			k.due()
			k.feed(journal.Out, `{"jsonrpc":"2.0","id":"hf-init","result":{"protocolVersion":1,"agentCapabilities":{"promptCapabilities":`+tt.caps+"}}}\n")
			k.due()
			k.feed(journal.Out, `{"jsonrpc":"2.0","id":"hf-session","result":{"sessionId":"s"}}`+"\n")
			line, err := k.m.Prompt(Message{ID: "one", Text: "look", Context: "Before that …", Files: files})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Params struct {
					Prompt []struct {
						Type, URI string
						Resource  struct{ URI string }
					}
				}
			}
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatal(err)
			}
			var types []string
			for _, b := range got.Params.Prompt {
				types = append(types, b.Type)
			}
			if strings.Join(types, " ") != tt.want {
				t.Errorf("blocks %v, want %s", types, tt.want)
			}
			if uri := got.Params.Prompt[1].URI + got.Params.Prompt[1].Resource.URI; uri != "file:///s/a%20b.png" {
				t.Errorf("uri %q", uri)
			}
			entries := k.feed(journal.In, string(line))
			user := entries[len(entries)-1]
			if user.Kind != api.EntryUser || user.Text != "look" || len(user.Attachments) != len(files) || user.Attachments[0] != files[0].Attachment {
				t.Errorf("entries %s", asJSON(t, entries))
			}
			if !strings.Contains(entries[0].Text, "summary") {
				t.Errorf("nothing says that there was a summary: %s", asJSON(t, entries[0]))
			}
		})
	}
}
