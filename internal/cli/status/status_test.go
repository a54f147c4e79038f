package status

import (
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestForges(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time { return new(now.Add(d)) }
	refused := &api.Error{Code: api.CodeUnauthorized, Message: "nobody is signed in to ghe.corp", Hint: "hf auth login --host ghe.corp"}
	polls := []api.ForgePoll{
		{Repo: "1", Host: "ghe.corp", Name: "team/tool", Error: refused},
		{Repo: "2", Host: "ghe.corp", Name: "team/web", Error: refused},
		{Repo: "3", Host: "github.com", Name: "acme/demo", PolledAt: at(-20 * time.Second), Limit: 5000, Remaining: 4000, ResetAt: at(30 * time.Minute), PullsKnown: 3},
		{Repo: "4", Host: "github.com", Name: "acme/gone", PolledAt: at(-10 * time.Second), Limit: 5000, Remaining: 3999, ResetAt: at(30 * time.Minute), Error: &api.Error{Message: "no such repository\x1b[2J"}},
	}
	got := render.Fields(iostreams.Style{}, append([]string{"workspace", "default"}, forges(iostreams.Style{}, now, polls)...)...)
	want := "" +
		"workspace  default\n" +
		"forge      ghe.corp, 2 repos, 0 open pull requests\n" +
		"           nobody is signed in to ghe.corp: hf auth login --host ghe.corp\n" +
		"forge      github.com, 2 repos, 3 open pull requests, budget 3999 of 5000, full again in 30m, looked at 10s ago\n" +
		"           acme/gone: no such repository\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(got, "\x1b", "ESC"), want)
	}
	if got := forges(iostreams.Style{}, now, nil); len(got) != 0 {
		t.Errorf("without a forge: %q", got)
	}
}
