package conversation

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/tui/markdown"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// What a block holds at most, in bytes. Text that goes on does so in the next
// block: what grows is drawn anew, what does not grow is not.
const (
	softBlock = 1 << 10  // ends at the next empty line
	fullBlock = 4 << 10  // ends at the next line that is not of a table
	hardBlock = 16 << 10 // ends anywhere
	maxOutput = 64 << 10 // of a tool; the end is kept
	maxTalk   = 16 << 20 // of all of it; the end is kept
)

// block is a piece of a conversation that is drawn as one.
type block struct {
	kind   api.EntryKind
	text   string // cleaned
	inside string // the language of the source text that text begins in
	begun  bool   // text began in the block before
	goesOn bool   // text goes on in the next block
	id     string // of the message or the tool call
	tool   *api.ToolCall
	plan   []api.PlanEntry
	asked  *api.PermissionRequest
	bad    bool
	open   bool // unfolded

	lines []string // as drawn last
	width int      // for which that was; 0 = not drawn
}

// size is about how much memory it takes.
func (b *block) size() int {
	n := len(b.text) + 64
	if b.tool != nil {
		n += len(b.tool.Output)
		for i := range b.tool.Diffs {
			n += len(b.tool.Diffs[i].New)
		}
	}
	return n
}

// talk is what was said and done in a task so far.
type talk struct {
	blocks []*block
	tools  map[string]*block
	plan   *block // of the turn in progress
	usage  api.Usage
	mode   string
	root   string // the agent's directory: paths below it are shown without it
	size   int
	cut    int // blocks that were given up at the beginning
	cursor string
}

func newTalk(root string) *talk { return &talk{tools: map[string]*block{}, root: root} }

// add takes in an entry.
func (t *talk) add(e *api.Entry) {
	t.cursor = e.Cursor
	if grows(e.Kind) {
		t.grow(e)
		return
	}
	switch e.Kind { //nolint:exhaustive // those of the kinds that grow are above
	case api.EntryUser:
		t.plan = nil
		lines := []string{widget.Clean(e.Text)}
		for _, a := range e.Attachments {
			lines = append(lines, "+ "+widget.CleanLine(a.Name))
		}
		t.append(&block{kind: e.Kind, text: strings.Join(lines, "\n"), id: e.Turn})
	case api.EntryTool:
		t.tool(e.Tool)
	case api.EntryPlan:
		t.planned(e.Plan)
	case api.EntryPermission, api.EntryQuestion:
		t.append(&block{kind: e.Kind, text: widget.Clean(e.Text), asked: e.Permission})
	case api.EntryResolved:
		t.resolved(e)
	case api.EntryUsage:
		t.used(e.Usage)
	case api.EntryMode:
		t.mode = widget.CleanLine(e.Mode)
	case api.EntrySession:
		if e.Cwd != "" {
			t.root = e.Cwd
		}
		t.info(e.Text, false)
	case api.EntryTurnEnd:
		t.used(e.Usage)
		if e.StopReason != api.StopEndTurn {
			t.info("the turn ended: "+string(e.StopReason), e.StopReason != api.StopCancelled)
		}
		t.append(&block{kind: api.EntryTurnEnd})
	case api.EntryError:
		if e.Error != nil {
			t.info(e.Error.Message+"\n"+e.Error.Hint, true)
		}
	case api.EntryLimit:
		t.info("usage limit: "+e.Text, true)
	case api.EntryExit:
		t.info("the agent ended", false)
	case api.EntryOther:
	}
}

// grows reports whether entries of a kind are parts of a text.
func grows(k api.EntryKind) bool {
	return k == api.EntryText || k == api.EntryThought || k == api.EntryStderr
}

// joined are entries of which parts of one text are one: an agent that says
// something word by word would otherwise have it put together word by word.
func joined(entries []api.Entry) []api.Entry {
	out := entries[:0]
	var text strings.Builder
	for i := 0; i < len(entries); {
		e := entries[i]
		text.Reset()
		for i++; i < len(entries) && grows(e.Kind) && entries[i].Kind == e.Kind && entries[i].MessageID == e.MessageID; i++ {
			if text.Len() == 0 {
				text.WriteString(e.Text)
			}
			text.WriteString(entries[i].Text)
			e.Cursor = entries[i].Cursor
		}
		if text.Len() > 0 {
			e.Text = text.String()
		}
		out = append(out, e)
	}
	return out
}

// grow adds a part of a text to the last block when that is the same text.
func (t *talk) grow(e *api.Entry) {
	text := widget.Clean(e.Text)
	last := t.last()
	if last == nil || last.kind != e.Kind || last.id != e.MessageID {
		t.append(&block{kind: e.Kind, text: text, id: e.MessageID})
		return
	}
	t.size += len(text)
	for text != "" {
		room := hardBlock - len(last.text)
		if room <= 0 {
			last = t.next(last, "")
			continue
		}
		head := cutAt(text, room)
		text = text[len(head):]
		last.text, last.width = last.text+head, 0
		if at := last.rest(); at > 0 {
			rest := last.text[at:]
			last.text = last.text[:at]
			last = t.next(last, rest)
		}
	}
}

