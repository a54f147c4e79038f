package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A mark is a small file beside the database that says up to which event it
// has acknowledged commits. SQLite itself takes a database that lost its
// write-ahead log, or that an old copy was put in the place of, for a whole
// one: only something outside of it can tell.
//
// It is written after each commit and not synced. What a power cut takes from
// it makes it say less, never more, than the database holds.

// markSuffix makes the name of the mark from that of the database.
const markSuffix = "-seq"

// readMark returns the event a mark names, 0 where there is none.
func readMark(path string) int64 {
	b, err := os.ReadFile(path + markSuffix)
	if err != nil {
		return 0
	}
	seq, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return seq
}

// advance notes that commits up to an event are durable.
func (s *Store) advance(seq int64) {
	if seq <= s.marked {
		return
	}
	if s.mark == nil {
		f, err := os.OpenFile(s.path+markSuffix, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			s.log.Warn("open the mark of the database", "error", err)
			return
		}
		s.mark = f
	}
	if _, err := s.mark.WriteAt(fmt.Appendf(nil, "%020d\n", seq), 0); err != nil {
		s.log.Warn("write the mark of the database", "error", err)
		return
	}
	s.marked = seq
}

// lastAssigned returns the number of the newest event there ever was, also of
// one that was deleted.
func lastAssigned(ctx context.Context, c *conn) (seq int64, err error) {
	err = c.scan(ctx, `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'`, nil, &seq)
	return seq, err
}

// checkMark compares the database with its mark.
func (s *Store) checkMark(ctx context.Context) error {
	marked := readMark(s.path)
	if marked == 0 {
		return nil
	}
	version, err := schemaOf(ctx, s.writer)
	if err != nil {
		return err
	}
	seq := int64(0)
	if version > 0 {
		if seq, err = lastAssigned(ctx, s.writer); err != nil {
			return err
		}
	}
	if seq >= marked {
		s.marked = marked
		return nil
	}
	return broken(fmt.Errorf("it ends at event %d, and event %d was acknowledged: its newest changes are lost", seq, marked))
}

func schemaOf(ctx context.Context, c *conn) (version int, err error) {
	err = c.scan(ctx, "PRAGMA user_version", nil, &version)
	return version, err
}

// closeMark is for Close.
func (s *Store) closeMark() error {
	if s.mark == nil {
		return nil
	}
	return errors.Join(s.mark.Sync(), s.mark.Close())
}
