package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// countLimit bounds how long is looked for leftovers: that looks at every task.
const countLimit = 10 * time.Second

// doctor looks at what only the daemon can see.
type doctor struct {
	*app
	agents registry
}

// Check implements server.Doctor. It changes nothing; the one thing that it
// starts, the demo agent, has ended when it returns.
func (d doctor) Check(ctx context.Context, env map[string]string) ([]api.Check, error) {
	out := append(d.database(ctx), d.gitHere(ctx), d.spawn(ctx, env))
	found, err := d.agents.List(ctx, env)
	if err != nil {
		return nil, err
	}
	out = append(out, agentChecks(found)...)
	out = append(out, forgeChecks(d.pulls.Polls())...)
	return append(out, d.leftovers(ctx), loginCheck(cgroup("self"), d.holderGroups())), nil
}

// holderGroups are the control groups of the processes that keep agents alive.
func (d doctor) holderGroups() (out []string) {
	for _, s := range d.sessions.Status() {
		if s.HolderPID > 0 {
			out = append(out, cgroup(strconv.Itoa(s.HolderPID)))
		}
	}
	return out
}

// cgroup is what the kernel says of a process's control groups, "" where it does
// not have any: nothing ends at logout there.
func cgroup(pid string) string {
	b, err := os.ReadFile("/proc/" + pid + "/cgroup")
	if err != nil {
		return ""
	}
	return string(b)
}

func (d doctor) database(ctx context.Context) []api.Check {
	c := api.Check{Group: api.GroupFiles, Name: "database", State: api.CheckOK}
	report, err := database{d.app}.look(ctx)
	if err != nil {
		return []api.Check{failed(c, err, "see `hf backend logs`")}
	}
	return databaseChecks(c, &report)
}

// databaseChecks is one line for a database that is as it should be, and one
// for each thing that is not.
func databaseChecks(c api.Check, report *api.DatabaseCheck) (out []api.Check) {
	var fine []string
	for _, item := range report.Checks {
		if item.OK {
			fine = append(fine, item.Name)
			continue
		}
		wrong := c
		wrong.State, wrong.Text, wrong.Fix = api.CheckProblem, item.Name+": "+item.Detail, item.Hint
		out = append(out, wrong)
	}
	if len(out) == 0 {
		c.Text = report.Path + "; in order: " + strings.Join(fine, ", ")
		return []api.Check{c}
	}
	return out
}

// gitHere makes sure that the daemon finds a git too: its PATH is that of the
// shell it was started from.
func (d doctor) gitHere(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupHF, Name: api.CheckDaemonGit, State: api.CheckOK}
	version, err := d.git.Version(ctx)
	if err != nil {
		return failed(c, err, "once git is installed: `hf backend restart` from a shell that finds it")
	}
	c.Text = version
	return c
}

// spawn starts an agent that does nothing, in earnest.
func (d doctor) spawn(ctx context.Context, env map[string]string) api.Check {
	c := api.Check{Group: api.GroupAgents, Name: "an agent starts", State: api.CheckOK}
	test, err := d.agents.Test(ctx, agent.Demo, env)
	if err == nil && test.Error != nil {
		err = test.Error
	}
	if err == nil && !test.OK {
		err = errors.New("the handshake did not come to its end")
	}
	if err != nil {
		return failed(c, err, "`hf agent test demo` shows what it says for itself")
	}
	c.Text = fmt.Sprintf("the demo agent answered in %d ms", test.InitializeMS+test.SessionMS)
	return c
}

// failed is a check whose look itself failed.
func failed(c api.Check, err error, fix string) api.Check {
	c.State, c.Text, c.Fix = api.CheckProblem, err.Error(), fix
	if e, ok := errors.AsType[*api.Error](err); ok && e.Hint != "" && e.Code != api.CodeGit {
		c.Fix = e.Hint
	}
	return c
}

