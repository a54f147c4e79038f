package server

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// BenchmarkList is the server's own part of a list of 1,000 tasks.
func BenchmarkList(b *testing.B) {
	now := time.Now()
	tasks := make([]task.Task, 1000)
	for i := range tasks {
		tasks[i] = task.Task{
			ID: fmt.Sprintf("id%06d", i), Workspace: "default", RepoName: "repo", Title: "Fix the flaky test", Prompt: "Fix it.",
			Branch: fmt.Sprintf("fix/flaky-%d", i), Base: "main", Agent: "demo", Provider: "worktree", Lifecycle: api.LifecycleReady,
			Activity: api.ActivityIdle, Diff: &api.DiffStat{Files: 3, Added: 120, Removed: 7}, CreatedAt: now, UpdatedAt: now,
		}
	}
	for b.Loop() {
		out, err := json.Marshal(view{}.list(tasks, 1))
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
}
