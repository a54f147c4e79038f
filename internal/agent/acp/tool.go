package acp

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

const (
	// maxTools bounds the tool calls of one turn that are remembered.
	maxTools = 256
	// maxPaths bounds the files of one tool call that are remembered.
	maxPaths = 100
	// maxDiff bounds what is remembered and shown of one side of an edit.
	maxDiff = 64 << 10
	// maxKept bounds what is remembered of all edits of one tool call.
	maxKept = 128 << 10
	// maxTitle bounds a title; a command is shown in full up to maxShown.
	maxTitle = 4 << 10
)

// tool is what is remembered of a tool call. Its Output is not: Shown and Sum
// say how much of it was shown.
type tool struct {
	Call     toolCall `json:"call"`
	Shown    int      `json:"shown,omitempty"`
	Sum      uint64   `json:"sum,omitempty"`
	Terminal bool     `json:"terminal,omitempty"` // its output comes as terminal output
	Denied   bool     `json:"denied,omitempty"`   // a person refused it
	// MorePaths says that it names more files than are remembered.
	MorePaths bool `json:"morePaths,omitempty"`
}

type toolCall api.ToolCall

func (t *tool) finished() bool {
	return t.Call.Status == "completed" || t.Call.Status == "failed" || t.Call.Status == "interrupted"
}

// toolUpdated folds a tool call or an update of one.
func (m *Machine) toolUpdated(params json.RawMessage, line []byte) {
	var p struct {
		Update toolUpdate `json:"update"`
	}
	decode(params, &p)
	if p.Update.ID == "" {
		m.other(line)
		return
	}
	m.mergeTool(&p.Update)
}

// mergeTool merges an update into the remembered tool call and shows what
// changed: the whole state, but of the output and the edits only what is new.
func (m *Machine) mergeTool(u *toolUpdate) *tool {
	t, known := m.findTool(u.ID)
	before := snapshotCall(t)
	applyFields(t, u)
	diffs := applyDiffs(t, u)
	output := t.newOutput(u)
	if code := exitCode(u); code != nil {
		t.Call.ExitCode = code
	}
	if plan := todoPlan(&t.Call, u.RawInput); plan != nil {
		m.emit(api.Entry{Kind: api.EntryPlan, Plan: plan})
	}
	if !known || output != "" || diffs != nil || !equalCall(before, &t.Call) {
		m.emit(api.Entry{Kind: api.EntryTool, Tool: t.show(output, diffs)})
	}
	return t
}

// findTool returns the remembered tool call, or a new one.
func (m *Machine) findTool(id string) (t *tool, known bool) {
	tools := m.s.Tools
	for i := range tools {
		if tools[i].Call.ID == id {
			return &tools[i], true
		}
	}
	if len(tools) >= maxTools {
		old := slices.IndexFunc(tools, func(t tool) bool { return t.finished() })
		tools = slices.Delete(tools, max(old, 0), max(old, 0)+1)
	}
	m.s.Tools = append(tools, tool{Call: toolCall{ID: id, Status: "pending"}})
	return &m.s.Tools[len(m.s.Tools)-1], false
}

func (t *tool) show(output string, diffs []api.ToolDiff) *api.ToolCall {
	c := api.ToolCall(t.Call)
	c.Paths = slices.Clone(c.Paths)
	c.Output, c.Diffs = output, diffs
	return &c
}

// snapshotCall copies what equalCall compares.
func snapshotCall(t *tool) toolCall {
	c := t.Call
	c.Paths = slices.Clone(c.Paths)
	return c
}

func equalCall(a toolCall, b *toolCall) bool {
	return a.Name == b.Name && a.Title == b.Title && a.Kind == b.Kind && a.Status == b.Status &&
		a.Command == b.Command && same(a.ExitCode, b.ExitCode) && slices.Equal(a.Paths, b.Paths)
}

func applyFields(t *tool, u *toolUpdate) {
	c := &t.Call
	set(&c.Title, u.Title, maxTitle)
	set(&c.Kind, u.Kind, 100)
	set(&c.Status, u.Status, 100)
	for _, name := range []string{u.Name, u.Meta.Claude.ToolName} {
		if name != "" {
			c.Name = clip(name, 200)
			break
		}
	}
	if command := commandOf(u.RawInput); command != "" {
		c.Command = clip(command, maxShown)
	}
	for _, path := range pathsOf(u) {
		t.addPath(path)
	}
}

func set(field *string, value *string, limit int) {
	if value != nil && *value != "" {
		*field = clip(*value, limit)
	}
}

// addPath remembers a file that the call names. None is ever forgotten: what a
// policy allows must hold for all of them.
func (t *tool) addPath(path string) {
	c := &t.Call
	if path == "" || slices.Contains(c.Paths, path) {
		return
	}
	if len(c.Paths) == maxPaths {
		t.MorePaths = true
		return
	}
	c.Paths = append(c.Paths, path)
}

// pathsOf lists the files an update names.
func pathsOf(u *toolUpdate) []string {
	var paths []string
	add := func(p string) { paths = append(paths, p) }
	if u.Locations != nil {
		for _, l := range *u.Locations {
			add(l.Path)
		}
	}
	if u.Content != nil {
		for _, c := range *u.Content {
			if c.Type == "diff" {
				add(c.Path)
			}
		}
	}
	var in struct {
		FilePath  string `json:"file_path"`
		FilePath2 string `json:"filePath"`
		AbsPath   string `json:"absolute_path"`
	}
	decode(u.RawInput, &in)
	add(in.FilePath)
	add(in.FilePath2)
	add(in.AbsPath)
	return paths
}

