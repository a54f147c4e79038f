package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/internal/diskuse"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/pkg/api"
)

// Stored returns how much of the disk the journals of a task take.
func (m *Manager) Stored(ctx context.Context, task string) (bytes int64, err error) {
	dirs, err := m.dirs(ctx, task)
	for _, dir := range dirs {
		n, err := diskuse.Size(ctx, dir)
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, err
}

// Drop deletes the journals of a task, and with them its transcript. It refuses
// while a process of the task may run.
func (m *Manager) Drop(ctx context.Context, task string) error {
	dirs, err := m.dirs(ctx, task)
	if err != nil {
		return err
	}
	if m.Current(task) != "" {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has an agent", task)}
	}
	var errs []error
	for _, dir := range dirs {
		if _, alive := hold.Alive(dir); alive {
			errs = append(errs, &api.Error{Code: api.CodeConflict, Message: "a process still holds " + dir})
			continue
		}
		errs = append(errs, fault.Around("session.drop", func() error { return os.RemoveAll(dir) }))
	}
	return errors.Join(errs...)
}

// dirs lists the directories of a task's sessions that exist.
func (m *Manager) dirs(ctx context.Context, task string) ([]string, error) {
	sessions, err := m.sessionsOf(ctx, task)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for i := range sessions {
		dir := filepath.Join(m.cfg.Dir, sessions[i].ID)
		if _, err := os.Lstat(dir); err == nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}
