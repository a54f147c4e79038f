package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// stderrTail bounds what a test shows of the agent's standard error, in bytes.
const stderrTail = 2 << 10

// Test does a real handshake with an agent in a directory: initialize, a new
// session and its mode. ctx bounds it. Everything it started has ended when it
// returns. A failure is in the result.
func Test(ctx context.Context, profile agent.Profile, env []string, cwd string) api.AgentTest {
	result := api.AgentTest{Agent: profile.Name}
	policy := profile.Permission
	if policy == "" {
		policy = api.PermissionAsk
	}
	profile = profile.For(policy).Guarded(env, profile.Model)
	env = with(env, profile.Env)
	if _, err := xec.LookPath(profile.Command[0], env); err != nil {
		result.Error = &api.Error{
			Code: api.CodeAgentMissing, Message: fmt.Sprintf("%s is not installed: there is no program %q on the PATH", profile.Name, profile.Command[0]),
			Hint: profile.Install,
		}
		return result
	}
	cfg := profile.ACP(cwd, policy, profile.Mode, profile.Model)
	cfg.ClientVersion = version.Version()
	peer, err := Start(ctx, xec.Cmd{Argv: profile.Command, Env: env, Dir: cwd}, cfg)
	if err != nil {
		result.Error = &api.Error{Code: api.CodeAgent, Message: err.Error()}
		return result
	}
	defer peer.Stop()
	err = peer.Wait(ctx, func(f acp.Facts) bool { return f.Ready || f.Err != nil })
	facts := peer.Facts()
	result.OK = err == nil && facts.Err == nil
	result.Info, result.Protocol = facts.AgentInfo.String(), facts.Protocol
	for _, m := range facts.Modes {
		result.Modes = append(result.Modes, m.ID)
	}
	result.InitializeMS, result.SessionMS = timings(peer.Records())
	if !result.OK {
		result.Error = failure(ctx, facts, err)
		result.Stderr = stderr(peer.Entries())
	}
	return result
}

// with adds a profile's variables to an environment. Those it takes from the
// caller are left out when the caller has none.
func with(env []string, more map[string]string) []string {
	out := slices.Clone(env)
	for name, value := range more {
		from, ok := strings.CutPrefix(value, "$")
		if !ok {
			out = append(out, name+"="+value)
			continue
		}
		from = strings.Trim(from, "{}")
		if i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, from+"=") }); i >= 0 {
			out = append(out, name+env[i][len(from):])
		}
	}
	return out
}

// failure says why the handshake did not succeed.
func failure(ctx context.Context, facts acp.Facts, err error) *api.Error {
	switch {
	case facts.Err != nil:
		return facts.Err
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return &api.Error{
			Code: api.CodeTimeout, Message: "the agent did not answer in time: " + facts.Reason,
			Hint: "Start its command by hand to see what it waits for.",
		}
	default:
		return &api.Error{Code: api.CodeAgent, Message: err.Error()}
	}
}

// timings are how long the answers to initialize and to the session request
// took, in milliseconds; 0 = there was none.
func timings(records []journal.Record) (initialize, session int64) {
	m := acp.New(acp.Config{})
	var began, initialized time.Time
	for _, rec := range records {
		if began.IsZero() && rec.Kind == journal.In {
			began = rec.Time
		}
		m.Feed(rec)
		switch f := m.Facts(); {
		case initialized.IsZero() && f.Protocol != 0:
			initialized = rec.Time
			initialize = max(rec.Time.Sub(began).Milliseconds(), 1)
		case !initialized.IsZero() && session == 0 && f.ACPID != "":
			session = max(rec.Time.Sub(initialized).Milliseconds(), 1)
		}
	}
	return initialize, session
}

func stderr(entries []api.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		if e.Kind == api.EntryStderr {
			b.WriteString(e.Text)
		}
	}
	text := b.String()
	return strings.TrimSpace(text[max(0, len(text)-stderrTail):])
}
