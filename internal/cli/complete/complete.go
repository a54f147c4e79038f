// Package complete offers the shell what a person may mean: the tasks, repos
// and agents that exist. It never fails and starts no daemon: no answer is no
// completion.
package complete

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// limit bounds how long a person waits for a completion.
const limit = 2 * time.Second

// Func is a completion function of cobra.
type Func = func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective)

// Tasks completes the first n arguments by tasks, n < 0 for all.
func Tasks(f *factory.Factory, n int) Func {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if n >= 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			list, err := c.Tasks(ctx, client.TaskFilter{})
			if err != nil {
				return nil
			}
			for _, t := range list.Tasks {
				out = append(out, described(t.ID, string(t.Status)+", "+t.Title))
				if prefix != "" && strings.HasPrefix(t.Branch, prefix) && sanitize.Line(t.Branch) == t.Branch {
					out = append(out, described(t.Branch, t.Title))
				}
			}
			return out
		})
	}
}

// Branches completes one word by the branches of tasks.
func Branches(f *factory.Factory) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			list, err := c.Tasks(ctx, client.TaskFilter{All: true})
			if err != nil {
				return nil
			}
			for _, t := range list.Tasks {
				if t.Branch != "" {
					out = append(out, described(t.Branch, t.Title))
				}
			}
			return out
		})
	}
}

// EndedTasks completes all arguments by archived and killed tasks.
func EndedTasks(f *factory.Factory) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			list, err := c.Tasks(ctx, client.TaskFilter{All: true, Status: []api.Status{api.StatusArchived, api.StatusKilled}})
			if err != nil {
				return nil
			}
			for _, t := range list.Tasks {
				out = append(out, described(t.ID, t.Title))
			}
			return out
		})
	}
}

// TaskThenRequest completes a task and then one of its open permission
// requests.
func TaskThenRequest(f *factory.Factory) Func {
	tasks := Tasks(f, 1)
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) != 1 {
			return tasks(cmd, args, prefix)
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			requests, err := c.Permissions(ctx, factory.Task(args[0]))
			if err != nil {
				return nil
			}
			for _, p := range requests {
				out = append(out, described(p.ID, p.Title))
			}
			return out
		})
	}
}

// Repos completes the first n arguments by repos, n < 0 for all.
func Repos(f *factory.Factory, n int) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if n >= 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			list, err := c.Repos(ctx)
			if err != nil {
				return nil
			}
			for _, r := range list.Repos {
				where := r.Path
				if where == "" {
					where = r.Remote
				}
				out = append(out, described(r.Name, where))
			}
			return out
		})
	}
}

// Agents completes the first n arguments by agents, n < 0 for all.
func Agents(f *factory.Factory, n int) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if n >= 0 && len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			hello, err := c.Peer(ctx)
			if err != nil {
				return nil
			}
			list, err := c.Agents(ctx, api.ListAgents{Env: client.Env(hello.Env, f.Environ)})
			if err != nil {
				return nil
			}
			for _, a := range list.Agents {
				what := "not installed"
				if a.Installed {
					what = strings.TrimSpace("installed " + a.Version)
				}
				out = append(out, described(a.Name, what))
			}
			return out
		})
	}
}

// Workspaces completes one argument by workspaces.
func Workspaces(f *factory.Factory) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			list, err := c.Workspaces(ctx)
			if err != nil {
				return nil
			}
			for _, w := range list.Workspaces {
				out = append(out, sanitize.Line(w.Name))
			}
			return out
		})
	}
}

// Fixed completes by given words.
func Fixed(words ...string) Func {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// Nothing completes nothing, not even file names.
func Nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// Programs leaves it to the shell, which knows files.
func Programs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// Quiet keeps the shell from offering file names as the values of flags: of all
// flags of root and below that complete nothing else, and whose value is no
// file.
func Quiet(root *cobra.Command) {
	root.Flags().VisitAll(func(f *pflag.Flag) { quiet(root, f) })
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { quiet(root, f) })
	for _, cmd := range root.Commands() {
		Quiet(cmd)
	}
}

func quiet(cmd *cobra.Command, f *pflag.Flag) {
	if what, _ := pflag.UnquoteUsage(f); what == "file" || f.NoOptDefVal != "" {
		return
	}
	if _, ok := cmd.GetFlagCompletionFunc(f.Name); !ok {
		Flag(cmd, f.Name, Nothing)
	}
}

// Flag registers a completion of a flag that cmd has.
func Flag(cmd *cobra.Command, name string, f Func) {
	_ = cmd.RegisterFlagCompletionFunc(name, f) // fails for an unknown flag only
}

func ask(cmd *cobra.Command, f *factory.Factory, get func(context.Context, *client.Client) []string) ([]string, cobra.ShellCompDirective) {
	f.Quiet()
	c, err := f.Looking()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(cmd.Context(), limit)
	defer cancel()
	return get(ctx, c), cobra.ShellCompDirectiveNoFileComp
}

// described is a word with what it means. A word that is not safe to show is
// none that a person could type.
func described(word, what string) string {
	return sanitize.Line(word) + "\t" + sanitize.Line(what)
}
