package fakemodel

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// output is where a reply goes: server-sent events, or nothing until the whole
// reply is known.
type output struct {
	w      http.ResponseWriter
	stream bool
}

func newOutput(w http.ResponseWriter, stream bool) output {
	if stream {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
	}
	return output{w: w, stream: stream}
}

// event sends one server-sent event at once; name is repeated as the data's type.
func (o output) event(name string, data map[string]any) error {
	if !o.stream {
		return nil
	}
	data["type"] = name
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", name, err)
	}
	if _, err := fmt.Fprintf(o.w, "event: %s\ndata: %s\n\n", name, text); err != nil {
		return err
	}
	return http.NewResponseController(o.w).Flush()
}

// data sends one server-sent event that has no name.
func (o output) data(document map[string]any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	return o.raw(string(text))
}

// raw sends the text of a nameless event as it stands.
func (o output) raw(text string) error {
	if !o.stream {
		return nil
	}
	if _, err := fmt.Fprintf(o.w, "data: %s\n\n", text); err != nil {
		return err
	}
	return http.NewResponseController(o.w).Flush()
}

// whole sends the reply as one document, if it is not streamed.
func (o output) whole(document map[string]any) error {
	if o.stream {
		return nil
	}
	writeJSON(o.w, document)
	return nil
}

// say hands on the chunks of a text, each after its pause.
func say(ctx context.Context, text []chunk, send func(string) error) error {
	for _, c := range text {
		if c.after > 0 {
			select {
			case <-time.After(c.after):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := send(c.text); err != nil {
			return err
		}
	}
	return nil
}

// joined is the whole of a text.
func joined(text []chunk) string {
	var s strings.Builder
	for _, c := range text {
		s.WriteString(c.text)
	}
	return s.String()
}
