package exec

import (
	"fmt"
	"os"

	"github.com/hf-dev/hf/pkg/api"
)

// Directory is where the files of a task are on this machine.
func Directory(t *api.Task) (string, error) {
	e := &api.Error{Code: api.CodeConflict, Hint: fmt.Sprintf("`hf show %s` says more", t.ID)}
	switch t.Lifecycle { //nolint:exhaustive // the others have one, or will
	case api.LifecycleArchived, api.LifecycleArchiving, api.LifecycleKilled, api.LifecycleKilling:
		e.Hint = fmt.Sprintf("`hf restore %s` brings it back", t.ID)
	}
	if t.Path == "" {
		e.Message = fmt.Sprintf("task %s has no directory: it is %s", t.ID, t.Status)
		return "", e
	}
	if _, err := os.Stat(t.Path); err != nil {
		e.Message = fmt.Sprintf("the directory of task %s is not here: %v", t.ID, err)
		return "", e
	}
	return t.Path, nil
}
