// Package version is `hf version`.
package version

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
)

// Info is what `hf version --json` prints.
type Info struct {
	Schema   int    `json:"schema"`
	Version  string `json:"version"`
	Build    int64  `json:"build"`
	Level    int    `json:"apiLevel"`
	ProtoMin int    `json:"protoMin"`
	ProtoMax int    `json:"protoMax"`
}

// Print writes the version as the command without flags does.
func Print(w io.Writer) error {
	_, err := fmt.Fprintln(w, "hf "+version.String())
	return err
}

// NewCmd returns the command.
func NewCmd(f *factory.Factory) *cobra.Command {
	var out *output.Flags
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of hf",
		Long:  "Print the version of hf. `hf backend status` says which hfd runs.",
		Example: `  hf version
  hf version --json build`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f, out) },
	}
	out = output.Add(cmd, f, Info{})
	return cmd
}

func run(ctx context.Context, f *factory.Factory, out *output.Flags) error {
	if !out.On() {
		return Print(f.IO.Out)
	}
	return out.Write(ctx, Info{
		Schema: api.Schema, Version: version.Version(), Build: version.Build(),
		Level: api.Level, ProtoMin: api.ProtoMin, ProtoMax: api.ProtoMax,
	})
}
