package change

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	maxCommits  = 100      // that a pull request's text lists
	maxTemplate = 64 << 10 // bytes
	maxTitle    = 256      // letters that a forge takes
)

// title is what a pull request is called: as the task is, or with fill as its
// only commit is.
func title(t *task.Task, commits []git.Commit, fill bool) string {
	s := t.Title
	if fill && len(commits) == 1 || strings.TrimSpace(s) == "" && len(commits) > 0 {
		s = commits[0].Subject
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxTitle {
		s = string(r[:maxTitle-1]) + "…"
	}
	return s
}

// summary says what a pull request brings, from its commits. What the agent was
// asked is between it and its user, and not told.
func summary(commits []git.Commit) string {
	if len(commits) == 1 {
		if commits[0].Body != "" {
			return commits[0].Body
		}
		return commits[0].Subject
	}
	var b strings.Builder
	for _, c := range commits {
		fmt.Fprintf(&b, "- %s\n", c.Subject)
	}
	return strings.TrimSpace(b.String())
}

// withTemplate puts a summary where a repository's template has its first text:
// behind the first heading, or before everything.
func withTemplate(template, summary string) string {
	template = strings.TrimSpace(strings.ReplaceAll(template, "\r\n", "\n"))
	if template == "" {
		return summary
	}
	heading := regexp.MustCompile(`(?m)^#{1,6}[ \t]+\S.*$`).FindStringIndex(template)
	if heading == nil {
		return summary + "\n\n" + template
	}
	rest := strings.TrimLeft(template[heading[1]:], "\n")
	return strings.TrimSpace(template[:heading[1]] + "\n\n" + summary + "\n\n" + rest)
}

// templateDirs are where a repository may have its templates, the first counts.
func templateDirs() []string { return []string{".github", "", "docs"} }

// template returns the repository's template for pull requests as a commit has
// it, "" where there is none. name is that of one of several, "" for the first.
func (s *Service) template(ctx context.Context, repo git.Repo, commit, name string) (string, error) {
	tree := s.cfg.Git.Tree(repo)
	var several []string
	for _, dir := range templateDirs() {
		names, err := tree.Files(ctx, commit, dir)
		if err != nil {
			return "", err
		}
		var path string
		for _, n := range names {
			if base, _, _ := strings.Cut(strings.ToLower(n), "."); base == "pull_request_template" && isText(n) {
				path = under(dir, n)
				break
			}
		}
		for _, sub := range []string{"PULL_REQUEST_TEMPLATE", "pull_request_template"} {
			more, err := tree.Files(ctx, commit, under(dir, sub))
			if err != nil {
				return "", err
			}
			for _, n := range more {
				if isText(n) {
					several = append(several, under(under(dir, sub), n))
				}
			}
		}
		if name == "" && path == "" && len(several) > 0 {
			path = several[0]
		}
		if name == "" && path != "" {
			content, _, err := tree.ReadFile(ctx, commit, path, maxTemplate)
			return strings.ToValidUTF8(string(content), "?"), err
		}
		if path != "" {
			several = append(several, path)
		}
	}
	if name == "" {
		return "", nil
	}
	i := slices.IndexFunc(several, func(p string) bool {
		file := p[strings.LastIndexByte(p, '/')+1:]
		base, _, _ := strings.Cut(file, ".")
		return p == name || file == name || base == name
	})
	if i < 0 {
		return "", &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("the repository has no template %q for pull requests", name),
			Hint: "it has " + orNone(several),
		}
	}
	content, _, err := tree.ReadFile(ctx, commit, several[i], maxTemplate)
	return strings.ToValidUTF8(string(content), "?"), err
}

func isText(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".txt") || !strings.Contains(name, ".")
}

func under(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
