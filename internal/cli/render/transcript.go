package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Transcript prints the entries of one task's transcript as they come. Chunks
// of one text run together; everything else begins a line.
type Transcript struct {
	w     io.Writer
	st    iostreams.Style
	task  string // named in hints
	root  string // paths below it are shown without it
	block string // what is being printed; a new one begins a new line
	mid   bool   // the line has no end yet
	tools map[string]api.ToolCall
	err   error // the first of the writer
}

// NewTranscript returns a printer. task is how hints name the task, "" for no
// hints; root is the directory of its sandbox, "" when that is not known.
func NewTranscript(w io.Writer, st iostreams.Style, task, root string) *Transcript {
	return &Transcript{w: w, st: st, task: task, root: root, tools: map[string]api.ToolCall{}}
}

// Print prints one entry. Kinds that mean nothing to a person are skipped.
func (p *Transcript) Print(e api.Entry) error {
	switch e.Kind {
	case api.EntryUser:
		p.line("")
		p.lines("› ", "  ", p.st.Bold, sanitize.Text(e.Text))
		for _, a := range e.Attachments {
			p.line("  " + p.st.Dim("+ "+Attachment(a)))
		}
	case api.EntryText:
		p.chunk("text/"+e.MessageID, "", nil, sanitize.Text(e.Text))
	case api.EntryThought:
		p.chunk("thought/"+e.MessageID, "  ", p.st.Dim, sanitize.Text(e.Text))
	case api.EntryStderr:
		p.chunk("stderr", "stderr: ", p.st.Dim, sanitize.Text(e.Text))
	case api.EntryTool:
		p.tool(e.Tool)
	case api.EntryPlan:
		p.plan(e.Plan)
	case api.EntryPermission:
		p.permission(e.Permission)
	case api.EntryResolved:
		if e.Permission == nil || e.Permission.Kind == api.PermissionKindInput {
			p.lines("› ", "  ", p.st.Cyan, sanitize.Text(e.Text))
			break
		}
		p.resolved(e.Permission)
	case api.EntryQuestion:
		p.lines("? ", "  ", p.st.Yellow, sanitize.Text(e.Text))
		if e.Permission != nil && p.task != "" {
			p.line(p.st.Dim(fmt.Sprintf("    `hf send %s ANSWER` or `hf deny %s %s`", p.task, p.task, e.Permission.ID)))
		}
	case api.EntryMode:
		p.line(p.st.Dim("mode " + sanitize.Line(e.Mode)))
	case api.EntrySession:
		p.root = cmp.Or(e.Cwd, p.root) // whoever attached early did not know it
		p.line(p.st.Dim(sanitize.Line(e.Text)))
	case api.EntryTurnEnd:
		p.turnEnd(e)
	case api.EntryError:
		p.failed(e.Error)
	case api.EntryLimit:
		p.limit(e)
	case api.EntryExit:
		p.line(p.st.Dim("the agent " + Exit(e.Exit)))
	case api.EntryUsage, api.EntryOther:
	}
	return p.err
}

// End ends a line that was begun.
func (p *Transcript) End() error {
	if p.mid {
		p.write("\n")
	}
	p.mid, p.block = false, ""
	return p.err
}

func (p *Transcript) write(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *Transcript) line(s string) {
	_ = p.End() // kept in p.err
	p.write(s + "\n")
}

func (p *Transcript) lines(first, rest string, style func(string) string, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.line(first + style(line))
		first = rest
	}
}

// chunk prints a part of a text that may go on in the next entry.
func (p *Transcript) chunk(block, prefix string, style func(string) string, text string) {
	if p.block != block {
		_ = p.End() // kept in p.err
		p.block = block
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, ended := strings.CutSuffix(line, "\n")
		if !p.mid {
			b.WriteString(prefix)
		}
		if style != nil {
			body = style(body)
		}
		b.WriteString(body)
		if ended {
			b.WriteByte('\n')
		}
		p.mid = !ended
	}
	p.write(b.String())
}

