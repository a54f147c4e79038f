package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/rebuild"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// recovery is the record of what was done about a damaged database.
type recovery struct {
	database string

	mu  sync.Mutex
	rec *api.Recovery
}

func (r *recovery) get() *api.Recovery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rec
}

func (r *recovery) put(rec *api.Recovery) error {
	if err := store.WriteRecovery(r.database, rec); err != nil {
		return fmt.Errorf("record the recovery: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rec = rec
	return nil
}

// database is hfd's database as the API shows it.
type database struct{ *app }

func (d database) Database(ctx context.Context) (api.Database, error) {
	cfg := d.source.Current().Backup
	dir := d.daemon.Paths().Backups()
	out := api.Database{
		Schema: api.Schema, Path: d.store.Path(), State: d.store.Condition(), Size: d.store.Size(),
		Dir: dir, Backups: store.Backups(dir), EveryMS: cfg.Every.Milliseconds(), KeepMS: cfg.Keep.Milliseconds(),
		Recovery: d.recovery.get(),
	}
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		out.Version, err = tx.SchemaVersion()
		return err
	})
	return out, err
}

// Backup copies the database to a file that must not exist yet. The same
// request again finds the file it made.
func (d database) Backup(ctx context.Context, request string, in api.BackupRequest) (api.BackupFile, error) {
	path := in.Path
	if path == "" {
		path = d.store.BackupName(d.daemon.Paths().Backups(), "manual")
	} else if err := mayBackup(path); err != nil {
		return api.BackupFile{}, err
	}
	var before []byte
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		before, _, err = tx.Replay(request)
		return err
	})
	if err != nil {
		return api.BackupFile{}, err
	}
	if len(before) > 0 {
		return store.BackupAt(string(before)), nil
	}
	if _, err := os.Lstat(path); err == nil {
		return api.BackupFile{}, &api.Error{
			Code: api.CodeExists, Message: path + " exists already", Hint: "a backup never replaces a file: name another",
		}
	}
	if err := d.store.Backup(ctx, path); err != nil {
		return api.BackupFile{}, err
	}
	err = d.store.Update(ctx, func(tx *store.Tx) error { return tx.Remember(request, []byte(path)) })
	if err != nil {
		d.daemon.Log().Warn("remember a backup", "error", err) // it is made all the same
	}
	return store.BackupAt(path), nil
}

