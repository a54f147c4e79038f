package output

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
)

type item struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Inner
	hidden int
}

// Inner is embedded, as a task is in its details.
type Inner struct {
	Status string `json:"status"`
}

func run(t *testing.T, environ, args []string, v any) (string, error) {
	t.Helper()
	io, _, out, _ := iostreams.Test()
	f := factory.New(io, environ)
	cmd := &cobra.Command{Use: "x", SilenceErrors: true, SilenceUsage: true}
	o := Add(cmd, f, item{})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.Write(cmd.Context(), v) }
	cmd.SetArgs(JoinFields(cmd, args))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestFields(t *testing.T) {
	v := []item{{ID: "a", Title: "T", Inner: Inner{"idle"}, hidden: 1}, {ID: "b", Inner: Inner{"running"}}}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"--json"}, `[{"schema":1,"id":"a","title":"T","status":"idle"},{"schema":1,"id":"b","status":"running"}]`},
		{[]string{"--json", "status,id"}, `[{"status":"idle","id":"a"},{"status":"running","id":"b"}]`},
		{[]string{"--json=title"}, `[{"title":"T"},{}]`},
		{[]string{"--json", "task1"}, `[{"schema":1,"id":"a","title":"T","status":"idle"},{"schema":1,"id":"b","status":"running"}]`},
	}
	for _, tt := range tests {
		got, err := run(t, nil, tt.args, v)
		if err != nil || got != tt.want+"\n" {
			t.Errorf("%q: %s, %v; want %s", tt.args, got, err, tt.want)
		}
	}
}

// Every document says the version of its form, whether its type does or not.
func TestVersioned(t *testing.T) {
	type own struct {
		Schema int    `json:"schema"`
		ID     string `json:"id"`
	}
	for _, tt := range []struct {
		v    any
		want string
	}{
		{own{7, "a"}, `{"schema":7,"id":"a"}`},
		{[]own{{7, "a"}}, `[{"schema":7,"id":"a"}]`},
		{Inner{"idle"}, `{"schema":1,"status":"idle"}`},
		{struct{}{}, `{"schema":1}`},
		{[]item{}, `[]`},
		{[]struct{}{{}, {}}, `[{"schema":1},{"schema":1}]`},
	} {
		if got, err := run(t, nil, []string{"--json"}, tt.v); err != nil || got != tt.want+"\n" {
			t.Errorf("%s, %v; want %s", got, err, tt.want)
		}
	}
	if got, err := run(t, nil, []string{"--json=schema,id"}, item{ID: "a"}); err != nil || got != `{"schema":1,"id":"a"}`+"\n" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestUnknownField(t *testing.T) {
	_, err := run(t, nil, []string{"--json=id,bogus"}, item{})
	if exitcode.For(err) != exitcode.Usage || !strings.Contains(err.Error(), "bogus") {
		t.Errorf("err = %v", err)
	}
}

func TestMisspeltFieldIsNamed(t *testing.T) {
	_, err := run(t, nil, []string{"--json", "id,titel"}, item{})
	if err == nil || !strings.Contains(err.Error(), `unknown JSON field "titel"`) {
		t.Errorf("err = %v", err)
	}
}

func TestJoinFieldsLeavesTheRestAlone(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	cmd := &cobra.Command{Use: "x"}
	Add(cmd, factory.New(io, nil), item{})
	args := []string{"--json", "a-task", "--", "--json", "id"}
	if got := JoinFields(cmd, args); !slices.Equal(got, args) {
		t.Errorf("got %q", got)
	}
}

// fakeFormatter is a stand-in for hfd that shows its arguments and input.
func fakeFormatter(t *testing.T, script string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hfd")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{"HF_DAEMON_BIN=" + path, "PATH=" + os.Getenv("PATH")}
}

func TestJQIsAskedOfTheDaemon(t *testing.T) {
	got, err := run(t, fakeFormatter(t, `echo "$@"; cat`), []string{"--json=id", "--jq", ".id"}, item{ID: "a"})
	want := "format --width 80 --jq .id\n{\"id\":\"a\"}\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestABadExpressionIsAUsageError(t *testing.T) {
	_, err := run(t, fakeFormatter(t, `echo "bad expression" >&2; exit 2`), []string{"--jq", "("}, item{ID: "a"})
	if exitcode.For(err) != exitcode.Usage || err.Error() != "bad expression" {
		t.Errorf("err = %v", err)
	}
}
