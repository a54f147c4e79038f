package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Tx is one transaction. It is valid until the function it was given to
// returns. Rows that are not there are *api.Error with CodeNotFound. Values
// given to a Put method belong to the transaction: they are stored only if it
// is, and must be read again after one that failed.
type Tx struct {
	ctx   context.Context
	conn  *conn
	now   func() time.Time
	reads bool  // it cannot write
	seq   int64 // of the newest event that was appended, 0 = none
}

func (tx *Tx) exec(query string, args ...any) (sql.Result, error) {
	res, err := tx.conn.exec(tx.ctx, query, args...)
	return res, classify(err)
}

func (tx *Tx) scan(query string, args []any, dest ...any) error {
	return classify(tx.conn.scan(tx.ctx, query, args, dest...))
}

// time returns the present as it would be read back.
func (tx *Tx) time() time.Time { return tx.now().UTC().Truncate(time.Microsecond) }

// Event appends to the journal of events and returns the number of the new
// one. data is stored as JSON; nil means none. The task's LastEvent follows.
func (tx *Tx) Event(kind api.EventKind, workspace, task string, data any) (seq int64, err error) {
	now := tx.now()
	res, err := tx.exec(`INSERT INTO events (time, kind, workspace, task, data) VALUES (?, ?, ?, ?, ?)`,
		micros{&now}, kind, workspace, task, jsonOf(&data))
	if err != nil {
		return 0, fmt.Errorf("append event %s: %w", kind, err)
	}
	if seq, err = res.LastInsertId(); err != nil {
		return 0, fmt.Errorf("append event %s: %w", kind, err)
	}
	if task != "" {
		if _, err := tx.exec(`UPDATE tasks SET last_event = ? WHERE id = ?`, seq, task); err != nil {
			return 0, fmt.Errorf("append event %s: %w", kind, err)
		}
	}
	tx.seq = seq
	return seq, nil
}

// Events returns up to limit events after a sequence number, oldest first, of
// one task or, for "", of all. A limit of 0 or less is none.
func (tx *Tx) Events(after int64, task string, limit int) ([]api.Event, error) {
	if limit <= 0 {
		limit = -1
	}
	var events []api.Event
	var err error
	if task == "" {
		events, err = eventTable.all(tx, `WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	} else {
		events, err = eventTable.all(tx, `WHERE task = ? AND seq > ? ORDER BY seq LIMIT ?`, task, after, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// LastSeq returns the number of the newest event, 0 when there is none.
func (tx *Tx) LastSeq() (int64, error) {
	var seq int64
	if err := tx.scan(`SELECT coalesce(max(seq), 0) FROM events`, nil, &seq); err != nil {
		return 0, fmt.Errorf("read events: %w", err)
	}
	return seq, nil
}

var eventTable = newTable("events", []string{"seq"}, "", eventColumns, nil)

func eventColumns(e *api.Event) []column {
	return []column{
		{"seq", &e.Seq},
		{"time", micros{&e.Time}},
		{"kind", &e.Kind},
		{"workspace", &e.Workspace},
		{"task", &e.Task},
		{"data", rawJSON{&e.Data}},
	}
}

// Replay returns the answer that a mutating request was given before.
func (tx *Tx) Replay(request string) (response []byte, found bool, err error) {
	err = tx.scan(`SELECT response FROM requests WHERE id = ?`, []any{request}, &response)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read request %q: %w", request, err)
	}
	return response, true, nil
}

// Remember stores the answer of a mutating request for a week. Called in the
// transaction of the request's effect, it makes the effect happen once: a
// second call for the same request is CodeConflict.
func (tx *Tx) Remember(request string, response []byte) error {
	now := tx.now()
	res, err := tx.exec(`INSERT INTO requests (id, response, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		request, append([]byte{}, response...), micros{&now})
	if err != nil {
		return fmt.Errorf("remember request %q: %w", request, err)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("request %q was carried out already", request)}
}

// Setting returns a value by its key, and whether it was ever set.
func (tx *Tx) Setting(key string) (value string, found bool, err error) {
	err = tx.scan(`SELECT value FROM settings WHERE key = ?`, []any{key}, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read setting %q: %w", key, err)
	}
	return value, true, nil
}

// PutSetting sets a value.
func (tx *Tx) PutSetting(key, value string) error {
	_, err := tx.exec(`INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("write setting %q: %w", key, err)
	}
	return nil
}

// Trusted reports whether the user allowed this content of a repo's commands.
func (tx *Tx) Trusted(repo, hash string) (bool, error) {
	var found bool
	if err := tx.scan(`SELECT EXISTS (SELECT 1 FROM trusted WHERE repo = ? AND hash = ?)`, []any{repo, hash}, &found); err != nil {
		return false, fmt.Errorf("read trust of repo %q: %w", repo, err)
	}
	return found, nil
}

// Trust notes that the user allowed this content of a repo's commands.
func (tx *Tx) Trust(repo, hash string) error {
	now := tx.now()
	_, err := tx.exec(`INSERT INTO trusted (repo, hash, created_at) VALUES (?, ?, ?) ON CONFLICT (repo, hash) DO NOTHING`, repo, hash, micros{&now})
	if err != nil {
		return fmt.Errorf("trust repo %q: %w", repo, err)
	}
	return nil
}

// SchemaVersion returns the version of the database's schema.
func (tx *Tx) SchemaVersion() (version int, err error) {
	if err := tx.scan("PRAGMA user_version", nil, &version); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return version, nil
}
