package wait

import (
	"context"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// tasks answers by name.
type tasks map[string]*clitest.Daemon

func (m tasks) Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error) {
	d := m[task]
	if d == nil {
		d = &clitest.Daemon{}
	}
	return d.Task(ctx, task, explain)
}

func state(id string, status api.Status, reason api.StopReason) *clitest.Daemon {
	d := api.TaskDetail{Task: api.Task{ID: id, Title: "T " + id, Status: status, Lifecycle: api.LifecycleReady}}
	if reason != "" {
		d.Result = &api.TurnResult{StopReason: reason}
	}
	return &clitest.Daemon{Details: []api.TaskDetail{d}}
}

func wait(t *testing.T, m tasks, args ...string) (out string, exit int) {
	t.Helper()
	io, _, o, _ := iostreams.Test()
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Client = func() (follow.Watcher, error) {
			return struct {
				tasks
				follow.Eventer
			}{m, &clitest.Daemon{}}, nil
		}
		return run(ctx, opts)
	})
	err := clitest.Run(t, cmd, args...)
	return o.String(), exitcode.For(err)
}

func TestSeveralTasks(t *testing.T) {
	m := tasks{
		"a":           state("aaaa", api.StatusIdle, api.StopEndTurn),
		"b":           state("bbbb", api.StatusIdle, api.StopRefusal),
		"c":           state("cccc", api.StatusIdle, api.StopLimit),
		"run":         state("rrrr", api.StatusRunning, ""),
		api.TaskLast:  state("last", api.StatusIdle, api.StopEndTurn),
		api.TaskOfCwd: state("here", api.StatusIdle, api.StopEndTurn),
	}
	out, exit := wait(t, m, "a", "b", "c")
	if want := "aaaa  idle  T aaaa\nbbbb  idle  T bbbb\ncccc  idle  T cccc\n"; out != want || exit != exitcode.Agent {
		t.Errorf("exit %d:\n%s", exit, out)
	}
	if _, exit := wait(t, m, "a", "c", "b"); exit != exitcode.Limit {
		t.Errorf("the first that did not do well is c: exit %d", exit)
	}
	if out, exit := wait(t, m, ".", "-"); exit != 0 || !strings.HasPrefix(out, "here") || !strings.Contains(out, "last") {
		t.Errorf("exit %d:\n%s", exit, out)
	}
	// A name that means nothing does not wait for those that run.
	if _, exit := wait(t, m, "run", "nowhere"); exit != exitcode.NotFound {
		t.Errorf("an unknown task: exit %d", exit)
	}
	if out, exit := wait(t, m, "a", "run", "--timeout", "50ms", "--json=id"); exit != exitcode.Timeout || out != `[{"id":"aaaa"},{"id":"rrrr"}]`+"\n" {
		t.Errorf("exit %d, %s", exit, out)
	}
	if out, _ := wait(t, m, "a", "--json=id"); out != `{"id":"aaaa"}`+"\n" {
		t.Errorf("one task: %s", out)
	}
}
