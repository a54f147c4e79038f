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
		Use:     "db",
		Short:   "Find hfd's database",
		Long:    "Find hfd's database. Only hfd may open it while it runs.",
		Example: "  hf db path",
	}
	return args.Group(cmd, newPath(f))
}

func newPath(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:               "path",
		Short:             "Print where the database is",
		Long:              "Print where the database is, or would be. hfd is not started for that.",
		Example:           "  hf db path",
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
