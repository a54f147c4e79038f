package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hf-dev/hf/internal/cli/agent"
	"github.com/hf-dev/hf/internal/cli/approve"
	"github.com/hf-dev/hf/internal/cli/archive"
	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/attach"
	"github.com/hf-dev/hf/internal/cli/auth"
	"github.com/hf-dev/hf/internal/cli/backend"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/completion"
	"github.com/hf-dev/hf/internal/cli/config"
	"github.com/hf-dev/hf/internal/cli/create"
	"github.com/hf-dev/hf/internal/cli/db"
	"github.com/hf-dev/hf/internal/cli/diff"
	"github.com/hf-dev/hf/internal/cli/doctor"
	"github.com/hf-dev/hf/internal/cli/exec"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/fix"
	"github.com/hf-dev/hf/internal/cli/help"
	"github.com/hf-dev/hf/internal/cli/history"
	"github.com/hf-dev/hf/internal/cli/interrupt"
	"github.com/hf-dev/hf/internal/cli/kill"
	"github.com/hf-dev/hf/internal/cli/list"
	"github.com/hf-dev/hf/internal/cli/logs"
	"github.com/hf-dev/hf/internal/cli/merge"
	"github.com/hf-dev/hf/internal/cli/open"
	"github.com/hf-dev/hf/internal/cli/pr"
	"github.com/hf-dev/hf/internal/cli/prune"
	"github.com/hf-dev/hf/internal/cli/push"
	"github.com/hf-dev/hf/internal/cli/rename"
	"github.com/hf-dev/hf/internal/cli/repo"
	"github.com/hf-dev/hf/internal/cli/restore"
	"github.com/hf-dev/hf/internal/cli/retry"
	"github.com/hf-dev/hf/internal/cli/send"
	"github.com/hf-dev/hf/internal/cli/shell"
	"github.com/hf-dev/hf/internal/cli/shellinit"
	"github.com/hf-dev/hf/internal/cli/show"
	"github.com/hf-dev/hf/internal/cli/stack"
	"github.com/hf-dev/hf/internal/cli/status"
	"github.com/hf-dev/hf/internal/cli/statusline"
	"github.com/hf-dev/hf/internal/cli/switchto"
	"github.com/hf-dev/hf/internal/cli/sync"
	"github.com/hf-dev/hf/internal/cli/topics"
	"github.com/hf-dev/hf/internal/cli/tui"
	"github.com/hf-dev/hf/internal/cli/version"
	"github.com/hf-dev/hf/internal/cli/wait"
	"github.com/hf-dev/hf/internal/cli/workspace"
)

// The groups of `hf help`.
const (
	groupTasks = "tasks"
	groupTalk  = "talk"
	groupWork  = "work"
	groupSetup = "setup"
)

// entry is a command that is built only when it is needed: most calls run one
// of them and show none.
type entry struct {
	name    string
	aliases []string
	group   string // "" = a topic of `hf help`
	build   func(f *factory.Factory) *cobra.Command
}

func entries() []entry {
	return []entry{
		{"create", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return create.NewCmd(f, nil) }},
		{"list", []string{"ls"}, groupTasks, func(f *factory.Factory) *cobra.Command { return list.NewCmd(f, nil) }},
		{"show", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return show.NewCmd(f, nil) }},
		{"status", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return status.NewCmd(f, nil) }},
		{"tui", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return tui.NewCmd(f, nil) }},
		{"wait", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return wait.NewCmd(f, nil) }},
		{"history", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return history.NewCmd(f, nil) }},
		{"statusline", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return statusline.NewCmd(f, nil) }},
		{"rename", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return rename.NewCmd(f, nil) }},
		{"retry", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return retry.NewCmd(f, nil) }},
		{"archive", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return archive.NewCmd(f, nil) }},
		{"restore", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return restore.NewCmd(f, nil) }},
		{"kill", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return kill.NewCmd(f, nil) }},
		{"prune", nil, groupTasks, func(f *factory.Factory) *cobra.Command { return prune.NewCmd(f, nil) }},

		{"attach", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return attach.NewCmd(f, nil) }},
		{"send", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return send.NewCmd(f, nil) }},
		{"logs", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return logs.NewCmd(f, nil) }},
		{"approve", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return approve.NewApprove(f, nil) }},
		{"deny", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return approve.NewDeny(f, nil) }},
		{"approvals", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return approve.NewApprovals(f, nil) }},
		{"interrupt", nil, groupTalk, func(f *factory.Factory) *cobra.Command { return interrupt.NewCmd(f, nil) }},

		{"diff", nil, groupWork, func(f *factory.Factory) *cobra.Command { return diff.NewCmd(f, nil) }},
		{"push", nil, groupWork, func(f *factory.Factory) *cobra.Command { return push.NewCmd(f, nil) }},
		{"sync", nil, groupWork, func(f *factory.Factory) *cobra.Command { return sync.NewCmd(f, nil) }},
		{"merge", nil, groupWork, func(f *factory.Factory) *cobra.Command { return merge.NewCmd(f, nil) }},
		{"pr", nil, groupWork, pr.NewCmd},
		{"fix", nil, groupWork, func(f *factory.Factory) *cobra.Command { return fix.NewCmd(f, nil) }},
		{"exec", nil, groupWork, func(f *factory.Factory) *cobra.Command { return exec.NewCmd(f, nil) }},
		{"shell", nil, groupWork, func(f *factory.Factory) *cobra.Command { return shell.NewCmd(f, nil) }},
		{"open", nil, groupWork, func(f *factory.Factory) *cobra.Command { return open.NewCmd(f, nil) }},
		{"stack", nil, groupWork, stack.NewCmd},
		{"switch", nil, groupWork, func(f *factory.Factory) *cobra.Command { return switchto.NewCmd(f, nil) }},

		{"repo", nil, groupSetup, repo.NewCmd},
		{"auth", nil, groupSetup, auth.NewCmd},
		{"workspace", nil, groupSetup, workspace.NewCmd},
		{"agent", nil, groupSetup, agent.NewCmd},
		{"backend", nil, groupSetup, backend.NewCmd},
		{"doctor", nil, groupSetup, func(f *factory.Factory) *cobra.Command { return doctor.NewCmd(f, nil) }},
		{"config", nil, groupSetup, config.NewCmd},
		{"db", nil, groupSetup, db.NewCmd},
		{"completion", nil, groupSetup, completion.NewCmd},
		{"shell-init", nil, groupSetup, shellinit.NewCmd},
		{"version", nil, groupSetup, version.NewCmd},

		{"exit-codes", nil, "", func(*factory.Factory) *cobra.Command { return topics.ExitCodes() }},
		{"environment", nil, "", func(*factory.Factory) *cobra.Command { return topics.Environment() }},
		{"formatting", nil, "", func(*factory.Factory) *cobra.Command { return topics.Formatting() }},
		{"json", nil, "", func(*factory.Factory) *cobra.Command { return topics.JSON() }},
	}
}

