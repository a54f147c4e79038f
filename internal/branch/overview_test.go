package branch_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func TestOverviewJoinsWhatThereIs(t *testing.T) {
	w := newWorld(t)
	trees := filepath.Join(w.dir, "worktrees")
	if err := os.Mkdir(trees, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(w.dir, "link") // as a person's home may be
	if err := os.Symlink(trees, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mine", "ended", "alone", "archived", "rebasing"} {
		w.branch(name, "main", name+".txt", name+"\n")
	}
	w.commit("main", "rebasing.txt", "not theirs\n")
	w.run("worktree", "add", "-q", filepath.Join(trees, "mine-t1"), "mine")
	w.run("worktree", "add", "-q", "--detach", filepath.Join(trees, "left-t9"), "main")
	w.run("worktree", "add", "-q", filepath.Join(w.dir, "own"), "alone") // the user's
	w.run("worktree", "add", "-q", filepath.Join(trees, "rebasing-t2"), "rebasing")
	if w.can("-C", filepath.Join(trees, "rebasing-t2"), "rebase", "main") {
		t.Fatal("the rebase has no conflict")
	}
	mine := w.task("mine", "main", func(t *task.Task) { t.Path = filepath.Join(trees, "mine-t1") })
	w.task("rebasing", "main", func(t *task.Task) { t.Path = filepath.Join(trees, "rebasing-t2") })
	gone := w.task("gone", "main")
	w.end(w.task("ended", "main"))
	parked := w.task("archived", "main", func(t *task.Task) { t.Lifecycle = api.LifecycleArchived })
	w.update(func(tx *store.Tx) error {
		for _, p := range []api.PullRequest{
			{PullRequestSummary: api.PullRequestSummary{Number: 1, State: api.PullRequestClosed}, Branch: "mine"},
			{PullRequestSummary: api.PullRequestSummary{Number: 2, State: api.PullRequestDraft, Checks: api.ChecksFail}, Branch: "mine"},
			{PullRequestSummary: api.PullRequestSummary{Number: 3, State: api.PullRequestMerged}, Branch: "mine"},
			{PullRequestSummary: api.PullRequestSummary{Number: 4, State: api.PullRequestOpen}, Branch: "alone"},
			{PullRequestSummary: api.PullRequestSummary{Number: 5, State: api.PullRequestOpen}, Branch: "somebody:theirs", Title: "Theirs", UpdatedAt: time.Now()},
			{PullRequestSummary: api.PullRequestSummary{Number: 6, State: api.PullRequestMerged}, Branch: "long-gone"},
		} {
			if err := tx.PutPullRequest("r", &p); err != nil {
				return err
			}
		}
		return nil
	})
	s := branch.New(branch.Config{
		Store: branchStore{w.store}, Git: w.git, Stacks: w.forest, Worktrees: link, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	o, err := s.Overview(t.Context(), "r")
	if err != nil || o.Error != nil {
		t.Fatal(err, o.Error)
	}
	got := map[string]string{}
	var first []string
	for _, r := range o.Rows {
		line := fmt.Sprintf("%s task=%s %s", r.Orphan, r.Task, r.Status)
		if r.PullRequest != nil {
			line += fmt.Sprintf(" #%d", r.PullRequest.Number)
		}
		if r.Path != "" {
			line += " in " + filepath.Base(r.Path)
		}
		got[r.Branch] = line
		first = append(first, r.Branch)
	}
	want := map[string]string{
		"main":            " task=  in repo",
		"mine":            " task=" + mine + " idle #2 in mine-t1",
		"rebasing":        " task=t2 idle in rebasing-t2",
		"gone":            "task task=" + gone + " idle",
		"ended":           "branch task=t4 killed",
		"archived":        " task=" + parked + " archived",
		"alone":           "branch task=  #4 in own",
		"somebody:theirs": "pull_request task=  #5",
		"":                "worktree task=  in left-t9",
	}
	for name, line := range want {
		if got[name] != line {
			t.Errorf("%q: %q, want %q", name, got[name], line)
		}
	}
	if len(o.Rows) != len(want) || o.Trunk != "main" || o.Repo != "repo" {
		t.Errorf("%d rows of %d, trunk %q, repo %q", len(o.Rows), len(want), o.Trunk, o.Repo)
	}
	if order := strings.Join(first, " "); !strings.HasPrefix(order, "main ") || !strings.HasSuffix(order, " somebody:theirs ") {
		t.Errorf("in the order %q", order)
	}

	// The repository is moved away: what was known is shown, and that it may be old.
	if err := os.Rename(w.path(), w.path("..", "away")); err != nil {
		t.Fatal(err)
	}
	if o, err = s.Overview(t.Context(), "r"); err != nil || o.Error == nil || len(o.Rows) < 7 {
		t.Errorf("%d rows, %v, %v", len(o.Rows), o.Error, err)
	}
}
