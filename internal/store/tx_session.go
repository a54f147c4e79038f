package store

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/hf-dev/hf/internal/session"
)

var sessionTable = newTable("sessions", []string{"id"}, "", func(s *session.Session) []column {
	return []column{
		{"id", &s.ID},
		{"task", &s.Task},
		{"agent", &s.Agent},
		{"dir", &s.Dir},
		{"acp_id", &s.ACPID},
		{"activity", &s.Activity},
		{"reason", &s.Reason},
		{"since", micros{&s.Since}},
		{"holder_pid", &s.HolderPID},
		{"agent_pid", &s.AgentPID},
		{"offset", &s.Offset},
		{"snapshot", &s.Snapshot},
		{"exit", jsonOf(&s.Exit)},
		{"created_at", micros{&s.CreatedAt}},
		{"ended_at", optMicros{&s.EndedAt}},
	}
}, nil)

// Session returns a session by its id.
func (tx *Tx) Session(id string) (*session.Session, error) {
	return sessionTable.find(tx, "session", id, `WHERE id = ?`, id)
}

// PutSession inserts a session or replaces it.
func (tx *Tx) PutSession(s *session.Session) error {
	if _, err := sessionTable.put(tx, s); err != nil {
		return fmt.Errorf("write session %q: %w", s.ID, err)
	}
	return nil
}

// LiveSessions returns the sessions whose process may still run, oldest first.
func (tx *Tx) LiveSessions() ([]session.Session, error) {
	list, err := sessionTable.all(tx, `WHERE ended_at IS NULL ORDER BY n`)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// SessionsOf returns the sessions of a task, oldest first.
func (tx *Tx) SessionsOf(task string) ([]session.Session, error) {
	list, err := sessionTable.all(tx, `WHERE task = ? ORDER BY n`, task)
	if err != nil {
		return nil, fmt.Errorf("list sessions of task %q: %w", task, err)
	}
	return list, nil
}

var messageTable = newTable("messages", []string{"id"}, "", func(m *session.Message) []column {
	return []column{
		{"id", &m.ID},
		{"task", &m.Task},
		{"session", &m.Session},
		{"text", &m.Text},
		{"attachments", jsonOf(&m.Attachments)},
		{"state", &m.State},
		{"stop_reason", &m.StopReason},
		{"error", &m.Error},
		{"created_at", micros{&m.CreatedAt}},
		{"delivered_at", optMicros{&m.DeliveredAt}},
		{"ended_at", optMicros{&m.EndedAt}},
	}
}, nil)

// Message returns a message by its id.
func (tx *Tx) Message(id string) (*session.Message, error) {
	return messageTable.find(tx, "message", id, `WHERE id = ?`, id)
}

// PutMessage inserts a message behind all others of its task, or replaces it
// in its place.
func (tx *Tx) PutMessage(m *session.Message) error {
	if _, err := messageTable.put(tx, m); err != nil {
		return fmt.Errorf("write message %q: %w", m.ID, err)
	}
	return nil
}

// NextMessage returns the oldest message of a task that is yet to be
// delivered, or nil when there is none.
func (tx *Tx) NextMessage(task string) (*session.Message, error) {
	m, err := messageTable.one(tx, `WHERE task = ? AND state IN ('accepted', 'queued') ORDER BY n`, task)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read messages of task %q: %w", task, err)
	}
	return m, nil
}

// MessagesOf returns the messages of a task, oldest first.
func (tx *Tx) MessagesOf(task string) ([]session.Message, error) {
	list, err := messageTable.all(tx, `WHERE task = ? ORDER BY n`, task)
	if err != nil {
		return nil, fmt.Errorf("list messages of task %q: %w", task, err)
	}
	return list, nil
}

var permissionTable = newTable("permissions", []string{"session", "id"}, "", func(p *session.Permission) []column {
	return []column{
		{"session", &p.Session},
		{"id", &p.ID},
		{"task", &p.Task},
		{"state", &p.State},
		{"title", &p.Title},
		{"kind", &p.Kind},
		{"command", &p.Command},
		{"paths", jsonOf(&p.Paths)},
		{"diff", &p.Diff},
		{"options", jsonOf(&p.Options)},
		{"question", jsonOf(&p.Question)},
		{"answer", &p.Answer},
		{"created_at", micros{&p.CreatedAt}},
		{"resolved_at", optMicros{&p.ResolvedAt}},
		{"resolved_by", &p.ResolvedBy},
	}
}, nil)

// Permission returns a permission request by its id. Ids are unique only in
// their session: of several it is the open one, else the newest.
func (tx *Tx) Permission(id string) (*session.Permission, error) {
	return permissionTable.find(tx, "permission request", id, `WHERE id = ? ORDER BY state <> 'open', n DESC`, id)
}

// PutPermission inserts a permission request or replaces the one with its id
// in its session.
func (tx *Tx) PutPermission(p *session.Permission) error {
	if _, err := permissionTable.put(tx, p); err != nil {
		return fmt.Errorf("write permission request %q: %w", p.ID, err)
	}
	return nil
}

// OpenPermissions returns the requests of a task that wait for an answer,
// oldest first.
func (tx *Tx) OpenPermissions(task string) ([]session.Permission, error) {
	return tx.permissions(`WHERE task = ? AND state = 'open' ORDER BY n`, task)
}

// OpenPermissionsIn returns the requests of a workspace's tasks that wait for an
// answer, oldest first.
func (tx *Tx) OpenPermissionsIn(workspace string) ([]session.Permission, error) {
	return tx.permissions(`WHERE state = 'open' AND task IN (SELECT id FROM tasks WHERE workspace = ?) ORDER BY n`, workspace)
}

// PermissionsOf returns the permission requests of a task, oldest first.
func (tx *Tx) PermissionsOf(task string) ([]session.Permission, error) {
	return tx.permissions(`WHERE task = ? ORDER BY n`, task)
}

// PermissionsOfSession returns the permission requests of a session, oldest
// first.
func (tx *Tx) PermissionsOfSession(id string) ([]session.Permission, error) {
	return tx.permissions(`WHERE session = ? ORDER BY n`, id)
}

func (tx *Tx) permissions(condition, of string) ([]session.Permission, error) {
	list, err := permissionTable.all(tx, condition, of)
	if err != nil {
		return nil, fmt.Errorf("list permission requests of %q: %w", of, err)
	}
	return list, nil
}
