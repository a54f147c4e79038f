// Package db is `hf db`: hfd's database.
package db

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
)

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Look after hfd's database",
		Long: `Look after hfd's database. Only hfd may open it while it runs: copies are made
by hf db backup, never by cp. hfd makes some by itself, see "backup" in the
configuration, and rebuilds a database that was damaged or lost.`,
		Example: `  hf db check
  hf db backup ~/hf-before-the-trip.db`,
	}
	return args.Group(cmd, newPath(f), newCheck(f, nil), newBackup(f, nil), newNuke(f, nil))
}

func newPath(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print where the database is",
		Long:  "Print where the database is, or would be. hfd is not started for that.",
		Example: `  hf db path
  ls -l "$(hf db path)"*`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(*cobra.Command, []string) error {
			paths, err := f.Paths()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(f.IO.Out, paths.Database())
			return err
		},
	}
}
