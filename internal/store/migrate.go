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
	version, err := schemaOf(ctx, c)
	if err != nil {
		return err
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

// checkVersion refuses a schema that only a newer hf knows.
func checkVersion(ctx context.Context, c *conn, files fs.FS) error {
	version, err := schemaOf(ctx, c)
	if err != nil {
		return err
	}
	return checkKnown(version, files)
}

func checkKnown(version int, files fs.FS) error {
	known, err := fs.Glob(files, "*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	if version <= len(known) {
		return nil
	}
	return &api.Error{
		Code:    api.CodeSchemaNewer,
		Message: fmt.Sprintf("the database has schema version %d, and this hfd knows versions up to %d", version, len(known)),
		Hint:    "install the newer hf again; nothing was changed",
	}
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

// SelfCheck tells whether this build can use the database at path: it copies
// it to a directory beside it and brings the copy up to date there. It changes
// nothing, and another process may have the database open.
func SelfCheck(ctx context.Context, path string) (err error) {
	if fileSize(path) == 0 {
		return nil // a new one will do
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	// Below the name of the file, where whoever asked finds it if this process
	// dies.
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+"-trial-")
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
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
