package tuitest

import (
	"time"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/pkg/api"
)

// Tasks are the tasks that golden screens show: two repos, a stack, every
// status, wide letters, and names that try to leave their place.
func Tasks() []api.Task {
	at := func(minutes int) time.Time { return Now().Add(-time.Duration(minutes) * time.Minute) }
	yes := true
	pull := func(n int, c api.ChecksState, r api.ReviewState) api.Opt[api.PullRequestSummary] {
		return api.Some(api.PullRequestSummary{Number: n, URL: "https://example.invalid/pull/1", State: api.PullRequestOpen, Checks: c, Review: r})
	}
	task := func(id, repo, title string, s api.Status, age int, more func(*api.Task)) api.Task {
		t := api.Task{
			Schema: api.Schema, ID: id, Title: title, Workspace: "default", Repo: repo, Branch: "feat/" + id, Base: "main", Status: s,
			Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle, Agent: "claude", Provider: "worktree", Path: "/work/" + id,
			CreatedAt: at(age), UpdatedAt: at(age / 2),
		}
		if more != nil {
			more(&t)
		}
		return t
	}
	return []api.Task{
		task("auth1", "web", "Log people in with passkeys", api.StatusWaiting, 50, func(t *api.Task) {
			t.Reason, t.Activity, t.Diff = "permission: rm -rf build", api.ActivityNeedsPermission, &api.DiffStat{Files: 4, Added: 120, Removed: 8}
		}),
		task("form2", "web", "Forms with 日本語 and 🎨", api.StatusRunning, 40, func(t *api.Task) {
			t.Diff, t.Pull = &api.DiffStat{Files: 2, Added: 31, Removed: 12}, pull(12, api.ChecksPending, api.ReviewPending)
		}),
		task("test3", "web", "Tests of the forms, all of them and on every browser there is", api.StatusIdle, 30, func(t *api.Task) {
			t.Parent, t.Base, t.Restack = api.Some("form2"), "feat/form2", &yes
			t.Diff, t.Pull = &api.DiffStat{Files: 1, Added: 9}, pull(13, api.ChecksFail, api.ReviewChangesRequested)
		}),
		task("docs4", "web", "Docs", api.StatusIdle, 25, func(t *api.Task) {
			t.Parent, t.Agent, t.Pull = api.Some("test3"), "codex", pull(14, api.ChecksPass, api.ReviewApproved)
		}),
		task("perf5", "api", "Make \x1b[31mthe\x1b[0m list \u202efast", api.StatusProvisioning, 2, func(t *api.Task) {
			t.Lifecycle, t.Step, t.Agent = api.LifecycleProvisioning, api.Some("setup: npm ci"), "gemini"
		}),
		task("flak6", "api", "Mend the flaky test", api.StatusError, 90, func(t *api.Task) {
			t.Reason, t.Lifecycle = "setup: exit status 1", api.LifecycleError
		}),
		task("rate7", "api", "Rate limits", api.StatusQueued, 1, nil),
	}
}

// Asked are the open requests of those tasks.
func Asked() []api.PermissionRequest {
	return []api.PermissionRequest{{
		ID: "p1", Task: "auth1", State: api.PermissionOpen, Title: "Remove the build directory", Kind: "execute", Command: "rm -rf build",
		Diff: "@@ -1,2 +1,2 @@\n-old line\n+new line\n same\n",
		Options: []api.PermissionOption{
			{ID: "once", Kind: "allow_once", Name: "Allow"}, {ID: "ever", Kind: "allow_always", Name: "Always allow"}, {ID: "no", Kind: "reject_once", Name: "Deny"},
		},
		CreatedAt: Now(),
	}}
}

// Snapshot is the first update of the feed with those tasks.
func Snapshot() model.Update {
	return model.Update{All: true, Tasks: Tasks(), Permissions: Asked(), Conn: model.Connection{Up: true}}
}

// Talk is a transcript with everything that is in one.
func Talk() []api.Entry {
	n := func(v int64) *int64 { return &v }
	old, one := "func a() {}\n", 1
	return []api.Entry{
		{Cursor: "1", Kind: api.EntrySession, Text: "a new session with claude", Cwd: "/work/auth1"},
		{Cursor: "2", Kind: api.EntryUser, Turn: "m1", Text: "Log people in with passkeys.\nKeep passwords."},
		{Cursor: "3", Kind: api.EntryThought, MessageID: "t", Text: "First I look at what is there."},
		{Cursor: "4", Kind: api.EntryPlan, Plan: []api.PlanEntry{
			{Content: "Read the code", Status: "completed"}, {Content: "Add the tables", Status: "in_progress"}, {Content: "Test it", Status: "pending"},
		}},
		{Cursor: "5", Kind: api.EntryText, MessageID: "a", Text: "# What I found\n\nThe login is in `auth.go`:\n\n- **one** handler\n- *two* tables\n\n```go\nfunc login() {}\n"},
		{Cursor: "6", Kind: api.EntryText, MessageID: "a", Text: "```\n\n| table | rows |\n|---|---|\n| users | 3 |\n"},
		{Cursor: "7", Kind: api.EntryTool, Tool: &api.ToolCall{ID: "c1", Title: "Read /work/auth1/auth.go", Kind: "read", Status: "completed", Output: "package auth\n"}},
		{Cursor: "8", Kind: api.EntryTool, Tool: &api.ToolCall{ID: "c2", Title: "Edit auth.go", Kind: "edit", Status: "completed", Diffs: []api.ToolDiff{
			{Path: "/work/auth1/auth.go", Old: &old, New: "func a() {}\nfunc b() {}\n"},
		}}},
		{Cursor: "9", Kind: api.EntryTool, Tool: &api.ToolCall{ID: "c3", Title: "go test ./...", Kind: "execute", Status: "failed", Command: "go test ./...", ExitCode: &one, Output: "--- FAIL: TestLogin\n\x1b[31mFAIL\x1b[0m\n"}},
		{Cursor: "10", Kind: api.EntryUsage, Usage: &api.Usage{InputTokens: n(12345), OutputTokens: n(678), ContextUsed: n(45000), ContextSize: n(200000)}},
		{Cursor: "11", Kind: api.EntryPermission, Permission: &api.PermissionRequest{ID: "p1", Task: "auth1", Title: "Remove the build directory", State: api.PermissionOpen}},
	}
}
