package daemon

import (
	"context"
	"io"

	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/tui"
)

// screen is `hfd tui`: what hf turns into on a terminal. A configuration that
// cannot be read is no reason to show nothing: hfd says what is wrong with it.
func screen(ctx context.Context, args, environ []string, _ io.Reader, stdout, stderr io.Writer) int {
	settings := screenSettings(config.Default())
	if paths, err := rundir.Resolve(lookUp(environ)); err == nil {
		cfg, _, err := config.Load(paths.Config)
		if err == nil {
			settings = screenSettings(cfg)
		} else {
			settings.Problems = append(settings.Problems, err.Error())
		}
	}
	return tui.Main(ctx, args, environ, settings, stdout, stderr)
}

func screenSettings(cfg config.Config) tui.Settings {
	s := tui.Settings{
		Theme: cfg.TUI.Theme, Themes: map[string]tui.Theme{}, Colors: cfg.TUI.Colors, Mouse: cfg.TUI.Mouse, TypeToFilter: cfg.TUI.TypeToFilter,
		Notify: cfg.TUI.Notify, Editor: cfg.Editor, Keys: cfg.Keys,
	}
	for name, t := range cfg.TUI.Themes {
		s.Themes[name] = tui.Theme{Base: t.Base, Colors: t.Colors}
	}
	if cfg.TUI.Unicode != "auto" {
		always := cfg.TUI.Unicode == "always"
		s.Unicode = &always
	}
	return s
}
