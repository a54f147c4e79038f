// Package config is `hf config`: it shows and changes the user's configuration.
package config

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// asker understands the configuration file.
type asker func(ctx context.Context, in api.ConfigRequest) (api.ConfigAnswer, error)

// looker describes the running daemon, ends it and starts none.
type looker interface {
	Look(ctx context.Context) (api.Backend, error)
	Stop(ctx context.Context) (was bool, err error)
}

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and change the configuration",
		Long: `Show and change the configuration, a TOML file. ` + "`hf config path`" + ` says where it is.

A KEY names a table and a key with dots between: backend.idle_exit,
agents.claude.permission, repos.web.base. A running hfd follows the file; where
it has to be restarted for a change, hf says so.`,
		Example: `  hf config list --origin
  hf config set agents.claude.permission edits
  hf config edit`,
	}
	return args.Group(cmd, newGet(f, nil), newSet(f, nil), newUnset(f, nil), newList(f, nil), newEdit(f, nil), newPath(f))
}

// show writes a value as a person typed it.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return sanitize.Line(v)
	case nil:
		return "[]"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return sanitize.Line(string(b))
}

// keys completes the first argument by the keys of the configuration.
func keys(f *factory.Factory) complete.Func {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete.ConfigKeys(f)(cmd, args, prefix)
	}
}

// tell lets a running daemon know of what changed, as far as it has to be told:
// it follows the file by itself. One that the file kept from starting only
// repeats its error until it ends, so it is ended. The file is changed already:
// what becomes of a daemon is no failure of that.
func tell(ctx context.Context, io *iostreams.IOStreams, keeper func() (looker, error), a *api.ConfigAnswer) error {
	if !a.Restart && !a.Mended {
		return nil
	}
	k, err := keeper()
	if err != nil {
		return err
	}
	b, err := k.Look(ctx)
	switch {
	case err != nil || !b.Running:
	case a.Mended && b.Phase != api.PhaseServing:
		_, _ = k.Stop(ctx) // it ends by itself, too
	case a.Restart:
		_, err = fmt.Fprintln(io.Err, "hfd goes on with what it was started with until `hf backend restart`.")
		return err
	}
	return nil
}

// warnings prints what is valid and still deserves a word.
func warnings(io *iostreams.IOStreams, file *api.ConfigFile) error {
	var b strings.Builder
	for _, w := range file.Warnings {
		fmt.Fprintf(&b, "%s %s\n", io.ErrStyle().Yellow("warning:"), sanitize.Line(w))
	}
	_, err := fmt.Fprint(io.Err, b.String())
	return err
}
