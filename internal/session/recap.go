package session

import (
	"context"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// recapLimit bounds a summary, in bytes: the end of a conversation says more
	// than its middle, and the first prompt what it is all about.
	recapLimit = 24 << 10
	// recapPart bounds what one of them said at a time.
	recapPart = 4 << 10
)

// recap is what was said before in the task's conversation, for an agent that
// does not have it: it began a new one because it could not take the earlier one
// up. It is made of hf's own journals, without the message that is due, which may
// have been given to an agent that never heard it. "" = nothing was said.
func (v *supervisor) recap(ctx context.Context, facts acp.Facts, due string) (string, error) {
	if facts.Resumed || facts.Prompted {
		return "", nil
	}
	sessions, err := v.m.sessionsOf(ctx, v.task)
	if err != nil {
		return "", err
	}
	var r recapper
	for i := range sessions {
		if sessions[i].ID == v.id {
			break
		}
		fold, err := v.m.openFold(&sessions[i], cursor{})
		if err != nil {
			return "", err
		}
		err = fold.drain(ctx, func(e api.Entry) error {
			if e.Turn != due {
				r.add(e)
			}
			return nil
		})
		fold.close()
		if err != nil {
			return "", fmt.Errorf("read an earlier session: %w", err)
		}
	}
	return r.text(), nil
}

// recapper collects a conversation in its parts.
type recapper struct {
	parts []string
	said  strings.Builder // what the agent is saying
	tools map[string]bool
	asked bool // a person said something
}

func (r *recapper) add(e api.Entry) {
	switch e.Kind { //nolint:exhaustive // the rest is no part of what was said and done
	case api.EntryUser:
		r.flush()
		r.asked = true
		r.part("User", e.Text)
	case api.EntryText:
		if r.said.Len() < 2*recapPart {
			r.said.WriteString(e.Text)
		}
	case api.EntryTool:
		r.tool(e.Tool)
	case api.EntryTurnEnd:
		r.flush()
		if e.StopReason != api.StopEndTurn {
			r.part("Note", "the turn ended: "+string(e.StopReason))
		}
	}
}

func (r *recapper) tool(t *api.ToolCall) {
	if t == nil || r.tools[t.ID] || t.Status != "completed" && t.Status != "failed" {
		return
	}
	r.flush()
	if r.tools == nil {
		r.tools = map[string]bool{}
	}
	r.tools[t.ID] = true
	what := t.Command
	if what == "" {
		what = strings.TrimSpace(t.Title + " " + strings.Join(t.Paths, " "))
	}
	r.part("You did ("+t.Status+")", what)
}

func (r *recapper) flush() {
	text := r.said.String()
	r.said.Reset()
	r.part("You", text)
}

func (r *recapper) part(who, text string) {
	if text = strings.TrimSpace(text); text != "" {
		r.parts = append(r.parts, who+": "+acp.Clip(text, recapPart))
	}
}

func (r *recapper) text() string {
	r.flush()
	if !r.asked {
		return ""
	}
	const head = "This conversation began earlier, in a session that could not be taken up again. This is what was said and done in it; " +
		"the files are as it left them. Go on from there; the user's next message follows.\n\n"
	first, rest := r.parts[0], r.parts[1:]
	size, from := len(first), len(rest)
	for from > 0 && size+len(rest[from-1]) < recapLimit {
		from--
		size += len(rest[from])
	}
	if from > 0 {
		first += fmt.Sprintf("\n\n[%d parts left out]", from)
	}
	return head + strings.Join(append([]string{first}, rest[from:]...), "\n\n")
}
