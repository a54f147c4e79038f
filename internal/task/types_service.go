package task

import (
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// Receipt is what an accepted request on a task led to.
type Receipt struct {
	Task      Task
	Operation *operation.Operation // what goes on in the background; nil for a request that is done
	Seq       int64                // of the request's own first event
	Warnings  []string
}

// Detail is all there is to show of a task.
type Detail struct {
	Task        Task
	Operation   *operation.Operation // the newest; nil when there was none
	Permissions []session.Permission // open ones
	Messages    []session.Message    // not yet done, oldest first
	Pull        *api.PullRequest     // nil when there is none
}