// commandOf is the command line of a tool's input: a string, or a list whose
// shell wrapping is left out.
func commandOf(raw json.RawMessage) string {
	var in struct {
		Command json.RawMessage `json:"command"`
		Cmd     json.RawMessage `json:"cmd"`
	}
	decode(raw, &in)
	for _, raw := range []json.RawMessage{in.Command, in.Cmd} {
		var text string
		decode(raw, &text)
		if text != "" {
			return text
		}
		var argv []string
		decode(raw, &argv)
		if len(argv) == 3 && (argv[1] == "-c" || argv[1] == "-lc") {
			return argv[2]
		}
		if len(argv) > 0 {
			return strings.Join(argv, " ")
		}
	}
	return ""
}

// applyDiffs takes the edits an update shows. It returns them when they differ
// from those shown before.
func applyDiffs(t *tool, u *toolUpdate) []api.ToolDiff {
	if u.Content == nil {
		return nil
	}
	var diffs []api.ToolDiff
	for _, c := range *u.Content {
		if c.Type != "diff" || c.NewText == "" && (c.OldText == nil || *c.OldText == "") {
			continue
		}
		d := api.ToolDiff{Path: c.Path, New: clip(c.NewText, maxDiff)}
		if c.OldText != nil {
			old := clip(*c.OldText, maxDiff)
			d.Old = &old
		}
		diffs = append(diffs, d)
	}
	if len(diffs) == 0 || slices.EqualFunc(diffs, t.Call.Diffs, equalDiff) {
		return nil
	}
	t.Call.Diffs = nil
	for size, i := 0, 0; i < len(diffs); i++ {
		if size += diffSize(diffs[i]); size > maxKept {
			break
		}
		t.Call.Diffs = append(t.Call.Diffs, diffs[i])
	}
	return diffs
}

func equalDiff(a, b api.ToolDiff) bool {
	return a.Path == b.Path && a.New == b.New && same(a.Old, b.Old)
}

func diffSize(d api.ToolDiff) int {
	n := len(d.Path) + len(d.New)
	if d.Old != nil {
		n += len(*d.Old)
	}
	return n
}

// newOutput returns the part of the tool's output that was not shown yet.
// Terminal output comes in pieces; content is said as a whole each time.
func (t *tool) newOutput(u *toolUpdate) string {
	if u.Meta.Output != nil || u.Meta.OutputDelta != nil {
		t.Terminal = true
		var b strings.Builder
		for _, d := range []*terminalData{u.Meta.Output, u.Meta.OutputDelta} {
			if d != nil {
				b.WriteString(d.Data)
			}
		}
		return clip(b.String(), maxShown)
	}
	if t.Terminal {
		return ""
	}
	text := contentText(u)
	if text == "" && t.Shown == 0 && t.finished() {
		text = rawText(u.RawOutput)
	}
	if text == "" {
		return ""
	}
	fresh := text
	if t.Shown > 0 && t.Shown <= len(text) && sum(text[:t.Shown]) == t.Sum {
		fresh = text[t.Shown:]
	}
	t.Shown, t.Sum = len(text), sum(text)
	return clip(fresh, maxShown)
}

func contentText(u *toolUpdate) string {
	if u.Content == nil {
		return ""
	}
	var parts []string
	for _, c := range *u.Content {
		if c.Type == "content" && c.Content.Text != "" {
			parts = append(parts, c.Content.Text)
		}
	}
	return strings.Join(parts, "\n")
}

// rawText is the text of a tool's own result, where the agent shows no other.
func rawText(raw json.RawMessage) string {
	var text string
	decode(raw, &text)
	if text != "" {
		return text
	}
	var out struct {
		Formatted  string `json:"formatted_output"`
		Aggregated string `json:"aggregated_output"`
		Output     string `json:"output"`
		Stdout     string `json:"stdout"`
		Error      string `json:"error"`
	}
	decode(raw, &out)
	for _, s := range []string{out.Formatted, out.Aggregated, out.Output, out.Stdout, out.Error} {
		if s != "" {
			return s
		}
	}
	return ""
}

func exitCode(u *toolUpdate) *int {
	if u.Meta.Exit != nil && u.Meta.Exit.Code != nil {
		return u.Meta.Exit.Code
	}
	var out struct {
		Snake    *int `json:"exit_code"`
		Camel    *int `json:"exitCode"`
		Metadata struct {
			Exit *int `json:"exit"`
		} `json:"metadata"`
	}
	decode(u.RawOutput, &out)
	for _, code := range []*int{out.Snake, out.Camel, out.Metadata.Exit} {
		if code != nil {
			return code
		}
	}
	return nil
}

// todoPlan is the plan in the input of a tool that only keeps one.
func todoPlan(c *toolCall, raw json.RawMessage) []api.PlanEntry {
	if !strings.EqualFold(c.Name, "todowrite") && !strings.EqualFold(c.Title, "todowrite") {
		return nil
	}
	var in struct {
		Todos []planEntry `json:"todos"`
	}
	decode(raw, &in)
	if len(in.Todos) == 0 {
		return nil
	}
	plan := make([]api.PlanEntry, len(in.Todos))
	for i, e := range in.Todos {
		plan[i] = api.PlanEntry{Content: e.Content, Status: e.Status, Priority: e.Priority}
	}
	return plan
}

// interruptTools marks what the turn's end left unfinished and forgets the
// turn's tool calls.
func (m *Machine) interruptTools() {
	for i := range m.s.Tools {
		t := &m.s.Tools[i]
		if !t.finished() {
			t.Call.Status = "interrupted"
			if t.Denied { // not every agent says what became of it
				t.Call.Status = "failed"
			}
			m.emit(api.Entry{Kind: api.EntryTool, Tool: t.show("", nil)})
		}
	}
	m.s.Tools = nil
}

func sum(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
