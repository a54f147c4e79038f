package store

import (
	"fmt"

	"github.com/hf-dev/hf/internal/branch"
)

var branchTable = newTable("branches", []string{"repo", "name"}, "", func(b *branch.Branch) []column {
	return []column{
		{"repo", &b.Repo},
		{"name", &b.Name},
		{"task", &b.Task},
		{"base", &b.Base},
		{"head", &b.Head},
		{"base_head", &b.BaseHead},
		{"tracked", &b.Tracked},
		{"upstream", &b.Upstream},
		{"ahead", &b.Ahead},
		{"behind", &b.Behind},
		{"unpushed", &b.Unpushed},
		{"needs_restack", &b.NeedsRestack},
		{"diff", jsonOf(&b.Diff)},
		{"conflicts", jsonOf(&b.Conflicts)},
		{"committed_at", optMicros{&b.CommittedAt}},
		{"observed_at", micros{&b.ObservedAt}},
	}
}, nil)

// Branches returns what is known of the branches of a repo, by name.
func (tx *Tx) Branches(repo string) ([]branch.Branch, error) {
	list, err := branchTable.all(tx, `WHERE repo = ? ORDER BY name`, repo)
	if err != nil {
		return nil, fmt.Errorf("list branches: %w", err)
	}
	return list, nil
}

// PutBranch inserts what is known of a branch, or replaces it.
func (tx *Tx) PutBranch(b *branch.Branch) error {
	if _, err := branchTable.put(tx, b); err != nil {
		return fmt.Errorf("write branch %q: %w", b.Name, err)
	}
	return nil
}

// DropBranch forgets a branch that is no more.
func (tx *Tx) DropBranch(repo, name string) error {
	if _, err := tx.exec(`DELETE FROM branches WHERE repo = ? AND name = ?`, repo, name); err != nil {
		return fmt.Errorf("forget branch %q: %w", name, err)
	}
	return nil
}
