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

// anyName stands for any name in the list of keys.
const anyName = "NAME"

// ConfigKeys completes by the keys of the configuration: those that are set,
// and those that could be.
func ConfigKeys(f *factory.Factory) Func {
	return func(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), limit)
		defer cancel()
		known, err := f.Config(ctx, api.ConfigRequest{Do: api.ConfigKeys})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		set, err := f.Config(ctx, api.ConfigRequest{Do: api.ConfigList})
		if err != nil {
			set.Values = nil // the file is wrong: the keys are as they are
		}
		var out []string
		for _, v := range set.Values {
			out = append(out, sanitize.Line(v.Key))
		}
		for _, k := range known.Keys {
			out = append(out, named(k.Key, prefix)...)
		}
		slices.Sort(out)
		return slices.Compact(out), cobra.ShellCompDirectiveNoFileComp
	}
}

// named fills in the NAME of a key by what the person has typed so far, and by
// the agents that hf knows by itself.
func named(key, prefix string) []string {
	if !strings.Contains(key, anyName) {
		return []string{key}
	}
	before, after, _ := strings.Cut(key, "."+anyName)
	var names []string
	if typed, ok := strings.CutPrefix(prefix, before+"."); ok {
		end := "."
		if strings.HasPrefix(typed, `"`) {
			end = `".` // a name with dots in it is quoted
		}
		if name, _, whole := strings.Cut(typed, end); whole && name != "" {
			names = append(names, name+strings.TrimSuffix(end, "."))
		}
	}
	if len(names) == 0 {
		switch before {
		case "agents":
			names = []string{"claude", "codex", "opencode", "gemini"}
		case "forge":
			names = []string{`"github.com"`}
		}
	}
	var out []string
	for _, name := range names {
		if k := before + "." + name + after; !strings.Contains(k, anyName) {
			out = append(out, k)
		}
	}
	return out
}

// ConfigKeyThenValue completes a key of the configuration and then a value for
// it, where the values are known.
func ConfigKeyThenValue(f *factory.Factory) Func {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return ConfigKeys(f)(cmd, args, prefix)
		case 1:
			return configValues(cmd, f, args[0], prefix)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

func configValues(cmd *cobra.Command, f *factory.Factory, key, prefix string) ([]string, cobra.ShellCompDirective) {
	switch last := key[strings.LastIndexByte(key, '.')+1:]; last {
	case "agent":
		return Agents(f, -1)(cmd, nil, prefix)
	case "workspace":
		return Workspaces(f)(cmd, nil, prefix)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), limit)
	defer cancel()
	known, err := f.Config(ctx, api.ConfigRequest{Do: api.ConfigKeys})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, k := range known.Keys {
		if slices.Contains(named(k.Key, key), key) {
			return k.Words, cobra.ShellCompDirectiveNoFileComp
		}
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
