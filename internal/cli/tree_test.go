package cli

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/help"
	"github.com/hf-dev/hf/internal/cli/topics"
)

// everyCommand visits all commands but topics of help.
func everyCommand(visit func(cmd *cobra.Command, path string)) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.IsAdditionalHelpTopicCommand() && !cmd.Hidden {
			visit(cmd, cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	root := newRoot(testFactory(), nil)
	root.InitDefaultHelpCmd()
	walk(root)
}

// Every command says what it is, shows how it is used and completes what it
// takes; every flag says what it means.
func TestEveryCommandIsDocumented(t *testing.T) {
	everyCommand(func(cmd *cobra.Command, path string) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || len(cmd.Short) > 60 {
			t.Errorf("%s: Short is %q", path, cmd.Short)
		}
		if cmd.Long == "" {
			t.Errorf("%s has no Long", path)
		}
		if cmd.Example == "" {
			t.Errorf("%s has no Example", path)
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: the example %q is not indented by two blanks", path, line)
			}
		}
		if !cmd.HasSubCommands() && cmd.ValidArgsFunction == nil && path != "hf repo add" { // a path
			t.Errorf("%s completes nothing: give it a ValidArgsFunction, complete.Nothing where there is nothing", path)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: the usage is %q", path, f.Name, f.Usage)
			}
		})
	})
}

func TestHelpFitsTheTerminal(t *testing.T) {
	root := newRoot(testFactory(), nil)
	root.InitDefaultHelpCmd()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		for line := range strings.Lines(help.Text(cmd, 80)) {
			if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > 80 {
				t.Errorf("%s: a line of the help is too long: %q", cmd.CommandPath(), line)
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// A word means one command.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	everyCommand(func(cmd *cobra.Command, path string) {
		if !cmd.HasParent() {
			return
		}
		for _, name := range append([]string{cmd.Name()}, cmd.Aliases...) {
			full := cmd.Parent().CommandPath() + " " + name
			if seen[full] != "" {
				t.Errorf("%s means %s and %s", full, seen[full], path)
			}
			seen[full] = path
		}
	})
}

// prints says of the commands without --json why they have none.
func prints() map[string]string {
	return map[string]string{
		"hf":                 "it is hf list",
		"hf attach":          "a conversation",
		"hf backend logs":    "lines of JSON as they are, by a --json of its own",
		"hf backend restart": "changes only", "hf backend start": "changes only", "hf backend stop": "changes only",
		"hf completion": "a script", "hf shell-init": "a script", "hf help": "text for people",
		"hf config edit": "changes only", "hf config set": "changes only", "hf config unset": "changes only",
		"hf config path": "a path", "hf db path": "a path", "hf switch": "a line for the shell to run",
		"hf exec": "what the command prints", "hf shell": "a shell", "hf open": "an editor", "hf pr open": "a page",
		"hf statusline": "a line for another program", "hf tui": "a screen", "hf interrupt": "changes only", "hf repo remove": "changes only", "hf workspace use": "changes only",
	}
}

// Commands that read take --json, and with it --jq and --template.
func TestReadCommandsPrintJSON(t *testing.T) {
	why := prints()
	everyCommand(func(cmd *cobra.Command, path string) {
		if cmd.HasSubCommands() && cmd.HasParent() {
			return
		}
		var missing []string
		for _, flag := range []string{"json", "jq", "template"} {
			if cmd.Flags().Lookup(flag) == nil {
				missing = append(missing, "--"+flag)
			}
		}
		_, without := why[path]
		delete(why, path)
		switch {
		case len(missing) > 0 && !without:
			t.Errorf("%s has no %s: give it output.Add, or say in prints() why not", path, strings.Join(missing, ", "))
		case len(missing) == 0 && without:
			t.Errorf("%s prints JSON after all: take it out of prints()", path)
		}
	})
	for path := range why {
		t.Errorf("prints() names %s, which does not exist", path)
	}
}

// Every variable of hf's own that the code names is in `hf help environment`.
func TestEnvironmentIsDocumented(t *testing.T) {
	known := topics.Environment().Long
	hidden := []string{"HF_FAULT"} // only builds for tests look at it
	name := regexp.MustCompile(`^"(HF_[A-Z_]*[A-Z])=?"$`)
	var files []string
	for _, dir := range []string{"cmd", "internal", "pkg"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, d fs.DirEntry, err error) error {
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "bench") {
				return filepath.SkipDir
			}
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				m := name.FindStringSubmatch(lit.Value)
				if m != nil && !slices.Contains(hidden, m[1]) && !strings.Contains(known, "  "+m[1]+" ") {
					t.Errorf("%s looks at %s, and hf help environment does not say so", path, m[1])
				}
			}
			return true
		})
	}
}

// The README has a row for every command and for every exit code.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands, codes strings.Builder
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "| `hf"):
			commands.WriteString(line)
		case strings.HasPrefix(line, "| ") && strings.Count(line, "|") == 5:
			codes.WriteString(line)
		}
	}
	everyCommand(func(cmd *cobra.Command, path string) {
		if cmd.HasParent() && cmd.Name() != "help" && !regexp.MustCompile(`\b`+cmd.Name()+`\b`).MatchString(commands.String()) {
			t.Errorf("the README has no row for %s", path)
		}
	})
	for _, m := range exitcode.Meanings() {
		if !strings.Contains(codes.String(), fmt.Sprintf("| %d | ", m.Code)) {
			t.Errorf("the README does not name exit code %d", m.Code)
		}
	}
}

// The shell is told what to offer for the value of every flag.
func TestFlagsComplete(t *testing.T) {
	root := newRoot(testFactory(), []string{cobra.ShellCompRequestCmd})
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			_, offers := cmd.GetFlagCompletionFunc(f.Name)
			what, _ := pflag.UnquoteUsage(f)
			if !offers && f.NoOptDefVal == "" && what != "file" {
				t.Errorf("%s --%s offers names of files", cmd.CommandPath(), f.Name)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
