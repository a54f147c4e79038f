package list

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func TestFlags(t *testing.T) {
	tests := []struct {
		args string
		want client.TaskFilter
		exit int
	}{
		{"", client.TaskFilter{}, 0},
		{"--all --repo web", client.TaskFilter{All: true, Repo: "web"}, 0},
		{"-s idle,waiting -s error", client.TaskFilter{Status: []api.Status{"idle", "waiting", "error"}}, 0},
		{"--status busy", client.TaskFilter{}, exitcode.Usage},
		{"something", client.TaskFilter{}, exitcode.Usage},
	}
	for _, tt := range tests {
		io, _, _, _ := iostreams.Test()
		var got client.TaskFilter
		cmd := NewCmd(factory.New(io, nil), func(_ context.Context, o *Options) error {
			got = o.Filter
			return nil
		})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(strings.Fields(tt.args))
		err := cmd.ExecuteContext(t.Context())
		if exitcode.For(err) != tt.exit || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %+v, %v; want %+v, exit %d", tt.args, got, err, tt.want, tt.exit)
		}
	}
}

func fake(tasks ...api.Task) *clitest.Daemon {
	return &clitest.Daemon{TaskList: api.TaskList{Tasks: tasks}}
}

func TestTable(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tasks := fake(
		api.Task{ID: "abcdefgh", Title: "Fix\x1b[2J it", Status: api.StatusWaiting, Reason: "permission: run ls", Agent: "demo", Branch: "fix/it", Diff: &api.DiffStat{Files: 2, Added: 3, Removed: 1}, CreatedAt: now.Add(-90 * time.Second)},
		api.Task{ID: "bcdefghi", Title: "Add that", Status: api.StatusIdle, Agent: "claude", Branch: "feat/that", CreatedAt: now.Add(-50 * time.Hour)},
	)
	io, _, out, _ := iostreams.Test()
	opts := &Options{IO: io, Client: func() (lister, error) { return tasks, nil }, Now: func() time.Time { return now }}
	if err := Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"ID        TITLE     STATUS                        AGENT   BRANCH     DIFF   AGE\n" +
		"abcdefgh  Fix it    waiting (permission: run ls)  demo    fix/it     +3 -1  1m\n" +
		"bcdefghi  Add that  idle                          claude  feat/that         2d\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out, want)
	}
}

func TestTableSaysHowBranchesStand(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tasks := fake(
		api.Task{
			ID: "abcdefgh", Title: "Fix it", Status: api.StatusIdle, Agent: "demo", Branch: "fix/it", CreatedAt: now.Add(-90 * time.Second),
			Ahead: new(2), Behind: new(1), Restack: new(true), Conflicts: []api.Conflict{{With: "main", Files: []string{"a"}}},
		},
		api.Task{ID: "bcdefghi", Title: "Add that", Status: api.StatusIdle, Agent: "claude", Branch: "feat/that", CreatedAt: now.Add(-50 * time.Hour)},
	)
	show := func(width int) string {
		t.Helper()
		io, _, out, _ := iostreams.Test()
		if width > 0 {
			io.SetTTY(false, true, false)
			io.SetWidth(width)
		}
		opts := &Options{IO: io, Client: func() (lister, error) { return tasks, nil }, Now: func() time.Time { return now }}
		if err := Run(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := "" +
		"ID        TITLE     STATUS  AGENT   BRANCH     DIFF  ↑↓                      AGE\n" +
		"abcdefgh  Fix it    idle    demo    fix/it           ↑2 ↓1 restack conflict  1m\n" +
		"bcdefghi  Add that  idle    claude  feat/that                                2d\n"
	if got := show(0); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := show(60); strings.Contains(got, "BRANCH") || !strings.Contains(got, "↑2 ↓1") {
		t.Errorf("at 60 columns:\n%s", got)
	}
}

func TestNothingToListSaysWhatToDo(t *testing.T) {
	io, _, out, errOut := iostreams.Test()
	opts := &Options{IO: io, Client: func() (lister, error) { return fake(), nil }, Now: time.Now}
	if err := Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 || !strings.Contains(errOut.String(), "hf create") {
		t.Errorf("stdout %q, stderr %q", out, errOut)
	}
}

func TestEmptyJSONIsAnArray(t *testing.T) {
	io, _, out, _ := iostreams.Test()
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
		o.Client = func() (lister, error) { return fake(), nil }
		return Run(ctx, o)
	})
	cmd.SetArgs([]string{"--json"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out.String() != "[]\n" {
		t.Errorf("got %q", out)
	}
}

// asked notes what the daemon was asked for.
type asked struct {
	clitest.Daemon
	filter client.TaskFilter
}

func (a *asked) Tasks(_ context.Context, f client.TaskFilter) (api.TaskList, error) {
	a.filter = f
	return api.TaskList{Tasks: []api.Task{{ID: "abcdefgh"}}}, nil
}

func TestOnlyWhatIsShownIsAskedFor(t *testing.T) {
	tests := []struct {
		args []string
		want []string
	}{
		{nil, shown()},
		{[]string{"--json=status,id"}, []string{"status", "id"}},
		{[]string{"--json"}, nil},
	}
	for _, tt := range tests {
		io, _, _, _ := iostreams.Test()
		var daemon asked
		cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
			o.Client = func() (lister, error) { return &daemon, nil }
			return Run(ctx, o)
		})
		cmd.SetArgs(tt.args)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(daemon.filter.Fields, tt.want) {
			t.Errorf("%v asks for %v, want %v", tt.args, daemon.filter.Fields, tt.want)
		}
	}
}
