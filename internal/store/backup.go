package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	points "github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// How times stand in the names of files.
const (
	stamp       = "20060102T150405Z"
	stampMicros = "20060102T150405.000000"
)

// automatic is the name of a backup that nobody asked for.
var automatic = regexp.MustCompile(`^hf-([0-9]{8}T[0-9]{6}Z)\.db$`)

// mostRemoved is how many old backups a new one may end at a time. A clock
// that jumps makes all of them old at once, and may come back.
const mostRemoved = 2

// Backup writes a consistent copy of the database to a new file, while others
// go on reading and writing.
func (s *Store) Backup(ctx context.Context, to string) error { return s.backup(ctx, to) }

func (s *Store) backup(ctx context.Context, to string) error {
	return copyTo(ctx, s.path, to)
}

// BackupName is the path of a backup made now that Rotate never removes.
func (s *Store) BackupName(dir, why string) string {
	return filepath.Join(dir, "hf-"+why+"-"+s.now().UTC().Format(stampMicros)+".db")
}

// Automatic makes a backup in dir and removes those of its own kind that are
// older than keep, 0 = none. It takes what is left of the processor.
func (s *Store) Automatic(ctx context.Context, dir string, keep time.Duration) (path string, err error) {
	path = filepath.Join(dir, "hf-"+s.now().UTC().Format(stamp)+".db")
	if _, err := os.Lstat(path); err == nil {
		return path, nil // of this very second
	}
	if err := atLeisure(func() error { return s.backup(ctx, path) }); err != nil {
		return "", err
	}
	return path, rotate(dir, s.now(), keep)
}

// rotate removes the oldest automatic backups, a few at a time. The newest is
// kept however old it is.
func rotate(dir string, now time.Time, keep time.Duration) error {
	if keep <= 0 {
		return nil
	}
	var own []string
	for _, b := range listBackups(dir) {
		if automatic.MatchString(filepath.Base(b)) {
			own = append(own, b)
		}
	}
	slices.Sort(own)
	var errs []error
	for i, b := range own {
		if i == mostRemoved || i == len(own)-1 || now.Sub(backupTime(b)) <= keep {
			break
		}
		errs = append(errs, os.Remove(b))
	}
	return errors.Join(errs...)
}

// atLeisure runs fn on a thread that others come before.
func atLeisure(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 15)
		done <- fn()
	}()
	return <-done
}

// listBackups returns the paths of all backups in a directory.
func listBackups(dir string) []string {
	found, err := filepath.Glob(filepath.Join(dir, "hf-*.db"))
	if err != nil {
		return nil
	}
	return found
}

// backupTime is when a backup was made, as its name says, else as its file
// does.
func backupTime(path string) time.Time {
	base := strings.TrimSuffix(filepath.Base(path), ".db")
	last := base[strings.LastIndexByte(base, '-')+1:]
	for _, layout := range []string{stamp, stampMicros} {
		if t, err := time.Parse(layout, last); err == nil {
			return t
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC()
}

// BackupAt describes the backup in a file.
func BackupAt(path string) api.BackupFile {
	return api.BackupFile{Path: path, Size: fileSize(path), MadeAt: backupTime(path)}
}

// Backups describes the backups in a directory, newest first.
func Backups(dir string) []api.BackupFile {
	var out []api.BackupFile
	for _, path := range listBackups(dir) {
		out = append(out, BackupAt(path))
	}
	slices.SortFunc(out, func(a, b api.BackupFile) int {
		return cmp.Or(b.MadeAt.Compare(a.MadeAt), strings.Compare(b.Path, a.Path))
	})
	return out
}

// Commits counts what was committed since the store was opened.
func (s *Store) Commits() int64 { return s.commits.Load() }

// copyTo copies the database at path to a file that must not exist yet. The
// file has its name only once it is whole.
func copyTo(ctx context.Context, path, to string) (err error) {
	db, err := openDB(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return vacuum(ctx, db, to)
}

func vacuum(ctx context.Context, db *sql.DB, to string) error {
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
	// Made here, it is private from its first byte on. An empty file will do.
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy database: %w", classify(err))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("copy database: %w", classify(err))
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		_ = os.Remove(part) // the next copy would do it too
		return fmt.Errorf("copy database: %w", classify(err))
	}
	if err := syncPath(part); err != nil {
		return fmt.Errorf("copy database: %w", classify(err))
	}
	if err := points.Around("store.copy", func() error { return renameNew(part, to) }); err != nil {
		_ = os.Remove(part)
		return fmt.Errorf("copy database: %w", classify(err))
	}
	return syncPath(filepath.Dir(to))
}

// renameNew is a rename that never replaces what came there meanwhile, where
// the file system can do that.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return os.Rename(from, to)
	}
	return err
}

// syncPath makes a file or the entries of a directory durable. It must not be
// given a database that is open in this process.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// openUntouched opens a database that nobody writes, and changes nothing of it.
func openUntouched(path string) (*sql.DB, error) {
	query := url.Values{"mode": {"ro"}, "immutable": {"1"}}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return sql.Open("sqlite", dsn.String())
}

// dropParts removes copies that were never finished, because the process that
// made them died. Only one process makes them.
func dropParts(dir string) error {
	parts, err := filepath.Glob(filepath.Join(dir, "*.part"))
	for _, part := range parts {
		err = errors.Join(err, os.Remove(part))
	}
	return err
}