func (p *Transcript) tool(t *api.ToolCall) {
	before, known := p.tools[t.ID]
	title := sanitize.Line(t.Title)
	if title == "" {
		title = sanitize.Line(t.Name)
	}
	if !known || before.Title != t.Title && t.Title != "" {
		p.line(p.st.Cyan("• ") + p.st.Bold(title) + p.kind(t))
	}
	if t.Command != "" && t.Command != before.Command && sanitize.Exact(t.Command) != title {
		p.line("    $ " + sanitize.Exact(t.Command))
	}
	for _, d := range t.Diffs {
		p.line("    " + p.diff(d))
	}
	if t.Output != "" {
		text := sanitize.Text(t.Output)
		if p.st.On() {
			text = sanitize.Styled(t.Output)
		}
		p.chunk("output/"+t.ID, "    ", nil, text)
	}
	if t.Status != before.Status {
		switch {
		case t.Status == "failed" && t.ExitCode != nil:
			p.line("    " + p.st.Red(fmt.Sprintf("failed (exit %d)", *t.ExitCode)))
		case t.Status == "failed", t.Status == "interrupted":
			p.line("    " + p.st.Red(t.Status))
		}
	}
	p.tools[t.ID] = api.ToolCall{Title: t.Title, Command: t.Command, Status: t.Status}
}

func (p *Transcript) kind(t *api.ToolCall) string {
	if t.Kind == "" || t.Kind == "other" {
		return ""
	}
	return p.st.Dim(" (" + sanitize.Line(t.Kind) + ")")
}

func (p *Transcript) diff(d api.ToolDiff) string {
	removed := 0
	if d.Old != nil {
		removed = countLines(*d.Old)
	}
	what := fmt.Sprintf("+%d -%d", countLines(d.New), removed)
	if d.Old == nil {
		what += ", new file"
	}
	return sanitize.Line(p.path(d.Path)) + p.st.Dim(" ("+what+")")
}

// path names a file as one does who stands in the sandbox.
func (p *Transcript) path(path string) string {
	if p.root == "" {
		return path
	}
	return strings.TrimPrefix(path, p.root+"/")
}

func countLines(s string) int {
	n := strings.Count(s, "\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		n++
	}
	return n
}

func (p *Transcript) plan(plan []api.PlanEntry) {
	p.line(p.st.Bold("Plan"))
	for _, e := range plan {
		mark := "[ ]"
		switch e.Status {
		case "completed":
			mark = "[x]"
		case "in_progress":
			mark = "[~]"
		}
		p.line("  " + mark + " " + sanitize.Line(e.Content))
	}
}

func (p *Transcript) permission(r *api.PermissionRequest) {
	_ = p.End() // kept in p.err
	p.write(Permission(p.st, r))
	if p.task != "" {
		p.line(p.st.Dim(fmt.Sprintf("    `hf approve %s %s` or `hf deny %s %s`", p.task, r.ID, p.task, r.ID)))
	}
}

// Permission shows what an agent asks to be allowed, in full: a command or path
// that hides something is quoted, so that it is seen.
func Permission(st iostreams.Style, r *api.PermissionRequest) string {
	if r.Kind == api.PermissionKindInput {
		return question(st, r)
	}
	var b strings.Builder
	b.WriteString(st.Yellow("? permission "+sanitize.Line(r.ID)) + ": " + st.Bold(sanitize.Exact(r.Title)) + "\n")
	if r.Command != "" {
		b.WriteString("    command: " + sanitize.Exact(r.Command) + "\n")
	}
	for _, path := range r.Paths {
		b.WriteString("    path: " + sanitize.Exact(path) + "\n")
	}
	b.WriteString(Indent("    ", Patch(st, sanitize.Text(r.Diff))))
	names := make([]string, len(r.Options))
	for i, o := range r.Options {
		names[i] = fmt.Sprintf("%d %s", i+1, sanitize.Line(o.Name))
	}
	if len(names) > 0 {
		b.WriteString("    answers: " + strings.Join(names, " · ") + "\n")
	}
	return b.String()
}

