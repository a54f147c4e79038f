package complete

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Hosts completes one word by the hosts of forges: github.com, and those that
// the variables and the configuration name.
func Hosts(f *factory.Factory) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		hosts := []string{"github.com"}
		if host := f.Getenv("GH_HOST"); host != "" {
			hosts = append(hosts, host)
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), limit)
		defer cancel()
		set, err := f.Config(ctx, api.ConfigRequest{Do: api.ConfigList, Key: "forge"})
		if err != nil {
			set.Values = nil // the file is wrong, or says nothing
		}
		for _, v := range set.Values {
			if name, ok := strings.CutPrefix(v.Key, "forge."); ok {
				hosts = append(hosts, strings.Trim(name[:strings.LastIndexByte(name, '.')], `"`))
			}
		}
		slices.Sort(hosts)
		hosts = slices.DeleteFunc(slices.Compact(hosts), func(h string) bool { return sanitize.Line(h) != h })
		return hosts, cobra.ShellCompDirectiveNoFileComp
	}
}
