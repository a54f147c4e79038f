package store

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/hf-dev/hf/internal/change"
)

var remoteBranchTable = newTable("remote_branches", []string{"repo", "remote", "branch"}, "", func(b *change.RemoteBranch) []column {
	return []column{
		{"repo", &b.Repo},
		{"remote", &b.Remote},
		{"branch", &b.Branch},
		{"seen", &b.Seen},
		{"pushed", &b.Pushed},
		{"updated_at", micros{&b.UpdatedAt}},
	}
}, nil)

// RemoteBranch returns what hf knows of a branch of a remote, or nil.
func (tx *Tx) RemoteBranch(repo, remote, branch string) (*change.RemoteBranch, error) {
	b, err := remoteBranchTable.one(tx, `WHERE repo = ? AND remote = ? AND branch = ?`, repo, remote, branch)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read branch %q of remote %q: %w", branch, remote, err)
	}
	return b, nil
}

// PutRemoteBranch inserts what hf knows of a branch of a remote, or replaces it.
func (tx *Tx) PutRemoteBranch(b *change.RemoteBranch) error {
	if _, err := remoteBranchTable.put(tx, b); err != nil {
		return fmt.Errorf("write branch %q of remote %q: %w", b.Branch, b.Remote, err)
	}
	return nil
}

var fixTable = newTable("fixes", []string{"task", "kind", "signature"}, "", func(f *change.Fix) []column {
	return []column{
		{"task", &f.Task},
		{"kind", &f.Kind},
		{"signature", &f.Signature},
		{"round", &f.Round},
		{"auto", &f.Auto},
		{"message", &f.Message},
		{"created_at", micros{&f.CreatedAt}},
	}
}, nil)

// Fixes returns what a task's agent was asked to mend, oldest first.
func (tx *Tx) Fixes(task string) ([]change.Fix, error) {
	fixes, err := fixTable.all(tx, `WHERE task = ? ORDER BY created_at, kind, signature`, task)
	if err != nil {
		return nil, fmt.Errorf("list what was to be mended: %w", err)
	}
	return fixes, nil
}

// PutFix inserts what an agent was asked to mend, or replaces it.
func (tx *Tx) PutFix(f *change.Fix) error {
	if _, err := fixTable.put(tx, f); err != nil {
		return fmt.Errorf("write what is to be mended: %w", err)
	}
	return nil
}
