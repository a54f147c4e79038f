package api

// PushTask asks to push a task's branch. Answer: Accepted.
type PushTask struct {
	Env Env `json:"env,omitempty"`
}