// question shows what an agent wants to know.
func question(st iostreams.Style, r *api.PermissionRequest) string {
	var b strings.Builder
	b.WriteString(st.Yellow("? question "+sanitize.Line(r.ID)) + ": " + st.Bold(sanitize.Exact(r.Title)) + "\n")
	if r.Question == nil {
		return b.String()
	}
	if r.Question.URL != "" {
		b.WriteString("    open " + sanitize.Exact(r.Question.URL) + ", then answer with any word\n")
	}
	for _, f := range r.Question.Fields {
		b.WriteString("    " + sanitize.Line(f.Name) + " (" + sanitize.Line(f.Type))
		if !f.Required {
			b.WriteString(", may be left out")
		}
		b.WriteString(")")
		if f.Title != "" {
			b.WriteString(": " + sanitize.Line(f.Title))
		}
		b.WriteString("\n")
		for i, c := range f.Choices {
			name := c.Title
			if name == "" {
				name = c.Value
			}
			fmt.Fprintf(&b, "      %d %s\n", i+1, sanitize.Line(name))
		}
	}
	return b.String()
}

// Attachment names a file that went with a message.
func Attachment(a api.Attachment) string {
	return fmt.Sprintf("%s (%s, %s)", sanitize.Line(a.Name), sanitize.Line(a.Type), Bytes(a.Size))
}

func (p *Transcript) resolved(r *api.PermissionRequest) {
	id := sanitize.Line(r.ID)
	switch r.State {
	case api.PermissionAllowed:
		p.line(p.st.Green("✓ allowed " + id))
	case api.PermissionDenied:
		p.line(p.st.Red("✗ denied " + id))
	case api.PermissionCancelled:
		p.line(p.st.Dim("permission " + id + " is no longer asked for"))
	case api.PermissionOpen, api.PermissionAnswered:
	}
}

func (p *Transcript) turnEnd(e api.Entry) {
	s := "turn ended"
	if e.StopReason != api.StopEndTurn {
		s += ": " + sanitize.Line(string(e.StopReason))
	}
	if u := e.Usage; u != nil && u.InputTokens != nil && u.OutputTokens != nil {
		s += fmt.Sprintf(" (%d tokens in, %d out)", *u.InputTokens, *u.OutputTokens)
	}
	p.line(p.st.Dim("── " + s))
}

func (p *Transcript) failed(e *api.Error) {
	if e == nil {
		return
	}
	p.lines("error: ", "  ", p.st.Red, sanitize.Text(e.Message))
	if e.Hint != "" {
		p.lines("hint: ", "  ", p.st.Dim, sanitize.Text(e.Hint))
	}
}

func (p *Transcript) limit(e api.Entry) {
	s := "usage limit"
	if e.Text != "" {
		s += ": " + sanitize.Line(e.Text)
	}
	if e.ResetAt != nil {
		s += ", resets " + e.ResetAt.Local().Format(time.DateTime)
	}
	p.line(p.st.Yellow(s))
}

// Patch colours a unified diff.
func Patch(st iostreams.Style, patch string) string {
	if !st.On() {
		return patch
	}
	var b strings.Builder
	b.Grow(len(patch) + len(patch)/4)
	header := true // until the first hunk of a file
	for line := range strings.Lines(patch) {
		body, ended := strings.CutSuffix(line, "\n")
		style := func(s string) string { return s }
		switch {
		case strings.HasPrefix(body, "diff "):
			header, style = true, st.Bold
		case strings.HasPrefix(body, "@@"):
			header, style = false, st.Cyan
		case header:
			style = st.Bold
		case strings.HasPrefix(body, "+"):
			style = st.Green
		case strings.HasPrefix(body, "-"):
			style = st.Red
		}
		b.WriteString(style(body))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
