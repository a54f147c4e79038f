package session

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/fault"
)

// Origin is what whoever starts a session wants its directory to say of what
// it is for: JSON that means nothing here, and holds no secret.
type Origin = json.RawMessage

// meta is what a session's directory says of itself. It holds no secret.
type meta struct {
	ID        string     `json:"id"`
	Task      string     `json:"task"`
	Agent     string     `json:"agent"`
	CreatedAt time.Time  `json:"createdAt"`
	ACP       acp.Config `json:"acp"`
	Origin    Origin     `json:"origin,omitempty"`
	// JournalMax is what the holder was told: a daemon with other settings may
	// follow.
	JournalMax int64 `json:"journalMax,omitempty"`
}

const metaFile = "session.json"

// Found is a session as its directory describes it.
type Found struct {
	Session        // nothing observed of it yet
	Origin  Origin // nil where an older hf started it
}

// Scan finds the sessions whose directories are in dir, oldest first. What is
// no session's directory, or one that cannot be read, is a problem.
func Scan(dir string) (found []Found, problems []error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, []error{fmt.Errorf("look for sessions: %w", err)}
	}
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		m, err := readMeta(at)
		if err == nil && m.ID != e.Name() {
			err = fmt.Errorf("it is the record of %q", m.ID)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("session in %s: %w", at, err))
			continue
		}
		found = append(found, Found{
			Session: Session{ID: m.ID, Task: m.Task, Agent: m.Agent, Dir: at, CreatedAt: m.CreatedAt},
			Origin:  m.Origin,
		})
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, problems
}

// writeMeta makes a session's directory and what it says, so that both are
// there after a power cut too: the database may be lost, and is made anew of
// these.
func writeMeta(dir string, m meta) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make session directory: %w", err)
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, metaFile)
	if err := writeSynced(newMeta(dir), b); err != nil {
		return fmt.Errorf("write session record: %w", err)
	}
	if err := fault.Around("session.meta", func() error { return os.Rename(newMeta(dir), path) }); err != nil {
		return fmt.Errorf("write session record: %w", err)
	}
	if err := errors.Join(syncDir(dir), syncDir(filepath.Dir(dir))); err != nil {
		return fmt.Errorf("write session record: %w", err)
	}
	return nil
}

// newMeta is what the record is called until it is whole.
func newMeta(dir string) string { return filepath.Join(dir, metaFile+".new") }

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func readMeta(dir string) (meta, error) {
	var m meta
	b, err := os.ReadFile(filepath.Join(dir, metaFile))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("read session record: %w", err)
	}
	return m, nil
}
