package git_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
)

func TestCheckBranchName(t *testing.T) {
	for _, name := range []string{"main", "feat/x", "a/b/c", "v1.2", "user_name/fix-1", "größe", "1", "a@b", "feat/x+y", "a=b", strings.Repeat("a", 200)} {
		if err := git.CheckBranchName(name); err != nil {
			t.Errorf("%q refused: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "-x", "a/-x", "a..b", "a b", "a\tb", "a\x7fb", "a\nb", "~a", "a^", "a:b", "a?", "a*", "a[b", `a\b`, "a@{1}", "@", "HEAD",
		"/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "refs/heads/a", "refs/x", "$(id)", "`id`", "a;b", "a|b", "a'b", `a"b`,
		"a\u202eb", "a\u200bb", "a\u00a0b", "a\xffb", strings.Repeat("a", 201), "a!b", "a#b", "a%b",
	} {
		if err := git.CheckBranchName(name); err == nil {
			t.Errorf("%q accepted", name)
		}
	}
}

// TestBranchNamesAreStricterThanGits compares with git's own rules.
func TestBranchNamesAreStricterThanGits(t *testing.T) {
	f := newFixture(t)
	parts := []string{"a", "-", ".", "/", "@", "{", "lock", "~", "é", " ", "..", ".lock", "HEAD", "\x01"}
	for _, x := range parts {
		for _, y := range parts {
			name := x + y
			if git.CheckBranchName(name) != nil {
				continue
			}
			if _, err := f.try("repo", "check-ref-format", "--branch", name); err != nil {
				t.Errorf("git refuses %q, hf does not", name)
			}
		}
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"Fix the flaky test!":    "fix-the-flaky-test",
		"  --weird__name--  ":    "weird-name",
		"don't stop":             "dont-stop",
		"日本語":                    "",
		"Größe ändern":           "gr-e-ndern",
		"../../etc/passwd":       "etc-passwd",
		strings.Repeat("a", 100): strings.Repeat("a", 40),
		"one two three four five six seven eight nine ten": "one-two-three-four-five-six-seven-eight",
	} {
		if got := git.Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBranchFromPrompt(t *testing.T) {
	for in, want := range map[string]string{
		"fix the flaky test":                          "fix/flaky-test",
		"Please fix the login bug":                    "fix/login-bug",
		"Add a dark mode toggle":                      "feat/add-a-dark-mode-toggle",
		"docs: explain the config file":               "docs/explain-the-config-file",
		"Update the README with install steps":        "docs/update-the-readme-with-install-steps",
		"Write tests for the parser":                  "test/write-tests-for-the-parser",
		"refactor the session package":                "refactor/session-package",
		"bump dependencies":                           "chore/bump-dependencies",
		"# Crash when the list is empty\n\nDetails …": "fix/crash-when-the-list-is-empty",
		"fix":                                 "fix/fix",
		"":                                    "feat/task",
		"日本語のプロンプト":                           "feat/task",
		"$(rm -rf /); `id` | sh":              "feat/rm-rf-id-sh",
		"\n\n   \nimplement search\nand more": "feat/implement-search",
		"The resize handler is broken on small screens": "fix/resize-handler-is-broken-on-small",
	} {
		if got := git.BranchFromPrompt(in); got != want {
			t.Errorf("BranchFromPrompt(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTitleFromPrompt(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "task",
		"## Fix it\nnow":              "Fix it",
		"say:   hello\tworld\x1b[31m": "say: hello world [31m",
		"---\n***\nreal title":        "real title",
		strings.Repeat("word ", 40):   strings.TrimSpace(strings.Repeat("word ", 16)) + "…",
		strings.Repeat("x", 100):      strings.Repeat("x", 77) + "…",
		"a\u202eb":                    "a b",
	} {
		if got := git.TitleFromPrompt(in); got != want {
			t.Errorf("TitleFromPrompt(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzNamesFromPrompt(f *testing.F) {
	for _, s := range []string{"fix the bug", "", "---", "\xff\xfe", "a\u202eb", strings.Repeat("é", 200), "fix: fix fix"} {
		f.Add(s)
	}
	slug := regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$`)
	f.Fuzz(func(t *testing.T, prompt string) {
		branch := git.BranchFromPrompt(prompt)
		if err := git.CheckBranchName(branch); err != nil || len(branch) > 60 {
			t.Errorf("branch of %q: %q: %v", prompt, branch, err)
		}
		if again := git.BranchFromPrompt(prompt); again != branch {
			t.Errorf("%q and then %q", branch, again)
		}
		if s := git.Slug(prompt); len(s) > 40 || !slug.MatchString(s) {
			t.Errorf("slug of %q: %q", prompt, s)
		}
		if title := git.TitleFromPrompt(prompt); title == "" || len(title) > 84 || strings.ContainsAny(title, "\n\r\x1b\x00") {
			t.Errorf("title of %q: %q", prompt, title)
		}
	})
}
