package db

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// backuper is what `hf db backup` asks of the daemon.
type backuper interface {
	BackupDatabase(ctx context.Context, in api.BackupRequest) (api.BackupFile, error)
}

// backupOptions is one parsed call of `hf db backup`.
type backupOptions struct {
	io     *iostreams.IOStreams
	client func() (backuper, error)
	output *output.Flags
	file   string // "" = beside the automatic ones
}

func newBackup(f *factory.Factory, runF func(context.Context, *backupOptions) error) *cobra.Command {
	opts := &backupOptions{io: f.IO, client: func() (backuper, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "backup [FILE]",
		Short: "Copy the database to a file",
		Long: `Copy the database to a file, whole and consistent, while agents go on. The file
must not exist yet, and only you can read it. Without FILE it lies beside the
backups that hfd makes by itself, and is never removed by hf.

To go back to a backup, stop hfd, move the database and all files that begin with
its name away, and put the backup in its place.`,
		Example: `  hf db backup
  hf db backup ~/hf.db
  hf backend stop && mkdir old && mv "$(hf db path)"* old &&
    cp ~/hf.db "$(hf db path)"`,
		Args:              args.Range(0, "FILE"),
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, argv []string) (err error) {
			if len(argv) > 0 {
				if opts.file, err = filepath.Abs(argv[0]); err != nil {
					return fmt.Errorf("find %s: %w", argv[0], err)
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runBackup(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.BackupFile{})
	return cmd
}

// completeFile completes one argument by the names of files.
func completeFile(_ *cobra.Command, argv []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(argv) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

func runBackup(ctx context.Context, opts *backupOptions) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	made, err := c.BackupDatabase(ctx, api.BackupRequest{Path: opts.file})
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, made)
	}
	_, err = fmt.Fprintf(opts.io.Out, "%s  %s\n", sanitize.Line(made.Path), render.Bytes(made.Size))
	return err
}
