package session

import (
	"context"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Store keeps sessions. Update runs fn in one transaction that is committed
// when fn returns nil; View runs it read-only.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
}

// Tx is what the supervisor needs of a transaction.
type Tx interface {
	Session(id string) (*Session, error)
	PutSession(s *Session) error
	LiveSessions() ([]Session, error)
	SessionsOf(task string) ([]Session, error) // oldest first

	Message(id string) (*Message, error)
	PutMessage(m *Message) error
	// NextMessage returns the oldest message of a task not yet delivered, or nil.
	NextMessage(task string) (*Message, error)
	MessagesOf(task string) ([]Message, error)

	Permission(id string) (*Permission, error)
	PutPermission(p *Permission) error
	PermissionsOfSession(session string) ([]Permission, error)

	// Observe makes the session's state the state of its task, and says so in
	// an event when it changed.
	Observe(o Observation) error
	Event(kind api.EventKind, task string, data any) error
}

// Observation is what a session shows of its task. Exactly the task's current
// session may observe.
type Observation struct {
	Task      string
	Session   string
	Activity  api.Activity
	Reason    string
	Since     time.Time
	TurnStart *time.Time      // nil: no turn is in progress
	Result    *api.TurnResult // not nil: a turn has just ended
}
