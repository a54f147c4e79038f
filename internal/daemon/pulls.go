package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/pull"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// pullStore is the store as pull requests see it.
type pullStore struct{ *store.Store }

func (s pullStore) Update(ctx context.Context, fn func(pull.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s pullStore) View(ctx context.Context, fn func(pull.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (a *app) wirePulls(cfg *config.Source) {
	a.pulls = pull.New(pull.Config{
		Store: pullStore{a.store}, Git: a.git, Clients: a.forges,
		Every: func() time.Duration { return cfg.Current().PullRequest.Poll },
		Log:   a.daemon.Log(), Now: fault.Now,
	})
}

// followPulls has pull requests looked at when something happened that may have
// changed them, or which of them matter.
func followPulls(pulls *pull.Service) func(e api.Event) {
	return func(e api.Event) {
		switch e.Kind { //nolint:exhaustive // the others say nothing of pull requests
		case api.EventTaskCreated, api.EventRepoChanged, api.EventOperationDone:
			pulls.Wake()
		case api.EventPushed, api.EventMerged:
			var at struct {
				Repo string `json:"repo"`
			}
			if json.Unmarshal(e.Data, &at) == nil {
				pulls.Nudge(at.Repo)
			}
		}
	}
}

// forgeChecks say of each forge whether hf can look at pull requests there.
func forgeChecks(polls []api.ForgePoll) []api.Check {
	byHost := map[string]*api.Check{}
	var hosts []string
	wrong := map[string][]string{}
	repos := map[string]int{}
	for _, p := range polls {
		c := byHost[p.Host]
		if c == nil {
			c = &api.Check{Group: api.GroupLogin, Name: "pull requests", State: api.CheckOK}
			byHost[p.Host] = c
			hosts = append(hosts, p.Host)
		}
		repos[p.Host]++
		if p.Limit > 0 {
			c.Text = fmt.Sprintf(", %d of %d requests left", p.Remaining, p.Limit)
		}
		if p.Error == nil {
			continue
		}
		c.State = api.CheckWarning
		wrong[p.Host] = append(wrong[p.Host], p.Name+": "+p.Error.Message)
		if c.Fix == "" {
			c.Fix = p.Error.Hint
		}
	}
	var out []api.Check
	for _, host := range hosts {
		c := *byHost[host]
		c.Text = fmt.Sprintf("%s, repos looked at: %d", host, repos[host]) + c.Text
		if len(wrong[host]) > 0 {
			c.Text = host + ": " + strings.Join(wrong[host], "; ")
		}
		out = append(out, c)
	}
	return out
}

// pollers says of each repo when its pull requests are looked at.
func pollers(polls []api.ForgePoll) []api.PollerStatus {
	out := make([]api.PollerStatus, 0, len(polls))
	for _, p := range polls {
		s := api.PollerStatus{Name: "pull requests of " + p.Host + "/" + p.Name}
		if p.PolledAt != nil {
			s.LastRun = *p.PolledAt
		}
		if p.NextAt != nil {
			s.NextRun = *p.NextAt
		}
		if p.Error != nil {
			s.Error = p.Error.Message
		}
		out = append(out, s)
	}
	return out
}