// agentChecks says of every agent whether it can work. One that is not there is
// only worth a warning where it was chosen, or where there is no other.
func agentChecks(found []api.Agent) []api.Check {
	others := false
	for i := range found {
		others = others || found[i].Installed && found[i].Name != agent.Demo
	}
	var out []api.Check
	for i := range found {
		out = append(out, agentCheck(&found[i], others))
	}
	return out
}

func agentCheck(a *api.Agent, others bool) api.Check {
	c := api.Check{Group: api.GroupAgents, Name: a.Name, State: api.CheckOK}
	if !a.Installed {
		c.Text = "not installed"
		c.Fix = a.Install
		if c.Fix == "" {
			c.Fix = fmt.Sprintf("`hf config get agents.%s.command` names a program that is not there", a.Name)
		}
		if !others || a.Default || !a.Builtin {
			c.State = api.CheckWarning
		}
		return c
	}
	words := []string{a.Version}
	switch {
	case a.SignedIn == nil:
		words = append(words, "whether signed in cannot be told without starting it")
	case *a.SignedIn:
		words = append(words, "signed in")
	default:
		words = append(words, "not signed in")
		c.State, c.Fix = api.CheckWarning, a.SignInHint
	}
	if a.Default {
		words = append(words, "used when a task names none")
	}
	c.Text = strings.TrimPrefix(strings.Join(words, ", "), ", ")
	return c
}

// leftovers says what `hf prune` would free.
func (d doctor) leftovers(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupFiles, Name: "leftovers", State: api.CheckOK}
	limited, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	list, err := d.tasks.Prune(limited, "", task.Filter{}, api.Prune{DryRun: true})
	if limited.Err() != nil && ctx.Err() == nil {
		c.Text = fmt.Sprintf("not counted in %s; `hf prune --dry-run` takes its time", countLimit)
		return c
	}
	if err != nil {
		return failed(c, err, "see `hf backend logs`")
	}
	return leftoverCheck(c, &list)
}

func leftoverCheck(c api.Check, list *api.PruneList) api.Check {
	stray, finished := 0, 0
	for i := range list.Items {
		switch {
		case list.Items[i].Kind == api.PruneDirectory:
			stray++
		case list.Items[i].Free:
			finished++
		}
	}
	c.Fix = "`hf prune --dry-run` says which and why, `hf prune` frees what is safe to"
	switch {
	case stray > 0:
		c.State = api.CheckWarning
		c.Text = fmt.Sprintf("directories among the worktrees that belong to no task: %d", stray)
	case finished > 0:
		c.Text = fmt.Sprintf("what is finished and can be freed: %d, %d MiB", finished, list.Bytes>>20)
	default:
		c.Text, c.Fix = "none", ""
	}
	return c
}

// loginCheck says whether the daemon, and with it the agents it starts, or
// agents that were started before belong to a login, which systemd may end with
// all that is in it.
func loginCheck(own string, holders []string) api.Check {
	c := api.Check{Group: api.GroupLogin, Name: "logging out", State: api.CheckOK, Text: "agents go on"}
	agents := 0
	for _, h := range holders {
		if loginScope(h) != "" {
			agents++
		}
	}
	scope := loginScope(own)
	if scope == "" && agents == 0 {
		return c
	}
	c.State = api.CheckWarning
	c.Fix = "loginctl enable-linger && systemd-run --user --scope hf backend restart, for agents that start from then on"
	const end = ": where systemd ends what a login started (KillUserProcesses), they end with it"
	c.Text = fmt.Sprintf("%d agents belong to a login", agents) + end
	if scope != "" {
		c.Text = "hfd and its agents belong to the login " + scope + end
	}
	return c
}

// loginScope finds the login that a process's control groups belong to.
func loginScope(cgroup string) string {
	for line := range strings.Lines(cgroup) {
		for part := range strings.SplitSeq(strings.TrimSpace(line), "/") {
			if strings.HasPrefix(part, "session-") && strings.HasSuffix(part, ".scope") {
				return part
			}
		}
	}
	return ""
}
