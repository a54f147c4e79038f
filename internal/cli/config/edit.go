package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/editor"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// editOptions is one parsed call of `hf config edit`.
type editOptions struct {
	io     *iostreams.IOStreams
	ask    asker
	keeper func() (looker, error)
	edit   func(ctx context.Context, file string) error
}

func newEdit(f *factory.Factory, runF func(context.Context, *editOptions) error) *cobra.Command {
	opts := &editOptions{
		io: f.IO, ask: f.Config, keeper: func() (looker, error) { return f.Launcher(false) },
		edit: func(ctx context.Context, file string) error { return editor.Run(ctx, f.Environ, file) },
	}
	return &cobra.Command{
		Use:   "edit",
		Short: "Edit the configuration",
		Long: `Edit a copy of the configuration in VISUAL, EDITOR or vi. It takes the file's
place when it is valid; while it is not, hf says what is wrong and asks whether
to go on editing, and the file stays as it is.`,
		Example: `  hf config edit
  EDITOR="code --wait" hf config edit`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runEdit(cmd.Context(), opts)
		},
	}
}

func runEdit(ctx context.Context, opts *editOptions) (err error) {
	had, err := opts.ask(ctx, api.ConfigRequest{Do: api.ConfigRead})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hf-config-*") // 0700
	if err != nil {
		return fmt.Errorf("make a copy of the configuration: %w", err)
	}
	keep := false // the person's text, when it did not become the file
	defer func() {
		if !keep {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	file := filepath.Join(dir, "config.toml") // editors go by the name
	if err := os.WriteFile(file, []byte(had.Content), 0o600); err != nil {
		return fmt.Errorf("make a copy of the configuration: %w", err)
	}
	for {
		if err := opts.edit(ctx, file); err != nil {
			return err
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read what was edited: %w", err)
		}
		if text := string(b); text != had.Content {
			err = save(ctx, opts, text, had.Hash)
		} else {
			_, err = fmt.Fprintln(opts.io.Err, "Nothing was changed.")
		}
		if err == nil {
			return nil
		}
		keep = true
		e := &api.Error{Code: api.CodeInternal, Message: err.Error()}
		if known, ok := errors.AsType[*api.Error](err); ok {
			e = &api.Error{Code: known.Code, Message: known.Message}
		}
		e.Hint = "the configuration is as it was; your text is in " + file
		if !opts.io.CanAsk() || e.Code != api.CodeInvalid {
			return e
		}
		if _, err := fmt.Fprintf(opts.io.Err, "%s %s\n", opts.io.ErrStyle().Red("hf:"), sanitize.Text(e.Message)); err != nil {
			return err
		}
		again, err := opts.io.Confirm("Edit it again?")
		if err != nil || !again {
			return errors.Join(err, e)
		}
		keep = false
	}
}

// save makes a text the configuration, if it is valid.
func save(ctx context.Context, opts *editOptions, text, hash string) error {
	a, err := opts.ask(ctx, api.ConfigRequest{Do: api.ConfigWrite, Content: &text, Hash: hash})
	if err != nil {
		return err
	}
	check, err := opts.ask(ctx, api.ConfigRequest{Do: api.ConfigCheck})
	if err != nil {
		return err
	}
	if err := warnings(opts.io, &check.File); err != nil {
		return err
	}
	return tell(ctx, opts.io, opts.keeper, &a)
}
