package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/migrations"
	"github.com/hf-dev/hf/pkg/api"
)

// ErrReadOnly is the error of a change while nothing can be written to dir.
func ErrReadOnly(dir string) *api.Error {
	return &api.Error{
		Code: api.CodeReadOnly, Message: fmt.Sprintf("the state directory %s cannot be written: hf shows what it knows, and changes nothing", dir),
		Hint: "check its permissions, and that its file system is not mounted read-only; hf goes on by itself", Retryable: true,
	}
}

// Snapshot reports whether this is a copy, in which nothing can be changed.
func (s *Store) Snapshot() bool { return s.snapshot }

// TryWriting says why no file can be made in a directory, if so.
func TryWriting(dir string) error {
	f, err := os.CreateTemp(dir, ".hf-")
	if err != nil {
		return err
	}
	_, err = f.Write([]byte("hf"))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// openSnapshot opens a copy of the database in a private directory elsewhere:
// SQLite cannot read one that has a log without writing beside it. Nobody
// changes the original meanwhile.
func openSnapshot(ctx context.Context, path string, opts Options) (_ *Store, err error) {
	if fileSize(path) == 0 {
		return nil, ErrReadOnly(filepath.Dir(path))
	}
	dir, err := os.MkdirTemp("", "hf-read-only-")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", classify(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	copied := filepath.Join(dir, "hf.db")
	if err := copyPair(path, copied); err != nil {
		return nil, fmt.Errorf("open database: %w", classify(err))
	}
	s, err := open(ctx, copied, Options{Now: opts.Now, Log: opts.Log, Backups: filepath.Join(dir, "backups")}, migrations.FS)
	if err != nil {
		return nil, err
	}
	s.source, s.snapshot = path, true
	s.log.Warn("the state directory cannot be written: showing a copy of the database", "copy", copied)
	s.setCondition(api.DatabaseReadOnly)
	return s, nil
}
