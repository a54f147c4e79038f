package daemon

import (
	"context"
	"fmt"
	"io"

	"github.com/hf-dev/hf/internal/daemon/lifecycle"
	"github.com/hf-dev/hf/pkg/api"
)

// product is the hfd that people run.
func product() program {
	absent := func(_ context.Context, _, _ []string, _ io.Reader, _, stderr io.Writer) int {
		fmt.Fprintln(stderr, "this hfd was built without it")
		return 1
	}
	return program{
		open: func(context.Context, *lifecycle.Daemon) (lifecycle.App, error) {
			return nil, &api.Error{Code: api.CodeInternal, Message: "this hfd was built without an application"}
		},
		selfcheck: func(context.Context, string) error { return nil },
		format:    absent,
		demoAgent: absent,
	}
}
