package daemon

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// lookAgain is how long a daemon without backups waits before it looks whether
// the configuration asks for some now.
const lookAgain = 10 * time.Minute

// backedUp is the setting that says up to which event there is a backup.
const backedUp = "backup/seq"

// backups copies the database now and then, for as long as something changed.
type backups struct {
	store    *store.Store
	dir      string
	settings func() config.Backup
	log      *slog.Logger

	commits int64 // when the last one was made
}

// run makes backups until ctx ends. It counts time by a clock that nobody sets.
func (b *backups) run(ctx context.Context) {
	wait := b.first()
	for {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		every := b.settings().Every
		if every > 0 {
			if err := b.make(ctx); err != nil && ctx.Err() == nil {
				b.log.Error("back up the database", "error", err)
			}
		}
		wait = every
		if every <= 0 {
			wait = lookAgain
		}
	}
}

// first is when this daemon makes its first backup: when the last one of an
// earlier daemon is old enough, but not in the middle of the start.
func (b *backups) first() time.Duration {
	every := b.settings().Every
	if every <= 0 {
		return lookAgain
	}
	soon := min(time.Minute, every)
	list := store.Backups(b.dir)
	if len(list) == 0 {
		return soon
	}
	age := time.Since(list[0].MadeAt)
	return min(max(every-age, soon), every)
}

// make makes a backup if anything changed since the last one.
func (b *backups) make(ctx context.Context) error {
	if b.store.Condition() != api.DatabaseOK {
		return nil
	}
	seq, changed, err := b.changed(ctx)
	if err != nil || !changed {
		return err
	}
	path, err := b.store.Automatic(ctx, b.dir, b.settings().Keep)
	if err != nil {
		return err
	}
	b.log.Info("backed up the database", "to", path)
	err = b.store.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(backedUp, strconv.FormatInt(seq, 10)) })
	b.commits = b.store.Commits()
	return err
}

func (b *backups) changed(ctx context.Context) (seq int64, changed bool, err error) {
	commits := b.store.Commits()
	err = b.store.View(ctx, func(tx *store.Tx) error {
		if seq, err = tx.LastSeq(); err != nil {
			return err
		}
		text, _, err := tx.Setting(backedUp)
		changed = text != strconv.FormatInt(seq, 10) || b.commits > 0 && commits != b.commits
		return err
	})
	return seq, changed, err
}
