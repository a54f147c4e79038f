package show

import (
	"fmt"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/pkg/api"
)

// pull shows a task's pull request.
func (v *view) pull(p *api.PullRequest) {
	if p == nil {
		return
	}
	v.section(fmt.Sprintf("Pull request #%d", p.Number))
	v.b.WriteString(render.PullFields(v.width, v.st, v.now, p))
	if p.Stale {
		v.b.WriteString(v.st.Dim("hf cannot look at it at present: `hf status` says why") + "\n")
	}
}
