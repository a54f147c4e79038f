package api

import "time"

// PruneKind is what can be freed.
type PruneKind string

// The kinds, in the order they are freed.
const (
	PruneTask       PruneKind = "task"       // a live task whose work is merged: it is killed
	PruneTrash      PruneKind = "trash"      // a sandbox that was removed
	PruneSaved      PruneKind = "saved"      // a ref with saved work
	PruneTranscript PruneKind = "transcript" // the journals of a task that ended
	PruneDirectory  PruneKind = "directory"  // one where sandboxes are, and that belongs to no task
)

// Prune asks to free what is finished. Answer: PruneList.
type Prune struct {
	Workspace string `json:"workspace,omitempty"`
	Repo      string `json:"repo,omitempty"`
	DryRun    bool   `json:"dryRun,omitempty"` // say only what would be freed
	// OlderThanMS takes the place of every time for which the configuration
	// keeps something.
	OlderThanMS *int64 `json:"olderThanMs,omitempty"`
}

// PruneList answers Prune.
type PruneList struct {
	Schema int         `json:"schema"`
	DryRun bool        `json:"dryRun"`
	Bytes  int64       `json:"bytes"` // of all that was freed, or would be
	Items  []PruneItem `json:"items"`
}

// PruneItem is one thing that was freed or kept, and why.
type PruneItem struct {
	Kind  PruneKind `json:"kind"`
	Name  string    `json:"name"` // a task, a ref or a path
	Task  string    `json:"task,omitempty"`
	Repo  string    `json:"repo,omitempty"`
	Since time.Time `json:"since"` // when it was made, ended or last used
	Bytes int64     `json:"bytes"`
	Free  bool      `json:"free"` // it was freed, or would be
	Why   string    `json:"why"`
}
