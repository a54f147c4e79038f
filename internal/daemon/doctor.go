package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// doctor looks at what only the daemon can see.
type doctor struct {
	*app
	agents registry
}

// Check implements server.Doctor. It changes nothing; the one thing that it
// starts, the demo agent, has ended when it returns.
func (d doctor) Check(ctx context.Context, env map[string]string) ([]api.Check, error) {
	out := []api.Check{d.database(ctx), d.gitHere(ctx), d.spawn(ctx, env)}
	found, err := d.agents.List(ctx, env)
	if err != nil {
		return nil, err
	}
	out = append(out, agentChecks(found)...)
	leftovers, err := d.leftovers(ctx)
	if err != nil {
		return nil, err
	}
	cgroup, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		cgroup = nil // no Linux: nothing ends at logout there
	}
	return append(out, leftovers, loginCheck(string(cgroup))), nil
}

func (d doctor) database(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupFiles, Name: "database", State: api.CheckOK}
	db, err := database{d.app}.Database(ctx)
	if err != nil {
		return failed(c, err, "see `hf backend logs`")
	}
	c.Text = fmt.Sprintf("%s, schema %d", db.Path, db.Version)
	switch {
	case db.State == api.DatabaseFull:
		c.State, c.Text, c.Fix = api.CheckProblem, "the disk of "+db.Path+" is full", "free some space; hf goes on by itself"
	case db.State == api.DatabaseReadOnly:
		c.State, c.Text = api.CheckProblem, db.Path+" cannot be written"
		c.Fix = "make " + filepath.Dir(db.Path) + " writable, then `hf backend restart`"
	case db.Recovery != nil && !db.Recovery.Seen:
		c.State, c.Text, c.Fix = api.CheckWarning, recovered(db.Recovery), "`hf db check` tells more"
	}
	return c
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

// leftovers counts worktrees that no living task has.
func (d doctor) leftovers(ctx context.Context) (api.Check, error) {
	c := api.Check{Group: api.GroupFiles, Name: "worktrees", State: api.CheckOK}
	var tasks []task.Task
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		tasks, err = tx.Tasks(task.Filter{All: true})
		return err
	})
	if err != nil {
		return c, err
	}
	used := map[string]bool{}
	for i := range tasks {
		if l := tasks[i].Lifecycle; l != api.LifecycleKilled && l != api.LifecycleArchived {
			used[tasks[i].ID] = true
		}
	}
	left, all, err := unused(d.daemon.Paths().Worktrees(), used)
	if err != nil {
		return failed(c, err, "hf must be able to read its worktrees"), nil
	}
	c.Text = fmt.Sprintf("%d, each of a living task", all)
	switch {
	case all == 0:
		c.Text = "none"
	case left > 0:
		c.State = api.CheckWarning
		c.Text = fmt.Sprintf("%d of %d belong to no living task", left, all)
		c.Fix = "`hf prune --dry-run` says which, and what is in them"
	}
	return c, nil
}

// unused counts the worktrees below root, <repo>/<slug>-<task>, and those of
// them whose task is not used.
func unused(root string, used map[string]bool) (left, all int, err error) {
	repos, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	for _, repo := range repos {
		if !repo.IsDir() {
			continue
		}
		dirs, err := os.ReadDir(filepath.Join(root, repo.Name()))
		if err != nil {
			return 0, 0, err
		}
		for _, dir := range dirs {
			if !dir.IsDir() {
				continue
			}
			all++
			id := dir.Name()[strings.LastIndexByte(dir.Name(), '-')+1:]
			if !used[id] {
				left++
			}
		}
	}
	return left, all, nil
}

// loginCheck says whether the daemon and the agents it starts belong to a login
// session, which systemd may end with all that is in it.
func loginCheck(cgroup string) api.Check {
	c := api.Check{Group: api.GroupLogin, Name: "logging out", State: api.CheckOK, Text: "agents go on"}
	for line := range strings.Lines(cgroup) {
		for part := range strings.SplitSeq(strings.TrimSpace(line), "/") {
			if strings.HasPrefix(part, "session-") && strings.HasSuffix(part, ".scope") {
				c.State = api.CheckWarning
				c.Text = "hfd and agents are in the login's " + part + ": where systemd ends what a login started (KillUserProcesses), they end with it"
				c.Fix = "loginctl enable-linger && systemd-run --user --scope hf backend restart"
			}
		}
	}
	return c
}
