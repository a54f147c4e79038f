// Package help prints the help of a command: text that fits the terminal, its
// commands, flags and JSON fields. The command itself says all of it.
package help

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hf-dev/hf/internal/cli/output"
)

// Widths between which lines are wrapped, in columns: longer ones are hard to
// read, and in shorter ones nothing fits.
const (
	most  = 80
	least = 40
)

// Install makes root and all below it print their help this way. width is that
// of the terminal, asked for when help is printed.
func Install(root *cobra.Command, width func() int) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		_, _ = io.WriteString(cmd.OutOrStdout(), Text(cmd, width())) // nobody is left to tell
	})
}

// Text is the help of a command in lines of at most width columns.
func Text(cmd *cobra.Command, width int) string {
	width = max(least, min(most, width))
	var b strings.Builder
	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	b.WriteString(Wrap(long, width))
	if !cmd.Runnable() && !cmd.HasSubCommands() {
		return b.String() // a topic
	}
	section(&b, "Usage", usage(cmd))
	if len(cmd.Aliases) > 0 {
		section(&b, "Aliases", "  "+cmd.NameAndAliases())
	}
	section(&b, "Examples", cmd.Example)
	commands(&b, cmd)
	section(&b, "Flags", flags(cmd.LocalFlags(), cmd.HasAvailableLocalFlags(), width))
	section(&b, "Global flags", flags(cmd.InheritedFlags(), cmd.HasAvailableInheritedFlags(), width))
	section(&b, "JSON fields", fields(cmd, width))
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n" + Wrap(fmt.Sprintf("`%s COMMAND --help` says more about a command.", cmd.CommandPath()), width))
	}
	return b.String()
}

func section(b *strings.Builder, title, text string) {
	if text = strings.TrimRight(text, "\n "); text != "" {
		fmt.Fprintf(b, "\n%s:\n%s\n", title, text)
	}
}

func usage(cmd *cobra.Command) string {
	var lines []string
	if cmd.HasAvailableSubCommands() {
		lines = append(lines, "  "+cmd.CommandPath()+" COMMAND")
	}
	if cmd.Runnable() && (!cmd.HasAvailableSubCommands() || !cmd.HasParent()) {
		lines = append([]string{"  " + cmd.UseLine()}, lines...)
	}
	return strings.Join(lines, "\n")
}

// commands lists what is below a command, by group where it has groups.
func commands(b *strings.Builder, cmd *cobra.Command) {
	list := func(title string, is func(*cobra.Command) bool) {
		var text strings.Builder
		for _, sub := range cmd.Commands() {
			if is(sub) {
				fmt.Fprintf(&text, "  %-*s  %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
		section(b, title, text.String())
	}
	available := func(sub *cobra.Command) bool { return sub.IsAvailableCommand() || sub.Name() == "help" }
	for _, group := range cmd.Groups() {
		list(strings.TrimSuffix(group.Title, ":"), func(sub *cobra.Command) bool { return sub.GroupID == group.ID && available(sub) })
	}
	list("Commands", func(sub *cobra.Command) bool { return sub.GroupID == "" && available(sub) })
	list("Help topics", (*cobra.Command).IsAdditionalHelpTopicCommand)
}

func flags(fs *pflag.FlagSet, some bool, width int) string {
	if !some {
		return ""
	}
	return fs.FlagUsagesWrapped(width)
}

// fields lists what --json can be asked for.
func fields(cmd *cobra.Command, width int) string {
	names := output.Fields(cmd)
	if len(names) == 0 {
		return ""
	}
	return indent(Wrap(strings.Join(names, ", "), width-2))
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}

// Wrap fills paragraphs to a width, in columns. Lines that begin with a blank
// are tables and examples, and stay as they are.
func Wrap(text string, width int) string {
	var b strings.Builder
	var words []string
	flush := func() {
		column := 0
		for _, w := range words {
			n := utf8.RuneCountInString(w)
			switch {
			case column == 0:
			case column+1+n > width:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(w)
			column += n
		}
		if column > 0 {
			b.WriteByte('\n')
		}
		words = nil
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line == "" || line[0] == ' ' {
			flush()
			b.WriteString(line + "\n")
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	flush()
	return b.String()
}
