package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hf-dev/hf/pkg/api"
)

// checkFiles looks at the files before SQLite does, because SQLite takes an
// empty file for a new database and a lost one for the first start. It must
// run before the process opens a connection: see the package comment.
func checkFiles(path string, opts Options, schema fs.FS) error {
	size, header, err := readHeader(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open database: %w", classify(err))
	}
	wal := fileSize(path + "-wal")
	var what string
	switch {
	case size == 0 && wal > 0:
		what = "is empty or missing, but its write-ahead log is not"
	case size == 0 && !emptyDir(opts.Sessions):
		what = "is empty or missing, but there are sessions in " + opts.Sessions
	case size == 0 && readMark(path) > 0:
		what = "is empty or missing, but something was stored in it"
	case size == 0 && opts.Sessions != "" && len(listBackups(opts.Backups)) > 0:
		what = "is empty or missing, but there are backups of it in " + opts.Backups
	case size == 0:
		return nil // the first start
	case !bytes.HasPrefix(header, []byte("SQLite format 3\x00")):
		what = "is no SQLite database"
	default:
		if err := checkHeader(header, schema); err != nil {
			return err
		}
		what = checkSize(size, wal, header)
	}
	if what == "" {
		return nil
	}
	return damaged(path, opts, what, nil)
}

// checkHeader refuses a database of a newer hf whatever else is wrong with it:
// that hf knows better. A header that makes no sense says nothing of that.
func checkHeader(header []byte, schema fs.FS) error {
	if len(header) < 100 || !bytes.Equal(header[21:24], []byte{64, 32, 32}) { // fixed by the format
		return nil
	}
	return checkKnown(int(binary.BigEndian.Uint32(header[60:])), schema)
}

// checkSize compares the size of the file with what its header says. With a
// write-ahead log the file may rightly be shorter.
func checkSize(size, wal int64, header []byte) (what string) {
	if len(header) < 100 {
		return "is cut off in its header"
	}
	page := int64(binary.BigEndian.Uint16(header[16:]))
	if page == 1 {
		page = 65536
	}
	if page < 512 || page&(page-1) != 0 {
		return "has a header that makes no sense"
	}
	pages := int64(binary.BigEndian.Uint32(header[28:]))
	counted := bytes.Equal(header[24:28], header[92:96]) // else the page count is not to be trusted
	if counted && wal <= 0 && size < pages*page {
		return fmt.Sprintf("is cut off: %d of %d bytes", size, pages*page)
	}
	return ""
}

// readHeader returns the size of a file and its first 100 bytes.
func readHeader(path string) (size int64, header []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	header, err = io.ReadAll(io.LimitReader(f, 100))
	if err != nil {
		return 0, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, nil, err
	}
	return info.Size(), header, nil
}

// makeFile creates the file, or narrows its mode, so that only its owner can
// read it. SQLite gives its other files the same mode.
func makeFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if err != nil || info.Mode().Perm() == 0o600 {
		return err
	}
	return os.Chmod(path, 0o600)
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func emptyDir(path string) bool {
	if path == "" {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return err != nil
}

// damage is an error for files that must not be used. They stay as they are.
type damage struct {
	api  *api.Error
	what string // is wrong with the database
	log  []byte // the write-ahead log as it was before SQLite looked at it, where it did
}

func (d *damage) Error() string { return d.api.Message }
func (d *damage) Unwrap() error { return d.api }

func damaged(path string, opts Options, what string, log []byte) error {
	return &damage{what: what, log: log, api: &api.Error{
		Code:    api.CodeCorrupt,
		Message: fmt.Sprintf("the database %s %s", path, what),
		Hint: fmt.Sprintf("nothing was changed; keep %s, %s-wal and %s-shm, and restore a backup from %s; or move the whole state directory away to begin anew",
			path, path, path, opts.Backups),
	}}
}

// describe names the files in an error that SQLite's own words left out.
func describe(err error, path string, opts Options, log []byte) error {
	err = classify(err)
	if f, ok := errors.AsType[*fault](err); ok && f.api.Code == api.CodeCorrupt {
		return damaged(path, opts, fmt.Sprintf("is damaged: %v", f.cause), log)
	}
	return err
}

// maxLog bounds the write-ahead log that is remembered, in bytes: it is folded
// into the file long before that.
const maxLog = 32 << 20

// logOf returns the write-ahead log that a daemon which died has left. SQLite
// drops what it takes for the damaged end of one.
func logOf(path string) []byte {
	if size := fileSize(path + "-wal"); size == 0 || size > maxLog {
		return nil
	}
	b, err := os.ReadFile(path + "-wal")
	if err != nil {
		return nil
	}
	return b
}

// quickCheckSize is the size in bytes up to which Open looks at the whole
// file: a start must not take long, and this takes about 2 ms for a megabyte.
const quickCheckSize = 8 << 20

// suspectSuffix makes the name of a file that says that the database was found
// damaged while it was in use: the next start looks at all of it.
const suspectSuffix = "-suspect"

func suspected(path string) bool {
	_, err := os.Lstat(path + suspectSuffix)
	return err == nil
}

// Check lets SQLite look at the structure of the whole file, while others go
// on. Damage is an *api.Error with CodeCorrupt.
func (s *Store) Check(ctx context.Context) error {
	return s.View(ctx, func(tx *Tx) error { return quickCheck(ctx, tx.conn) })
}

func quickCheck(ctx context.Context, c *conn) error {
	var answer string
	if err := c.scan(ctx, "PRAGMA quick_check(1)", nil, &answer); err != nil {
		return classify(err)
	}
	if answer != "ok" {
		return broken(errors.New(answer))
	}
	return nil
}
