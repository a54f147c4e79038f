package store

import (
	"fmt"

	"github.com/hf-dev/hf/pkg/api"
)

// pullRow is a pull request with the repo it is of. The columns beside the facts
// are what rows are looked for by.
type pullRow struct {
	repo string
	api.PullRequest
}

var pullTable = newTable("pull_requests", []string{"repo", "number"}, "", func(p *pullRow) []column {
	return []column{
		{"repo", &p.repo},
		{"number", &p.Number},
		{"task", &p.Task},
		{"branch", &p.Branch},
		{"state", &p.State},
		{"updated_at", micros{&p.UpdatedAt}},
		{"observed_at", micros{&p.ObservedAt}},
		{"facts", jsonOf(&p.PullRequest)}, // the last: it is all of it
	}
}, nil)

// PullRequests returns the pull requests that are known of a repo, by number:
// the open ones, and those of tasks that ended.
func (tx *Tx) PullRequests(repo string) ([]api.PullRequest, error) {
	return tx.pulls(`WHERE repo = ? ORDER BY number`, repo)
}

// PullRequestsOf returns the pull requests of a branch of a repo, by number.
func (tx *Tx) PullRequestsOf(repo, branch string) ([]api.PullRequest, error) {
	return tx.pulls(`WHERE repo = ? AND branch = ? ORDER BY number`, repo, branch)
}

func (tx *Tx) pulls(condition string, args ...any) ([]api.PullRequest, error) {
	rows, err := pullTable.all(tx, condition, args...)
	if err != nil {
		return nil, fmt.Errorf("list pull requests: %w", err)
	}
	out := make([]api.PullRequest, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].PullRequest)
	}
	return out, nil
}

// ReposWithPulls returns the ids of the repos that have open pull requests.
func (tx *Tx) ReposWithPulls() (repos map[string]bool, err error) {
	rows, err := tx.conn.query(tx.ctx, `SELECT DISTINCT repo FROM pull_requests WHERE state IN ('open', 'draft')`)
	if err != nil {
		return nil, fmt.Errorf("list pull requests: %w", classify(err))
	}
	defer func() { _ = rows.Close() }()
	repos = map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list pull requests: %w", classify(err))
		}
		repos[id] = true
	}
	return repos, classify(rows.Err())
}

// PutPullRequest inserts a pull request of a repo or replaces it.
func (tx *Tx) PutPullRequest(repo string, p *api.PullRequest) error {
	if _, err := pullTable.put(tx, &pullRow{repo, *p}); err != nil {
		return fmt.Errorf("write pull request %d: %w", p.Number, err)
	}
	return nil
}

// DropPullRequest forgets a pull request. It is no error when there is none.
func (tx *Tx) DropPullRequest(repo string, number int) error {
	if _, err := tx.exec(`DELETE FROM pull_requests WHERE repo = ? AND number = ?`, repo, number); err != nil {
		return fmt.Errorf("drop pull request %d: %w", number, err)
	}
	return nil
}

var pollTable = newTable("forge_polls", []string{"repo"}, "", func(p *api.ForgePoll) []column {
	return []column{{"repo", &p.Repo}, {"facts", jsonOf(p)}}
}, nil)

// ForgePolls returns how looking at the pull requests of repos went, by repo.
func (tx *Tx) ForgePolls() ([]api.ForgePoll, error) {
	polls, err := pollTable.all(tx, `ORDER BY repo`)
	if err != nil {
		return nil, fmt.Errorf("list looks at pull requests: %w", err)
	}
	return polls, nil
}

// PutForgePoll notes how looking at the pull requests of a repo went.
func (tx *Tx) PutForgePoll(p *api.ForgePoll) error {
	if _, err := pollTable.put(tx, p); err != nil {
		return fmt.Errorf("write look at pull requests: %w", err)
	}
	return nil
}
