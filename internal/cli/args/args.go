// Package args checks the number of a command's arguments and names what is
// missing or too much.
package args

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/exitcode"
)

// None allows no argument.
func None(cmd *cobra.Command, args []string) error { return between(cmd, args, 0, 0) }

// Exact wants one argument for each name.
func Exact(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return between(cmd, args, len(names), len(names), names...)
	}
}

// Range wants at least the first least names, and at most all of them.
func Range(least int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return between(cmd, args, least, len(names), names...)
	}
}

// AtLeast wants one argument for each name and takes any number more.
func AtLeast(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return between(cmd, args, len(names), len(args), names...)
	}
}

func between(cmd *cobra.Command, args []string, least, most int, names ...string) error {
	switch {
	case len(args) < least:
		return exitcode.Usagef("%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):least], " and "))
	case len(args) > most && most == 0:
		return &exitcode.UsageError{Message: fmt.Sprintf("%s takes no argument, not %q", cmd.CommandPath(), args[0]), Hint: fields(cmd, args[0])}
	case len(args) > most:
		return &exitcode.UsageError{
			Message: fmt.Sprintf("%s takes no argument after %s: %q", cmd.CommandPath(), strings.Join(names, " "), args[most]),
			Hint:    fields(cmd, args[most]),
		}
	}
	for i, name := range names {
		if i < len(args) && args[i] == "" {
			return exitcode.Usagef("%s is empty", name)
		}
	}
	return nil
}

// fields is the hint for an argument that may have been meant as the value of
// --json, which is optional and so taken for an argument when it is no field.
func fields(cmd *cobra.Command, arg string) string {
	if f := cmd.Flags().Lookup("json"); f == nil || !f.Changed {
		return ""
	}
	return fmt.Sprintf("if that is to be a JSON field: --json=%s lists those there are", arg)
}

// Group makes cmd a noun whose verbs are its commands: alone it shows help,
// and an unknown verb is a usage error.
func Group(cmd *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(verbs...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return Unknown(cmd, args[0])
		}
		return cmd.Help()
	}
	return cmd
}

// Unknown says that cmd has no command of that name, and which is meant.
func Unknown(cmd *cobra.Command, name string) error {
	e := &exitcode.UsageError{Message: "unknown command \"" + name + "\" for \"" + cmd.CommandPath() + "\""}
	if cmd.SuggestionsMinimumDistance == 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if s := cmd.SuggestionsFor(name); len(s) > 0 {
		e.Hint = "did you mean " + strings.Join(s, ", ") + "?"
	}
	return e
}
