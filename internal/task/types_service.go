package task

import (
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
)

// Receipt is the answer to an action that goes on in the background.
type Receipt struct {
	Task      Task
	Operation *operation.Operation // nil when the action needs none
	Seq       int64                // the event after which to follow
	Warnings  []string
}

// Detail is all there is to show of a task.
type Detail struct {
	Task        Task
	Operation   *operation.Operation // the newest; nil when there was none
	Permissions []session.Permission // open ones
	Messages    []session.Message    // not yet done, oldest first
}
