package api

// PushTask asks to push a task's branch. Answer: Accepted.
type PushTask struct {
	Env Env `json:"env,omitempty"`
}

// SyncTask asks to take into a task's branch what others pushed to it, and to
// rebase it on its base. Answer: Accepted.
type SyncTask struct {
	Now bool `json:"now,omitempty"` // does not wait for the agent's turn to end
	Env Env  `json:"env,omitempty"`
}

// MergeTask asks to merge a task's branch into its base: by its pull request
// where it has one, else here. Answer: Accepted.
type MergeTask struct {
	Method MergeMethod `json:"method,omitempty"` // absent: as configured
	Auto   bool        `json:"auto,omitempty"`   // the forge merges when all that it needs is there
	Keep   bool        `json:"keep,omitempty"`   // the task is not archived
	Anyway bool        `json:"anyway,omitempty"` // without what is not committed; with checks that fail, as far as the forge lets that be
	Now    bool        `json:"now,omitempty"`    // does not wait for the agent's turn to end
	Env    Env         `json:"env,omitempty"`
}

// FixTask asks to have an agent mend what is wrong with a task's branch: the
// task's own, or that of a branch below it in the stack that broke it. Answer:
// Accepted; what came of it is in the operation.
type FixTask struct {
	Kinds []FixKind `json:"kinds,omitempty"` // none: whatever there is
	Env   Env       `json:"env,omitempty"`
}

// Fixed says what an agent was asked to mend.
type Fixed struct {
	Schema  int       `json:"schema"`
	Task    string    `json:"task"`   // whose agent was asked
	Branch  string    `json:"branch"` // its branch
	Kinds   []FixKind `json:"kinds"`
	What    []string  `json:"what"` // names of checks, places of review threads, files in conflict
	Message string    `json:"message"`
	Round   int       `json:"round,omitempty"` // when hf asked by itself
}