// newRoot builds `hf` with the one command that argv names, or with all of
// them where it names none.
func newRoot(f *factory.Factory, argv []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "hf",
		Short: "Run a fleet of coding agents",
		Long: `hf runs a fleet of coding agents from a terminal. Each task has a branch, a
sandbox and an agent of its own. Without a command, hf shows them on one screen; away
from a terminal it lists them.

A TASK is named by its id, the beginning of it, its branch, "." for the task of
the current directory or "-" for the one used last.`,
		Example: `  hf create "fix the flaky test"
  hf attach -`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		ValidArgsFunction: complete.Nothing,
		Args: func(cmd *cobra.Command, argv []string) error {
			if len(argv) > 0 {
				return args.Unknown(cmd, argv[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return home(cmd.Context(), f) },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(f.IO.In)
	root.SetOut(f.IO.Out)
	root.SetErr(f.IO.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &exitcode.UsageError{Message: err.Error()}
	})
	globals(root.PersistentFlags(), f)
	complete.Flag(root, "workspace", complete.Workspaces(f))
	root.AddGroup(
		&cobra.Group{ID: groupTasks, Title: "Tasks:"},
		&cobra.Group{ID: groupTalk, Title: "Talking to agents:"},
		&cobra.Group{ID: groupWork, Title: "Working with results:"},
		&cobra.Group{ID: groupSetup, Title: "Setting up:"},
	)
	root.SetHelpCommandGroupID(groupSetup)
	root.SetHelpCommand(help.NewCmd())
	help.Install(root, f.IO.Width)
	for _, e := range needed(argv) {
		cmd := e.build(f)
		cmd.GroupID = e.group
		root.AddCommand(cmd)
	}
	if len(argv) > 0 && (argv[0] == cobra.ShellCompRequestCmd || argv[0] == cobra.ShellCompNoDescRequestCmd) {
		complete.Quiet(root)
	}
	return root
}

func globals(fs *pflag.FlagSet, f *factory.Factory) {
	fs.StringVarP(&f.Workspace, "workspace", "w", "", "the `workspace`, instead of HF_WORKSPACE or the current one")
	fs.BoolVar(&f.IO.NoInput, "no-input", f.IO.NoInput, "ask nothing, even on a terminal")
}

// needed returns the command that argv begins with, or all of them.
func needed(argv []string) []entry {
	all := entries()
	for i := 0; i < len(argv); i++ {
		switch a := argv[i]; {
		case a == "-w" || a == "--workspace":
			i++ // its value
		case len(a) > 1 && a[0] == '-':
		default:
			for _, e := range all {
				if e.name == a || len(e.aliases) > 0 && e.aliases[0] == a {
					return []entry{e}
				}
			}
			return all
		}
	}
	return all
}

// home is `hf` alone: the screen, and away from a terminal the list and what to
// do with it.
func home(ctx context.Context, f *factory.Factory) error {
	if tui.Can(f.IO) {
		return tui.Run(ctx, tui.NewOptions(f))
	}
	opts := list.NewOptions(f)
	opts.Hint = true
	return list.Run(ctx, opts)
}
