package repo

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// importer is what the command asks of the daemon.
type importer interface {
	manager
	ListImport(ctx context.Context, in api.ListImport) (api.ImportPage, error)
	ImportRepos(ctx context.Context, in api.ImportRepos) (api.RepoList, error)
}

// importOptions is one parsed call of import.
type importOptions struct {
	*options
	client   func() (importer, error)
	owner    string
	names    []string
	host     string
	match    string
	all      bool
	archived bool
	forks    bool
	dryRun   bool
	wait     bool
}

func newImport(f *factory.Factory, run func(context.Context, *importOptions) error) *cobra.Command {
	o := &importOptions{options: newOptions(f), client: func() (importer, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "import OWNER [NAME...]",
		Short: "Add repositories of an organisation or a user",
		Long: `Add repositories of an organisation or a user at GitHub: those named, those whose
name matches --match, or --all. On a terminal, without any of these, they are
listed and you choose. Archived ones and forks are left out unless they are named
or asked for; those without a commit cannot be cloned.

hfd clones them in the background, three at a time, and goes on after a restart;
hf repo list shows how far it is. What the workspace has already is left alone, so
the same import again adds only what is new and tries again what failed.`,
		Example: `  hf repo import acme
  hf repo import acme web api
  hf repo import acme --match 'service-*' --dry-run
  hf repo import acme --all --forks --wait`,
		Args:              args.AtLeast("OWNER"),
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.owner, o.names = args[0], args[1:]
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.host, "host", "", "the `host`, when it is not github.com")
	flags.StringVarP(&o.match, "match", "m", "", "those whose name matches a `pattern`, such as 'service-*'")
	flags.BoolVarP(&o.all, "all", "a", false, "all of them")
	flags.BoolVar(&o.archived, "archived", false, "archived ones, too")
	flags.BoolVar(&o.forks, "forks", false, "forks, too")
	flags.BoolVarP(&o.dryRun, "dry-run", "n", false, "print what would be added; add nothing")
	flags.BoolVar(&o.wait, "wait", false, "wait until they are cloned")
	complete.Flag(cmd, "host", complete.Nothing)
	complete.Flag(cmd, "match", complete.Nothing)
	o.output = output.Add(cmd, f, api.Repo{}, output.Array)
	return cmd
}

func runImport(ctx context.Context, o *importOptions) error {
	if _, err := path.Match(o.match, ""); err != nil {
		return exitcode.Usagef("--match %q is no pattern", o.match)
	}
	if len(o.names) > 0 && (o.all || o.match != "") {
		return exitcode.Usagef("names, and --all or --match, exclude one another")
	}
	asks := len(o.names) == 0 && !o.all && o.match == ""
	if asks && !o.dryRun && !o.io.CanAsk() {
		return &exitcode.UsageError{Message: "which repositories is not said", Hint: "name some, or give --match PATTERN or --all; --dry-run lists them"}
	}
	c, err := o.client()
	if err != nil {
		return err
	}
	env, err := o.env(ctx)
	if err != nil {
		return err
	}
	found, err := o.list(ctx, c, env)
	if err != nil {
		return err
	}
	chosen, err := o.choose(found)
	if err != nil {
		return err
	}
	if o.dryRun {
		return o.preview(ctx, chosen)
	}
	if asks {
		if chosen, err = o.ask(chosen); err != nil {
			return err
		}
	}
	if len(chosen) == 0 {
		_, err = fmt.Fprintln(o.io.Err, "Nothing to add.")
		return err
	}
	in := api.ImportRepos{Env: env}
	for i := range chosen {
		in.Remotes = append(in.Remotes, chosen[i].Remote)
	}
	l, err := c.ImportRepos(ctx, in)
	if err != nil {
		return err
	}
	return o.finish(ctx, c, l.Repos)
}

// list reads all pages.
func (o *importOptions) list(ctx context.Context, c importer, env api.Env) (all []api.Importable, err error) {
	defer o.progress("")
	for cursor := ""; ; {
		page, err := c.ListImport(ctx, api.ListImport{Host: o.host, Owner: o.owner, Cursor: cursor, Env: env})
		if err != nil {
			return nil, err
		}
		all = append(all, page.Repos...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
		if o.io.ErrTTY() {
			o.progress(fmt.Sprintf("listing %s  %d of %d", sanitize.Line(o.owner), len(all), max(page.Total, len(all))))
		}
	}
}

// choose returns those that are meant, by name.
func (o *importOptions) choose(found []api.Importable) (chosen []api.Importable, err error) {
	slices.SortFunc(found, func(a, b api.Importable) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	if len(o.names) == 0 {
		for _, r := range found {
			matches, _ := path.Match(strings.ToLower(o.match), strings.ToLower(r.Name)) // the pattern was looked at
			if (o.match == "" || matches) && (o.archived || !r.Archived) && (o.forks || !r.Fork) && !r.Empty {
				chosen = append(chosen, r)
			}
		}
		return chosen, nil
	}
	for _, name := range o.names {
		name = strings.TrimPrefix(name, o.owner+"/")
		i := slices.IndexFunc(found, func(r api.Importable) bool { return strings.EqualFold(r.Name, name) })
		if i < 0 {
			return nil, &api.Error{
				Code: api.CodeNotFound, Message: fmt.Sprintf("%s has no repository %q, or none that you may see", o.owner, name),
				Hint: fmt.Sprintf("`hf repo import %s --all --dry-run` lists them", o.owner),
			}
		}
		chosen = append(chosen, found[i])
	}
	return chosen, nil
}

// columns shows what can be chosen; with numbers, to choose by.
func (o *importOptions) columns(list []api.Importable, numbers bool) *table.Table {
	width, st := 0, o.io.OutStyle()
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	header := []string{"NAME", "STATE", "SIZE", "DESCRIPTION"}
	if numbers {
		header = append([]string{"#"}, header...)
	}
	tb := table.New(width, st.Dim, header...)
	for i := range list {
		r := &list[i]
		row := []string{r.Name, stateOf(r), render.Bytes(r.SizeKiB << 10), r.Description}
		if numbers {
			row = append([]string{strconv.Itoa(i + 1)}, row...)
		}
		tb.Row(row...)
	}
	return tb
}

// stateOf says what is special about a repository.
func stateOf(r *api.Importable) string {
	var words []string
	switch {
	case r.Repo != "" && r.State == api.RepoError:
		words = append(words, "failed before, as "+r.Repo)
	case r.Repo != "":
		words = append(words, "there, as "+r.Repo)
	}
	for word, is := range map[string]bool{"archived": r.Archived, "empty": r.Empty, "fork": r.Fork, "private": r.Private} {
		if is {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func (o *importOptions) preview(ctx context.Context, chosen []api.Importable) error {
	if o.output.On() {
		repos := []api.Repo{}
		for _, r := range chosen {
			name := r.Repo
			if name == "" {
				name = r.Name
			}
			repos = append(repos, api.Repo{Schema: api.Schema, Name: name, Remote: r.Remote, State: r.State, Managed: true})
		}
		return o.output.Write(ctx, repos)
	}
	if len(chosen) == 0 {
		_, err := fmt.Fprintln(o.io.Err, "Nothing to add.")
		return err
	}
	return o.columns(chosen, false).Render(o.io.Out)
}

// ask lets a person choose by number.
func (o *importOptions) ask(list []api.Importable) ([]api.Importable, error) {
	list = slices.DeleteFunc(list, func(r api.Importable) bool { return r.Repo != "" && r.State != api.RepoError })
	if len(list) == 0 {
		return nil, nil
	}
	if err := o.columns(list, true).Render(o.io.Err); err != nil {
		return nil, err
	}
	answer, err := o.io.Ask("Which ones? Numbers as in 1,3-5, all, or nothing:")
	if err != nil {
		return nil, err
	}
	picked, err := numbers(answer, len(list))
	if err != nil {
		return nil, err
	}
	var out []api.Importable
	for _, n := range picked {
		out = append(out, list[n-1])
	}
	return out, nil
}

// numbers reads a choice among the first most numbers.
func numbers(answer string, most int) ([]int, error) {
	seen := make([]bool, most+1)
	for word := range strings.FieldsFuncSeq(answer, func(c rune) bool { return c == ',' || c == ' ' }) {
		from, to, isRange := strings.Cut(word, "-")
		if strings.EqualFold(word, "all") {
			from, to, isRange = "1", strconv.Itoa(most), true
		}
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || first < 1 || last > most || first > last {
			return nil, exitcode.Usagef("%q is not a choice from 1 to %d", word, most)
		}
		for n := first; n <= last; n++ {
			seen[n] = true
		}
	}
	var out []int
	for n := 1; n <= most; n++ {
		if seen[n] {
			out = append(out, n)
		}
	}
	return out, nil
}

// finish shows what was added, after the clones have ended where that is wanted.
func (o *importOptions) finish(ctx context.Context, c importer, repos []api.Repo) error {
	var failed []error
	if o.wait {
		for i := range repos {
			if repos[i].State != api.RepoCloning {
				continue
			}
			var err error
			if repos[i], err = o.cloned(ctx, c, repos[i]); err != nil {
				return err
			}
			if repos[i].State == api.RepoError {
				failed = append(failed, notCloned(&repos[i]))
			}
		}
	}
	cloning := 0
	for i := range repos {
		if repos[i].State == api.RepoCloning {
			cloning++
		}
		if o.output.On() {
			continue
		}
		if err := o.print(ctx, &repos[i]); err != nil {
			return err
		}
	}
	if o.output.On() {
		if err := o.output.Write(ctx, repos); err != nil {
			return err
		}
	} else if cloning > 0 {
		_, _ = fmt.Fprintf(o.io.Err, "hfd clones %s in the background: `hf repo list` shows how far it is.\n", render.Count(cloning, "repo")) // an aside
	}
	if len(failed) > 0 {
		return failed[0]
	}
	return nil
}
