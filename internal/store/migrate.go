package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	points "github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/migrations"
	"github.com/hf-dev/hf/pkg/api"
)

// migrate brings the schema up to date, each file in a transaction of its own
// that holds the new version number too. backup is called before a database
// that already has a schema is changed.
func migrate(ctx context.Context, c *conn, files fs.FS, backup func(from int) error) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	var version int
	if err := c.scan(ctx, "PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	if version > len(names) {
		return &api.Error{
			Code:    api.CodeSchemaNewer,
			Message: fmt.Sprintf("the database has schema version %d, and this hfd knows versions up to %d", version, len(names)),
			Hint:    "install the newer hf again; nothing was changed",
		}
	}
	if version > 0 && version < len(names) {
		if err := points.Around("store.migrate.backup", func() error { return backup(version) }); err != nil {
			return fmt.Errorf("back up before the upgrade from schema version %d: %w", version, err)
		}
	}
	for i, name := range names {
		if i < version {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		if err := points.Around("store.migrate.file", func() error { return apply(ctx, c, string(text), i+1) }); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return nil
}

// apply runs one file and sets the version it leads to, or does nothing.
func apply(ctx context.Context, c *conn, text string, version int) error {
	tx, err := c.BeginTx(ctx, nil) // immediate: see openDB
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, text)
	if err == nil {
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := points.Point("store.migrate.commit"); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Backup writes a consistent copy of the database to a new file, while others
// go on reading and writing.
func (s *Store) Backup(ctx context.Context, to string) error { return s.backup(ctx, to) }

func (s *Store) backup(ctx context.Context, to string) error {
	return copyTo(ctx, s.path, to)
}

// copyTo copies the database at path to a file that must not exist yet. The
// file has its name only once it is whole.
func copyTo(ctx context.Context, path, to string) (err error) {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("copy database: %s: %w", to, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("copy database: %w", classify(err))
	}
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy database: %w", classify(err))
	}
	db, err := openDB(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		_ = os.Remove(part) // the next copy would do it too
		return fmt.Errorf("copy database: %w", classify(err))
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	if err := points.Around("store.copy", func() error { return os.Rename(part, to) }); err != nil {
		return fmt.Errorf("copy database: %w", classify(err))
	}
	return nil
}

// SelfCheck tells whether this build can use the database at path: it copies
// it to a temporary directory and brings the copy up to date there. It changes
// nothing, and another process may have the database open.
func SelfCheck(ctx context.Context, path string) (err error) {
	if fileSize(path) == 0 {
		return nil // a new one will do
	}
	dir, err := os.MkdirTemp("", "hf-selfcheck-")
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path, err = filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	trial := filepath.Join(dir, "hf.db")
	if err := copyTo(ctx, path, trial); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	s, err := open(ctx, trial, Options{Now: time.Now}, migrations.FS)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	return s.Close()
}
