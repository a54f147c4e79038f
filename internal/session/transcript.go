package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// cursor is a place in a task's transcript: behind the nth entry of the record
// at an offset of a session's journal.
type cursor struct {
	session string
	offset  int64
	n       int
}

func (c cursor) String() string { return fmt.Sprintf("%s:%d:%d", c.session, c.offset, c.n) }

func parseCursor(s string) (cursor, error) {
	bad := &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q is no transcript cursor", s)}
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return cursor{}, bad
	}
	offset, err1 := strconv.ParseInt(parts[1], 10, 64)
	n, err2 := strconv.Atoi(parts[2])
	if err1 != nil || err2 != nil || parts[0] == "" || offset < 0 || n < 0 {
		return cursor{}, bad
	}
	return cursor{session: parts[0], offset: offset, n: n}, nil
}

// Transcript yields the entries of a task in order, from behind the cursor
// after ("" = all of them). With follow it goes on until ctx ends, over every
// session the task will have. The journals are the truth: nothing is kept in
// memory for it, so a slow reader costs nothing.
func (m *Manager) Transcript(ctx context.Context, task, after string, follow bool, yield func(api.Entry) error) error {
	var from cursor
	if after != "" {
		var err error
		if from, err = parseCursor(after); err != nil {
			return err
		}
	}
	woken, stop := m.changed.watch(task)
	defer stop()
	var open *foldReader
	defer func() { open.close() }()
	done := map[string]bool{}
	for {
		sessions, err := m.sessionsOf(ctx, task)
		if err != nil {
			return err
		}
		skipBefore(sessions, from.session, done)
		for i := range sessions {
			s := &sessions[i]
			if done[s.ID] {
				continue
			}
			if open == nil || open.session != s.ID {
				open.close()
				if open, err = m.openFold(s, from); err != nil {
					return err
				}
			}
			if err := open.drain(ctx, yield); err != nil {
				return err
			}
			if s.Live() {
				break // the next session begins when this one has ended
			}
			done[s.ID] = true
		}
		if !follow {
			return nil
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (m *Manager) sessionsOf(ctx context.Context, task string) (out []Session, err error) {
	err = m.cfg.Store.View(ctx, func(tx Tx) (err error) {
		out, err = tx.SessionsOf(task)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the task's sessions: %w", err)
	}
	return out, nil
}

// skipBefore marks the sessions that end before the cursor's.
func skipBefore(sessions []Session, at string, done map[string]bool) {
	for i := range sessions {
		if sessions[i].ID != at {
			continue
		}
		for _, s := range sessions[:i] {
			done[s.ID] = true
		}
	}
}

// foldReader folds one journal from its beginning and yields what lies behind
// a cursor.
type foldReader struct {
	session string
	reader  *journal.Reader // nil: the session never had a journal
	machine *acp.Machine
	from    cursor
}

func (m *Manager) openFold(s *Session, from cursor) (*foldReader, error) {
	f := &foldReader{session: s.ID, from: from}
	meta, err := readMeta(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f.machine = acp.New(meta.ACP)
	f.reader, err = journal.Open(filepath.Join(s.Dir, hold.JournalFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return f, nil
}

func (f *foldReader) close() {
	if f != nil && f.reader != nil {
		_ = f.reader.Close()
	}
}

func (f *foldReader) drain(ctx context.Context, yield func(api.Entry) error) error {
	if f.reader == nil {
		return nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := f.reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		for n, e := range f.machine.Feed(rec) {
			at := cursor{session: f.session, offset: rec.Offset, n: n}
			if f.behind(at) {
				continue
			}
			e.Cursor, e.Session = at.String(), f.session
			if err := yield(e); err != nil {
				return err
			}
		}
	}
}

// behind reports whether the entry was yielded before the cursor was taken.
func (f *foldReader) behind(at cursor) bool {
	if f.from.session != f.session {
		return false
	}
	return at.offset < f.from.offset || at.offset == f.from.offset && at.n <= f.from.n
}
