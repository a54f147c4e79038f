package follow

import (
	"fmt"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// Notices returns a watcher of states for Until that tells the person, once for
// each, what the task waits on.
func Notices(io *iostreams.IOStreams) func(*api.TaskDetail) {
	told := map[string]bool{}
	return func(d *api.TaskDetail) {
		for i := range d.Permissions {
			p := &d.Permissions[i]
			if told[p.ID] {
				continue
			}
			told[p.ID] = true
			_, _ = fmt.Fprint(io.Err, render.Permission(io.ErrStyle(), p)) // telling is all there is to it
		}
	}
}