func mayBackup(path string) error {
	if !filepath.IsAbs(path) {
		return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q is not an absolute path", path)}
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || !info.IsDir() {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no directory %s", filepath.Dir(path)), Hint: "make it first"}
	}
	return nil
}

// Check looks at everything that can be wrong with the database. Whoever asked
// was told of the last recovery with it.
func (d database) Check(ctx context.Context) (api.DatabaseCheck, error) {
	out, err := d.look(ctx)
	if r := out.Recovery; err == nil && r != nil && !r.Seen && !r.Pending {
		seen := *r
		seen.Seen = true
		if err := d.recovery.put(&seen); err != nil {
			d.daemon.Log().Warn("note that a recovery was seen", "error", err)
		}
	}
	return out, err
}

// look is Check without anything being noted.
func (d database) look(ctx context.Context) (api.DatabaseCheck, error) {
	out := api.DatabaseCheck{Schema: api.Schema, OK: true, Path: d.store.Path(), Recovery: d.recovery.get()}
	add := func(name string, faults []string, fine, hint string) {
		item := api.CheckItem{Name: name, OK: len(faults) == 0, Detail: fine}
		if !item.OK {
			item.Detail, item.Hint, out.OK = strings.Join(faults, "\n"), hint, false
		}
		out.Checks = append(out.Checks, item)
	}
	const restart = "`hf backend restart` sets the database aside and rebuilds it from the newest backup and from what is on disk"
	faults, err := d.store.Integrity(ctx)
	if err != nil {
		return out, err
	}
	add("integrity", faults, "every page and index is whole", restart)
	if faults, err = d.store.ForeignKeys(ctx); err != nil {
		return out, err
	}
	add("references", faults, "every row names rows that are there", restart)
	faults, fine, err := d.schemaFaults(ctx)
	if err != nil {
		return out, err
	}
	add("schema", faults, fine, "`hf backend restart` starts the hfd that belongs to this hf")
	faults, hint := d.fileFaults()
	add("files", faults, "in place, and nobody else can read them", hint)
	faults, fine = d.spaceFaults()
	add("disk", faults, fine, "free some space, or make the directory writable; hf goes on by itself")
	diff, err := d.differences(ctx)
	if err != nil {
		return out, err
	}
	add("sessions", diff.Sessions, "the database and the journals agree", "stop hfd and move "+d.store.Path()+" away: it is rebuilt from the newest backup and from the sessions")
	fine = "every task has the worktree that git knows"
	if n := len(diff.Strays); n > 0 {
		fine += fmt.Sprintf("; %d worktrees belong to no task, such as %s", n, diff.Strays[0])
	}
	add("worktrees", diff.Worktrees, fine, "`hf show TASK` says what can be done; `git worktree list` in the repository shows the ones there are")
	add("backups", nil, d.backupState(), "")
	if r := out.Recovery; r != nil {
		faults = nil
		if r.Pending {
			faults = []string{"the database was restored, and what else is on disk is yet to be added"}
		}
		add("recovery", faults, recovered(r), "`hf backend restart` goes on with it")
	}
	return out, nil
}

func (d database) schemaFaults(ctx context.Context) (faults []string, fine string, err error) {
	known, err := store.Schema()
	if err != nil {
		return nil, "", err
	}
	version := 0
	err = d.store.View(ctx, func(tx *store.Tx) (err error) {
		version, err = tx.SchemaVersion()
		return err
	})
	if err == nil && version != known {
		faults = []string{fmt.Sprintf("version %d, and this hfd knows version %d", version, known)}
	}
	return faults, fmt.Sprintf("version %d", version), err
}

// fileFaults looks whether the open files are the named ones, and private.
func (d database) fileFaults() (faults []string, hint string) {
	if file := d.store.Unlinked(); file != "" {
		faults = append(faults, file+" was removed or replaced while hfd has it open")
		hint = "`hf backend restart` writes all that hfd knows into the database"
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Lstat(d.store.Path() + end)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			faults = append(faults, fmt.Sprintf("%s has mode %#o: others can read it", d.store.Path()+end, info.Mode().Perm()))
			hint = "chmod 600 " + d.store.Path() + end
		}
	}
	return faults, hint
}

func (d database) spaceFaults() (faults []string, fine string) {
	switch d.store.Condition() {
	case api.DatabaseFull:
		faults = []string{"the disk of the state directory is full"}
	case api.DatabaseReadOnly:
		faults = []string{"the state directory cannot be written"}
	case api.DatabaseOK:
	}
	fine = "writable"
	if free, err := store.FreeSpace(filepath.Dir(d.store.Path())); err == nil {
		fine = fmt.Sprintf("writable, %d MiB free", free>>20)
	}
	return faults, fine
}

// settle is how long what is being written right now may look like a
// difference.
const settle = 500 * time.Millisecond

// differences compares twice where there are some: a session that is being
// started is on disk a moment before it is in the database.
func (d database) differences(ctx context.Context) (rebuild.Differences, error) {
	diff, err := rebuild.Compare(ctx, d.rebuildConfig())
	if err != nil || len(diff.Sessions) == 0 && len(diff.Worktrees) == 0 {
		return diff, err
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return diff, context.Cause(ctx)
	}
	return rebuild.Compare(ctx, d.rebuildConfig())
}

func (d database) backupState() string {
	list := store.Backups(d.daemon.Paths().Backups())
	if len(list) == 0 {
		return "none yet"
	}
	return fmt.Sprintf("%d, the newest of %s", len(list), list[0].MadeAt.Local().Format(time.DateTime))
}
