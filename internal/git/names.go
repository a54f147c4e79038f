package git

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hf-dev/hf/pkg/api"
)

// The longest names, in bytes.
const (
	maxBranch = 200
	maxSlug   = 40
	maxTitle  = 80
)

// CheckBranchName refuses what git refuses as the name of a branch, and what
// git accepts but would hurt in a shell, a URL or another tool.
func CheckBranchName(name string) error {
	if why := branchProblem(name); why != "" {
		return &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%q cannot be the name of a branch: %s", name, why),
			Hint: "use letters, digits, '-', '_', '.' and '/'",
		}
	}
	return nil
}

func branchProblem(name string) string {
	switch {
	case name == "":
		return "it is empty"
	case len(name) > maxBranch:
		return fmt.Sprintf("it is longer than %d bytes", maxBranch)
	case !utf8.ValidString(name), strings.ContainsRune(name, utf8.RuneError): // JSON turns the first into the second
		return "it is not UTF-8"
	case name[0] == '-':
		return "it begins with '-'"
	case name == "@" || name == "HEAD":
		return "git keeps it for itself"
	case strings.HasPrefix(name, "refs/"):
		return "it begins with 'refs/'"
	case strings.Contains(name, ".."):
		return "it has '..' in it"
	case strings.Contains(name, "@{"):
		return "it has '@{' in it"
	case strings.HasSuffix(name, "."):
		return "it ends with '.'"
	}
	for _, c := range name {
		switch {
		case isControl(c), unicode.IsSpace(c), !unicode.IsGraphic(c):
			return "it has a space or a control character in it"
		case strings.ContainsRune("~^:?*[\\\"'`$;&|<>(){}!#%", c):
			return fmt.Sprintf("it has %q in it", c)
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return "it has an empty part between slashes"
		case part[0] == '.':
			return "a part of it begins with '.'"
		case part[0] == '-':
			return "a part of it begins with '-'"
		case strings.HasSuffix(part, ".lock"):
			return "a part of it ends with '.lock'"
		}
	}
	return ""
}

func isControl(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }

// Slug turns any text into [a-z0-9-]{0,40} without a dash at either end, cut at
// a word where that is possible.
func Slug(text string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == '\'' || c == '’': // don't → dont
		default:
			if s := b.String(); s != "" && s[len(s)-1] != '-' {
				b.WriteByte('-')
			}
		}
		if b.Len() > 4*maxSlug {
			break
		}
	}
	s := strings.TrimRight(b.String(), "-")
	if len(s) <= maxSlug {
		return s
	}
	if i := strings.LastIndexByte(s[:maxSlug+1], '-'); i >= maxSlug/2 {
		return s[:i]
	}
	return strings.TrimRight(s[:maxSlug], "-")
}

// TitleFromPrompt returns the first line of a prompt that says something, on
// one line and not too long.
func TitleFromPrompt(prompt string) string {
	for line := range strings.Lines(prompt) {
		line = strings.TrimLeft(strings.TrimSpace(line), "#*->` \t")
		words := strings.FieldsFunc(line, func(c rune) bool { return unicode.IsSpace(c) || isControl(c) || c == utf8.RuneError })
		if !strings.ContainsFunc(line, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }) {
			continue
		}
		return cutWords(words, maxTitle)
	}
	return "task"
}

// cutWords joins as many words as fit in limit bytes.
func cutWords(words []string, limit int) string {
	title := ""
	for _, word := range words {
		next := strings.TrimLeft(title+" "+word, " ")
		if len(next) > limit {
			if title == "" {
				title = strings.ToValidUTF8(next[:limit-len("…")], "")
			}
			return title + "…"
		}
		title = next
	}
	return title
}

// kind is a conventional prefix and the words that choose it.
type kind struct {
	prefix string
	words  []string
}

// kinds lists what a prompt can be about.
func kinds() []kind {
	return []kind{
		{"fix", []string{"fix", "fixes", "fixing", "bug", "bugfix", "repair", "mend", "resolve", "correct", "hotfix", "crash", "broken", "regression"}},
		{"docs", []string{"docs", "doc", "document", "documentation", "readme", "changelog", "comment", "comments"}},
		{"test", []string{"test", "tests", "testing", "coverage"}},
		{"refactor", []string{"refactor", "refactoring", "restructure", "simplify", "rename", "extract", "reorganize", "reorganise", "dedupe"}},
		{"chore", []string{"chore", "bump", "upgrade", "update", "deps", "dependencies", "ci", "lint", "format", "release", "cleanup"}},
		{"feat", []string{"feat", "feature", "add", "implement", "create", "build", "support", "introduce", "allow", "write", "make"}},
	}
}

// BranchFromPrompt derives the name of a branch from a prompt: a conventional
// prefix chosen by its words, and a slug of its title. The same prompt always
// gives the same name, and CheckBranchName accepts it.
func BranchFromPrompt(prompt string) string {
	words := withoutFillers(strings.Split(Slug(TitleFromPrompt(prompt)), "-"))
	prefix, own := prefixOf(words)
	if own && len(words) > 1 { // "fix the flaky test" is fix/flaky-test, not fix/fix-the-flaky-test
		words = withoutFillers(words[1:])
	}
	slug := strings.Join(words, "-")
	if slug == "" {
		slug = "task"
	}
	return prefix + "/" + slug
}

// withoutFillers drops leading words that say nothing, but never the last one.
func withoutFillers(words []string) []string {
	for len(words) > 1 && isFiller(words[0]) {
		words = words[1:]
	}
	return words
}

// prefixOf chooses a prefix; own says that the first word is the prefix itself
// and adds nothing to the name.
func prefixOf(words []string) (prefix string, own bool) {
	first := kindOf(words[0])
	switch first {
	case "feat", "chore": // "add tests" and "update the readme" name their kind in the object
		for _, word := range words[1:min(len(words), 4)] {
			if object := kindOf(word); object == "docs" || object == "test" {
				return object, false
			}
		}
	case "":
		for _, word := range words[1:] {
			if k := kindOf(word); k != "" && k != "feat" {
				return k, false
			}
		}
		return "feat", false
	}
	return first, strings.HasPrefix(words[0], first)
}

// kindOf returns the prefix that a word chooses, or "".
func kindOf(word string) string {
	for _, k := range kinds() {
		if slices.Contains(k.words, word) {
			return k.prefix
		}
	}
	return ""
}

func isFiller(word string) bool {
	switch word {
	case "the", "a", "an", "please", "can", "could", "you", "we", "i", "to", "should", "must", "would", "like", "want", "need", "lets", "help", "me":
		return true
	}
	return false
}
