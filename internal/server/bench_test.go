package server

import (
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
	for _, fields := range []string{"", "id,title,status,branch,diff"} {
		r := newRows(view{})
		list := func(b *testing.B) {
			out, err := r.list(tasks, 1, fields)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(out)))
		}
		b.Run("fields="+fields+"/changed", func(b *testing.B) {
			for b.Loop() {
				clear(r.texts)
				list(b)
			}
		})
		b.Run("fields="+fields+"/same", func(b *testing.B) {
			for b.Loop() {
				list(b)
			}
		})
	}
}
