package store

import (
	"errors"
	"fmt"

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
		return broken(err)
	case isFull(err):
		return errFull(err)
	case isReadOnly(err):
		return errReadOnly(err)
	case primary == sqlite3.SQLITE_IOERR || primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED:
		return &fault{cause: err, api: &api.Error{
			Code: api.CodeUnavailable, Message: fmt.Sprintf("the database did not answer (%v)", err), Retryable: true,
		}}
	default:
		return err
	}
}

// broken is the error of a database that is damaged, and how.
func broken(how error) error {
	return &fault{cause: how, api: &api.Error{
		Code: api.CodeCorrupt, Message: fmt.Sprintf("the database is damaged (%v)", how),
		Hint: "`hf backend restart` sets it aside and rebuilds it from the newest backup and from the sessions on disk",
	}}
}

// isBroken reports whether an error says that the database is damaged.
func isBroken(err error) bool { return api.IsCode(err, api.CodeCorrupt) }

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
