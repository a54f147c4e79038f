package store

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/migrations"
)

// maxFaults bounds what is told of a damaged database.
const maxFaults = 20

// Integrity lets SQLite look at everything in the file, and at every
// reference between rows. It returns what is wrong, at most a few lines of it.
// A database that is damaged is looked at again by the next start, which sets
// it aside.
func (s *Store) Integrity(ctx context.Context) (faults []string, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		faults, err = lines(tx, fmt.Sprintf("PRAGMA integrity_check(%d)", maxFaults))
		return err
	})
	if err == nil && len(faults) == 1 && faults[0] == "ok" {
		return nil, nil
	}
	if err != nil && !isBroken(err) {
		return nil, err
	}
	if err != nil {
		faults = append(faults, err.Error())
	}
	s.suspect()
	return faults, nil
}

// ForeignKeys returns the rows that name a row which is not there.
func (s *Store) ForeignKeys(ctx context.Context) (faults []string, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		faults, err = lines(tx, fmt.Sprintf(`SELECT "table" || ' row ' || coalesce(rowid, '?') || ' names a row of ' || parent || ' that is not there'
			FROM pragma_foreign_key_check LIMIT %d`, maxFaults))
		return err
	})
	return faults, err
}

// lines reads the first column of a query.
func lines(tx *Tx, query string) (out []string, err error) {
	rows, err := tx.conn.QueryContext(tx.ctx, query)
	if err != nil {
		return nil, classify(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return out, classify(err)
		}
		out = append(out, line)
	}
	return out, classify(rows.Err())
}

// suspect makes the next start look at the whole file.
func (s *Store) suspect() {
	if err := os.WriteFile(s.source+suspectSuffix, nil, 0o600); err != nil {
		s.log.Warn("note that the database is damaged", "error", err)
	}
}

// Schema is the version of the schema that this build leads to.
func Schema() (int, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	return len(names), err
}

// Size is what the database and its log take on the disk, in bytes.
func (s *Store) Size() int64 { return fileSize(s.source) + max(fileSize(s.source+"-wal"), 0) }

// Discard puts the database and the given other files and directories beside
// it into dir, and an empty database in its place. It is for a database that
// nobody has open. It may be done again after a crash in the middle of it.
func Discard(ctx context.Context, path, dir string, opts Options, beside ...string) error {
	opts = opts.complete(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := setAside(path, dir, nil); err != nil {
		return err
	}
	for _, from := range beside {
		if err := moveInto(from, dir); err != nil {
			return err
		}
	}
	fresh := path + ".new"
	for _, end := range files() {
		_ = os.Remove(fresh + end)
	}
	if err := begin(ctx, fresh, Options{Now: opts.Now, Log: opts.Log, Backups: opts.Backups}); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}
