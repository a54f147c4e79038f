package daemon

import (
	"context"
	"errors"
	"io"

	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/daemon/lifecycle"
	"github.com/hf-dev/hf/internal/format"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
)

// product is the hfd that people have.
func product() program {
	return program{
		prepare:   prepare,
		selfcheck: selfcheck,
		format: func(_ context.Context, args, _ []string, stdin io.Reader, stdout, stderr io.Writer) int {
			return format.Main(args, stdin, stdout, stderr)
		},
		demoAgent: demo.Main,
		config:    configTool,
		tui:       screen,
	}
}

// prepare reads the configuration, which has a say from the first hello on. One
// that cannot be read is what every request is answered with.
func prepare(paths rundir.Paths) (lifecycle.Settings, lifecycle.Open) {
	source, err := config.NewSource(paths.Config)
	if err != nil {
		return lifecycle.DefaultSettings(), func(context.Context, *lifecycle.Daemon) (lifecycle.App, error) { return nil, err }
	}
	settings := lifecycle.DefaultSettings()
	cfg := source.Current().Backend
	settings.Idle, settings.LogSize, settings.LogFiles = cfg.IdleExit, cfg.LogMaxSize, cfg.LogKeep
	settings.Env = func() []string { return config.EnvPatterns(source.Current()) }
	return settings, func(ctx context.Context, d *lifecycle.Daemon) (lifecycle.App, error) { return open(ctx, d, source) }
}

func selfcheck(ctx context.Context, database string) error {
	if database == "" {
		return nil
	}
	return store.SelfCheck(ctx, database)
}

// taskSettings is what the configuration says of tasks.
func taskSettings(cfg config.Config, provider string) task.Settings {
	if cfg.Provider != "" {
		provider = cfg.Provider
	}
	return task.Settings{
		Permission: cfg.Permission, Provider: provider,
		AgentLimit: cfg.Create.AgentTimeout, SetupLimit: cfg.Create.SetupTimeout, CheckLimit: cfg.Create.CheckTimeout, FetchLimit: cfg.Create.FetchTimeout,
		Base:      cfg.Create.Base,
		Repo:      func(name string) task.RepoSettings { return task.RepoSettings(cfg.Repos[name]) },
		Reference: config.Reference, IsSecret: config.HoldsSecret, ClientVersion: version.Version(), DetachKey: cfg.DetachKey,
		KeepSaved: cfg.Prune.Saved, KeepTrash: cfg.Prune.Trash,
	}
}

// preferences is what the configuration says to hf.
func preferences(cfg config.Config) api.Preferences {
	return api.Preferences{Editor: cfg.Editor, TmuxWindow: cfg.Tmux.Window}
}

// isParking reports whether work stopped because this daemon goes away, and is
// to be found again by the next one.
func isParking(cause error) bool {
	return errors.Is(cause, operation.ErrParked) || errors.Is(cause, context.Canceled)
}
