package help

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWrap(t *testing.T) {
	got := Wrap("One two\nthree four five six.\n\n  a table   stays\n\nÄäää öööö üüüü", 14)
	want := "One two three\nfour five six.\n\n  a table   stays\n\nÄäää öööö üüüü\n"
	if got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	if got := Wrap("averyveryverylongword is one", 10); got != "averyveryverylongword\nis one\n" {
		t.Errorf("got %q", got)
	}
}

func TestText(t *testing.T) {
	root := &cobra.Command{Use: "x", Long: "Does things that take rather many words to say, more than fit a line of forty columns.", Run: func(*cobra.Command, []string) {}}
	root.PersistentFlags().String("global", "", "a `value` for every command, described at some length so that it wraps")
	sub := &cobra.Command{
		Use: "sub THING", Aliases: []string{"s"}, Short: "Do one thing", Example: "  x sub 1\n  x sub 2", Run: func(*cobra.Command, []string) {},
	}
	sub.Flags().BoolP("all", "a", false, "everything")
	root.AddCommand(sub, &cobra.Command{Use: "topic", Short: "About it", Long: "Only words."})
	for _, tt := range []struct {
		cmd   *cobra.Command
		width int
	}{{root, 80}, {root, 40}, {root, 10}, {sub, 80}, {sub, 40}} {
		for line := range strings.Lines(Text(tt.cmd, tt.width)) {
			if n := len(strings.TrimRight(line, "\n")); n > max(tt.width, 40) {
				t.Errorf("%s at %d: %q", tt.cmd.Name(), tt.width, line)
			}
		}
	}
	got := Text(sub, 80)
	want := "Do one thing\n\nUsage:\n  x sub THING [flags]\n\nAliases:\n  sub, s\n\nExamples:\n  x sub 1\n  x sub 2\n\nFlags:\n  -a, --all   everything\n\n" +
		"Global flags:\n      --global value   a value for every command, described at some length\n                       so that it wraps\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, text := range []string{"\nCommands:\n  sub", "\nHelp topics:\n  topic", "`x COMMAND --help` says more"} {
		if !strings.Contains(Text(root, 80), text) {
			t.Errorf("no %q in\n%s", text, Text(root, 80))
		}
	}
	if got := Text(root.Commands()[1], 80); got != "Only words.\n" {
		t.Errorf("a topic: %q", got)
	}
}
