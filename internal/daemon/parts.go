package daemon

import (
	"context"
	"maps"
	"os"
	"slices"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/agent/probe"
	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/repo"
	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/internal/server"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// registry is the agents as the configuration has them now.
type registry struct {
	source *config.Source
	demo   []string
}

func (r registry) now() *agent.Registry {
	cfg := r.source.Current()
	opts := agent.Options{Demo: r.demo, Default: cfg.Agent, Permission: cfg.Permission}
	for _, name := range slices.Sorted(maps.Keys(cfg.Agents)) {
		a := cfg.Agents[name]
		opts.Configured = append(opts.Configured, agent.Configured{
			Name: name, Command: a.Command, Terminal: a.Terminal, Env: a.Env, Mode: a.Mode, Model: a.Model, Permission: a.Permission,
		})
	}
	return agent.New(opts)
}

func (r registry) Profile(name string) (agent.Profile, error) { return r.now().Profile(name) }

func (r registry) Default(env []string) string { return r.now().Default(env) }

func (r registry) List(ctx context.Context, env map[string]string) ([]api.Agent, error) {
	return r.now().List(ctx, task.Environ(env)), nil
}

// Test does a handshake in an empty directory.
func (r registry) Test(ctx context.Context, name string, env map[string]string) (api.AgentTest, error) {
	profile, err := r.Profile(name)
	if err != nil {
		return api.AgentTest{}, err
	}
	dir, err := os.MkdirTemp("", "hf-agent-test-")
	if err != nil {
		return api.AgentTest{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithTimeout(ctx, r.source.Current().Create.AgentTimeout)
	defer cancel()
	return probe.Test(ctx, profile, task.Environ(env), dir), nil
}

// repoConfigs reads repositories' own settings from their commits.
type repoConfigs struct{ git *git.Runner }

func (c repoConfigs) Load(ctx context.Context, r git.Repo, commit string) (repoconfig.Config, error) {
	return repoconfig.Load(ctx, c.git.Tree(r), commit)
}

// repoStore is the store as repositories see it.
type repoStore struct{ *store.Store }

func (s repoStore) Update(ctx context.Context, fn func(repo.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s repoStore) View(ctx context.Context, fn func(repo.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// repos is the repositories as the API shows them.
type repos struct{ *repo.Service }

// Remove forgets a repo and returns it as it was. Reason says why a clone of
// hf's own was kept, where it was.
func (r repos) Remove(ctx context.Context, request, workspace, ref string) (task.Repo, error) {
	found, err := r.Resolve(ctx, workspace, ref, "")
	if err != nil {
		return task.Repo{}, err
	}
	found.Reason, err = r.Service.Remove(ctx, request, workspace, ref)
	return *found, err
}

// branches is what there is of repositories as the API shows it.
type branches struct {
	*branch.Service
	repos *repo.Service
}

func (b branches) Overview(ctx context.Context, workspace, ref string) (api.RepoOverview, error) {
	found, err := b.repos.Resolve(ctx, workspace, ref, "")
	if err != nil {
		return api.RepoOverview{}, err
	}
	return b.Service.Overview(ctx, found.ID)
}

// talks is what people say to agents, and what was said.
type talks struct {
	*task.Service
	sessions *session.Manager
}

func (t talks) Transcript(ctx context.Context, id, after string, follow bool, yield func(api.Entry) error) error {
	return t.sessions.Transcript(ctx, id, after, follow, yield)
}

// currentWorkspace is the setting that `hf workspace use` writes.
const currentWorkspace = "workspace"

// workspaces lists and chooses workspaces.
type workspaces struct {
	store  *store.Store
	source *config.Source
}

// Current is the workspace of a request that names none.
func (w workspaces) Current(ctx context.Context) (name string, err error) {
	err = w.store.View(ctx, func(tx *store.Tx) error {
		var ok bool
		if name, ok, err = tx.Setting(currentWorkspace); err == nil && !ok {
			name = w.source.Current().Workspace
		}
		return err
	})
	return name, err
}

func (w workspaces) List(ctx context.Context) ([]api.Workspace, error) {
	current, err := w.Current(ctx)
	if err != nil {
		return nil, err
	}
	var list []api.Workspace
	err = w.store.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Workspaces()
		return err
	})
	if err != nil {
		return nil, err
	}
	found := false
	for i := range list {
		list[i].Current = list[i].Name == current
		found = found || list[i].Current
	}
	if !found {
		list = append(list, api.Workspace{Name: current, Current: true})
	}
	return list, nil
}

// Use makes a workspace the current one.
func (w workspaces) Use(ctx context.Context, _, name string) (api.Workspace, error) {
	if err := task.CheckWorkspace(name); err != nil {
		return api.Workspace{}, err
	}
	err := w.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace(name); err != nil {
			return err
		}
		return tx.PutSetting(currentWorkspace, name)
	})
	if err != nil {
		return api.Workspace{}, err
	}
	list, err := w.List(ctx)
	if err != nil {
		return api.Workspace{}, err
	}
	for _, ws := range list {
		if ws.Name == name {
			return ws, nil
		}
	}
	return api.Workspace{Name: name, Current: true}, nil
}

// backend is the daemon as the API shows it.
type backend struct{ *app }

func (b backend) Backend(ctx context.Context) (api.Backend, error) {
	out, err := b.daemon.Backend(ctx)
	out.Sessions = b.sessions.Live()
	return out, err
}

func (b backend) Inspect(ctx context.Context) (api.Inspect, error) {
	out, err := b.daemon.Inspect(ctx)
	if err != nil {
		return out, err
	}
	out.Backend.Sessions = b.sessions.Live()
	out.Sessions, out.Pollers = append(b.sessions.Status(), b.terminals.Status()...), append(out.Pollers, pollers(b.pulls.Polls())...)
	var live []operation.Operation
	err = b.store.View(ctx, func(tx *store.Tx) (err error) {
		live, err = tx.LiveOperations()
		return err
	})
	for i := range live {
		out.Operations = append(out.Operations, *server.Operation(&live[i]))
	}
	return out, err
}

func (b backend) Stop(ctx context.Context, in api.Stop) error { return b.daemon.Stop(ctx, in) }

func (b backend) Upgrade(ctx context.Context, in api.Upgrade) error { return b.daemon.Upgrade(ctx, in) }
