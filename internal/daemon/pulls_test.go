package daemon

import (
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

func TestForgeChecks(t *testing.T) {
	at := time.Now()
	polls := []api.ForgePoll{
		{Host: "ghe.corp", Name: "team/tool", Error: &api.Error{Message: "nobody is signed in to ghe.corp", Hint: "hf auth login --host ghe.corp"}},
		{Host: "github.com", Name: "acme/demo", PolledAt: &at, NextAt: &at, Limit: 5000, Remaining: 4000},
		{Host: "github.com", Name: "acme/web", PolledAt: &at, Limit: 5000, Remaining: 3999},
	}
	got := forgeChecks(polls)
	want := []api.Check{
		{Group: api.GroupLogin, Name: "pull requests", State: api.CheckWarning, Text: "ghe.corp: team/tool: nobody is signed in to ghe.corp", Fix: "hf auth login --host ghe.corp"},
		{Group: api.GroupLogin, Name: "pull requests", State: api.CheckOK, Text: "github.com, repos looked at: 2, 3999 of 5000 requests left"},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("checks %+v", got)
	}
	if p := pollers(polls); len(p) != 3 || p[0].Error == "" || p[1].Name != "pull requests of github.com/acme/demo" || !p[1].LastRun.Equal(at) || !p[1].NextRun.Equal(at) {
		t.Errorf("pollers %+v", p)
	}
	if got := forgeChecks(nil); len(got) != 0 {
		t.Errorf("without a forge: %+v", got)
	}
}
