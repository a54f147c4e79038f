package api

import (
	"encoding/json"
	"time"
)

// Entry is one line of a task's transcript, in the order of the journal.
type Entry struct {
	Cursor      string             `json:"cursor"` // SESSION:OFFSET:N; `after=` this goes on behind it
	Session     string             `json:"session"`
	Time        time.Time          `json:"time"`
	Turn        string             `json:"turn,omitempty"` // the id of the message whose turn it is
	Kind        EntryKind          `json:"kind"`
	MessageID   string             `json:"messageId,omitempty"` // chunks of one text share it, where the agent says so
	Text        string             `json:"text,omitempty"`
	Attachments []Attachment       `json:"attachments,omitempty"` // kind user: files that went with the prompt
	Tool        *ToolCall          `json:"tool,omitempty"`
	Plan        []PlanEntry        `json:"plan,omitempty"`
	Permission  *PermissionRequest `json:"permission,omitempty"`
	StopReason  StopReason         `json:"stopReason,omitempty"`
	Usage       *Usage             `json:"usage,omitempty"`
	Mode        string             `json:"mode,omitempty"`
	Error       *Error             `json:"error,omitempty"`
	Exit        *ExitEvent         `json:"exit,omitempty"`
	ResetAt     *time.Time         `json:"resetAt,omitempty"` // kind limit
	Cwd         string             `json:"cwd,omitempty"`     // kind session: where the agent works
	Raw         json.RawMessage    `json:"raw,omitempty"`     // kind other: the agent's own line
}

// EntryKind names what an Entry is.
type EntryKind string

// The kinds of transcript entry.
const (
	EntryUser       EntryKind = "user"       // Text: a prompt as it was sent
	EntryText       EntryKind = "text"       // Text: a chunk of the agent's answer
	EntryThought    EntryKind = "thought"    // Text: a chunk of its thinking
	EntryTool       EntryKind = "tool"       // Tool: a tool call, or an update of one
	EntryPlan       EntryKind = "plan"       // Plan: the whole plan, replacing the last
	EntryPermission EntryKind = "permission" // Permission: asked
	EntryResolved   EntryKind = "resolved"   // Permission: answered or cancelled; of a question Text is the answer, MessageID the message it came in
	EntryQuestion   EntryKind = "question"   // Text: the agent asks for input; Permission where it waits in the middle of its turn
	EntryUsage      EntryKind = "usage"      // Usage
	EntryMode       EntryKind = "mode"       // Mode
	EntryTurnEnd    EntryKind = "turn_end"   // StopReason, Usage
	EntryError      EntryKind = "error"      // Error: the turn or the session failed
	EntryLimit      EntryKind = "limit"      // Text, ResetAt: a usage limit
	EntryStderr     EntryKind = "stderr"     // Text: what the agent wrote to its standard error
	EntryExit       EntryKind = "exit"       // Exit: the process ended
	EntrySession    EntryKind = "session"    // Text: a session began (new, resumed, …)
	EntryOther      EntryKind = "other"      // Raw: understood by nobody, kept
)

// ToolCall is the state of one tool call so far.
type ToolCall struct {
	ID       string     `json:"id"`
	Name     string     `json:"name,omitempty"`
	Title    string     `json:"title,omitempty"`
	Kind     string     `json:"kind,omitempty"`
	Status   string     `json:"status,omitempty"` // pending, in_progress, completed, failed, interrupted
	Command  string     `json:"command,omitempty"`
	Paths    []string   `json:"paths,omitempty"`
	Output   string     `json:"output,omitempty"` // text it has shown so far, or the new part for an update
	Diffs    []ToolDiff `json:"diffs,omitempty"`
	ExitCode *int       `json:"exitCode,omitempty"`
}

// ToolDiff is an edit a tool call shows. Old is absent for a new file.
type ToolDiff struct {
	Path string  `json:"path"`
	Old  *string `json:"old,omitempty"`
	New  string  `json:"new"`
}

// PlanEntry is one line of an agent's plan.
type PlanEntry struct {
	Content  string `json:"content"`
	Status   string `json:"status"` // pending, in_progress, completed
	Priority string `json:"priority,omitempty"`
}

// Usage is what the agent said it used. A field it did not say is absent.
type Usage struct {
	InputTokens  *int64   `json:"inputTokens,omitempty"`
	OutputTokens *int64   `json:"outputTokens,omitempty"`
	ContextUsed  *int64   `json:"contextUsed,omitempty"`
	ContextSize  *int64   `json:"contextSize,omitempty"`
	CostUSD      *float64 `json:"costUsd,omitempty"` // of the session so far
}
