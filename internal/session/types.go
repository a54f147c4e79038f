// Package session owns running agents: one supervisor goroutine for each
// session, which folds the session's journal into what hf knows, delivers the
// messages and answers that wait for it, and stores both together.
package session

import (
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Session is one agent process and its transcript.
type Session struct {
	ID        string
	Task      string
	Agent     string
	Dir       string // holds the journal, the holder's socket name and its exit record
	ACPID     string // the agent's own id of the conversation, for a later resume
	Activity  api.Activity
	Reason    string
	Since     time.Time // when Activity began
	HolderPID int
	AgentPID  int
	Offset    int64  // bytes of the journal that Snapshot has folded in
	Snapshot  []byte // the protocol state at Offset
	Exit      *api.ExitEvent
	CreatedAt time.Time
	EndedAt   *time.Time // when the process was known to have ended
}

// Live reports whether the session's process may still run.
func (s *Session) Live() bool { return s.EndedAt == nil }

// Message is one prompt in the outbox.
type Message struct {
	ID          string
	Task        string
	Session     string // the session it was delivered to; "" before that
	Text        string
	Attachments []Attachment
	State       api.MessageState
	StopReason  api.StopReason
	Error       string
	CreatedAt   time.Time
	DeliveredAt *time.Time
	EndedAt     *time.Time
}

// Permission is one request an agent waits, or waited, on.
type Permission struct {
	api.PermissionRequest
	Session string
	Answer  string // the option chosen; "" while open
}

// Attachment is a file that goes with a message.
type Attachment struct {
	api.Attachment
	Path string `json:"path"` // the copy that hf keeps of it
}
