package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hf-dev/hf/pkg/api"
)

// code returns SQLite's extended result code, or 0 for other errors.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// isUnique reports whether err is the violation of a unique index.
func isUnique(err error) bool { return code(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE }

// classify gives the errors of SQLite that have a cause outside hf the code
// and the words a person needs. Others are returned as they are.
func classify(err error) error {
	switch primary := code(err) & 0xff; {
	case err == nil:
		return nil
	case primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB:
		return &fault{cause: err, api: &api.Error{
			Code: api.CodeCorrupt, Message: fmt.Sprintf("the database is damaged (%v)", err),
			Hint: "stop hfd, keep the damaged files, and restore the newest backup",
		}}
	case primary == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC):
		return &fault{cause: err, api: &api.Error{
			Code: api.CodeUnavailable, Message: "the disk of the state directory is full",
			Hint: "free some space; hf goes on by itself", Retryable: true,
		}}
	case primary == sqlite3.SQLITE_READONLY || primary == sqlite3.SQLITE_CANTOPEN || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return &fault{cause: err, api: &api.Error{
			Code: api.CodeUnavailable, Message: fmt.Sprintf("the database cannot be written (%v)", err),
			Hint: "check the permissions of the state directory, and that its file system is not mounted read-only",
		}}
	case primary == sqlite3.SQLITE_IOERR || primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED:
		return &fault{cause: err, api: &api.Error{
			Code: api.CodeUnavailable, Message: fmt.Sprintf("the database did not answer (%v)", err), Retryable: true,
		}}
	default:
		return err
	}
}

// fault is an error of SQLite that errors.As finds as an *api.Error too.
type fault struct {
	api   *api.Error
	cause error
}

func (f *fault) Error() string   { return f.api.Message }
func (f *fault) Unwrap() []error { return []error{f.api, f.cause} }

func notFound(what, name string) error {
	return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no %s %q", what, name)}
}
