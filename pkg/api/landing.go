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