// rest is where a text that became long can be cut in two. 0 = nowhere.
func (b *block) rest() int {
	if len(b.text) < softBlock {
		return 0
	}
	i := strings.LastIndex(b.text, "\n\n")
	if i >= softBlock/2 && markdown.After(b.text[:i], b.inside) == "" {
		return i + 1
	}
	if len(b.text) < fullBlock {
		return 0
	}
	i = strings.LastIndexByte(b.text, '\n')
	if i < softBlock || strings.HasPrefix(strings.TrimLeft(b.text[i+1:], " "), "|") {
		return 0
	}
	if line := b.text[strings.LastIndexByte(b.text[:i], '\n')+1 : i]; strings.Contains(line, "|") {
		return 0
	}
	return i + 1
}

// next begins the block in which a text goes on.
func (t *talk) next(last *block, text string) *block {
	b := &block{kind: last.kind, id: last.id, text: text, inside: markdown.After(last.text, last.inside), begun: true}
	last.goesOn = true
	t.blocks = append(t.blocks, b)
	return b
}

// cutAt is at most n bytes of s, no letter cut in two.
func cutAt(s string, n int) string {
	if n >= len(s) {
		return s
	}
	for at := n; at > 0 && at > n-utf8.UTFMax; at-- {
		if utf8.RuneStart(s[at]) {
			return s[:at]
		}
	}
	return s[:n]
}

func (t *talk) last() *block {
	if len(t.blocks) == 0 {
		return nil
	}
	return t.blocks[len(t.blocks)-1]
}

func (t *talk) append(b *block) {
	t.blocks = append(t.blocks, b)
	t.size += b.size()
	// The oldest go when there is too much. That is seldom, so many go at once.
	if t.size <= maxTalk {
		return
	}
	n := 0
	for ; n < len(t.blocks)-1 && t.size > maxTalk*3/4; n++ {
		old := t.blocks[n]
		t.size -= old.size()
		if old.tool != nil {
			delete(t.tools, old.id)
		}
	}
	t.blocks = append([]*block(nil), t.blocks[n:]...)
	t.cut += n
}

// tool takes in the state of a tool call.
func (t *talk) tool(c *api.ToolCall) {
	if c == nil {
		return
	}
	b := t.tools[c.ID]
	if b == nil {
		b = &block{kind: api.EntryTool, id: c.ID, tool: &api.ToolCall{ID: c.ID}}
		t.tools[c.ID] = b
		t.append(b)
	}
	b.width = 0
	had := b.tool
	set(&had.Title, c.Title)
	set(&had.Name, c.Name)
	set(&had.Kind, c.Kind)
	set(&had.Status, c.Status)
	set(&had.Command, c.Command)
	if len(c.Paths) > 0 {
		had.Paths = c.Paths
	}
	if len(c.Diffs) > 0 {
		had.Diffs = c.Diffs
	}
	if c.ExitCode != nil {
		had.ExitCode = c.ExitCode
	}
	if c.Output != "" {
		t.size += len(c.Output)
		had.Output += c.Output
		if n := len(had.Output) - maxOutput; n > 0 {
			t.size -= n
			had.Output = had.Output[n:]
		}
	}
}

func set(to *string, v string) {
	if v != "" {
		*to = v
	}
}

// planned replaces the plan of the turn.
func (t *talk) planned(plan []api.PlanEntry) {
	if t.plan == nil {
		t.plan = &block{kind: api.EntryPlan}
		t.append(t.plan)
	}
	t.plan.plan, t.plan.width = plan, 0
}

// resolved says what became of a request, where it was asked.
func (t *talk) resolved(e *api.Entry) {
	if e.Permission == nil {
		t.append(&block{kind: api.EntryUser, text: widget.Clean(e.Text)})
		return
	}
	for _, b := range slices.Backward(t.blocks) {
		if b.asked != nil && b.asked.ID == e.Permission.ID {
			asked := *b.asked
			asked.State = e.Permission.State
			b.asked, b.width = &asked, 0
			break
		}
	}
	if e.Text != "" {
		t.append(&block{kind: api.EntryUser, text: widget.Clean(e.Text)})
	}
}

func (t *talk) used(u *api.Usage) {
	if u == nil {
		return
	}
	pick(&t.usage.InputTokens, u.InputTokens)
	pick(&t.usage.OutputTokens, u.OutputTokens)
	pick(&t.usage.ContextUsed, u.ContextUsed)
	pick(&t.usage.ContextSize, u.ContextSize)
	pick(&t.usage.CostUSD, u.CostUSD)
}

func pick[T any](to **T, v *T) {
	if v != nil {
		*to = v
	}
}

// info is a line of hf's own, or of what went wrong.
func (t *talk) info(text string, bad bool) {
	if text = strings.TrimSpace(widget.Clean(text)); text != "" {
		t.append(&block{kind: api.EntrySession, text: text, bad: bad})
	}
}
