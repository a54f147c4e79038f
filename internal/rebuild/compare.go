package rebuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Differences is what the database and the rest of the disk do not agree on,
// a line each.
type Differences struct {
	Sessions  []string
	Worktrees []string
	Strays    []string // worktrees of no task: of one that was forgotten, most likely
}

// Compare looks at what Run would have to mend. It changes nothing.
func Compare(ctx context.Context, cfg Config) (d Differences, err error) {
	found, problems := session.Scan(cfg.Sessions)
	for _, p := range problems {
		d.Sessions = append(d.Sessions, p.Error())
	}
	err = cfg.Store.View(ctx, func(tx Tx) error {
		for _, f := range found {
			_, err := tx.Session(f.ID)
			if info, jerr := os.Stat(filepath.Join(f.Dir, hold.JournalFile)); jerr != nil || info.Size() == 0 {
				continue // its agent never came to be
			}
			if api.IsCode(err, api.CodeNotFound) {
				d.Sessions = append(d.Sessions, fmt.Sprintf("session %s of task %s is in %s and not in the database", f.ID, f.Task, f.Dir))
			} else if err != nil {
				return err
			}
		}
		live, err := tx.LiveSessions()
		if err != nil {
			return err
		}
		for i := range live {
			if problem := journalProblem(&live[i]); problem != "" {
				d.Sessions = append(d.Sessions, problem)
			}
		}
		return compareTrees(tx, cfg, &d)
	})
	return d, err
}

// journalProblem compares what was understood of a journal with the journal.
func journalProblem(s *session.Session) string {
	info, err := os.Stat(filepath.Join(s.Dir, hold.JournalFile))
	switch {
	case err != nil && s.Offset > 0:
		return fmt.Sprintf("session %s of task %s has no journal: %v", s.ID, s.Task, err)
	case err == nil && info.Size() < s.Offset:
		return fmt.Sprintf("the journal of session %s of task %s has %d bytes, and %d of them were read", s.ID, s.Task, info.Size(), s.Offset)
	}
	return ""
}

func compareTrees(tx Tx, cfg Config, d *Differences) error {
	tasks, err := tx.Tasks(task.Filter{All: true})
	if err != nil {
		return err
	}
	repos, err := tx.Repos("")
	if err != nil {
		return err
	}
	places := map[string]git.Repo{}
	for i := range repos {
		places[repos[i].ID] = git.Repo{Top: repos[i].Path, GitDir: repos[i].GitDir}
	}
	known := map[string]bool{}
	for i := range tasks {
		t := &tasks[i]
		known[t.Path] = true
		place, ok := places[t.RepoID]
		if t.Lifecycle != api.LifecycleReady || t.Path == "" || !ok {
			continue
		}
		if _, recorded := cfg.Git.Worktree(place, t.Path); !recorded {
			d.Worktrees = append(d.Worktrees, fmt.Sprintf("git does not know the worktree %s of task %s", t.Path, t.ID))
		} else if _, err := os.Lstat(t.Path); err != nil {
			d.Worktrees = append(d.Worktrees, fmt.Sprintf("the worktree of task %s is gone: %v", t.ID, err))
		}
	}
	root, err := filepath.EvalSymlinks(cfg.Worktrees)
	if err != nil {
		return nil // there are none
	}
	for i := range repos {
		list, err := cfg.Git.Worktrees(places[repos[i].ID])
		if err != nil {
			continue // its repo is gone: the tasks above say so
		}
		for _, w := range list {
			if !known[w.Path] && strings.HasPrefix(w.Path, root+string(filepath.Separator)) {
				d.Strays = append(d.Strays, w.Path)
			}
		}
	}
	return nil
}
