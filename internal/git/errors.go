package git

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// gitMessage is what git said, without its prefixes, or how it ended.
func gitMessage(err error) string {
	e, ok := errors.AsType[*xec.Error](err)
	if !ok {
		return err.Error()
	}
	if e.Cause != nil || e.Stderr == "" {
		bare := *e
		bare.Stderr = ""
		return bare.Error()
	}
	var lines, boilerplate []string
	for line := range strings.FieldsFuncSeq(e.Stderr, func(c rune) bool { return c == '\n' || c == '\r' }) {
		line = strings.TrimSpace(line)
		for _, prefix := range []string{"fatal: ", "error: "} {
			line = strings.TrimPrefix(line, prefix)
		}
		line = withoutRef(line)
		switch {
		case line == "" || strings.HasPrefix(line, "hint:") || isProgress(line):
		case containsAny(line, "Could not read from remote repository", "Please make sure you have the correct access", "and the repository exists."):
			boilerplate = append(boilerplate, line)
		default:
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		lines = boilerplate
	}
	said := strings.Join(lines[max(0, len(lines)-3):], "; ")
	return regexp.MustCompile(`://[^/@\s]*@`).ReplaceAllString(said, "://") // who signs in is nobody's business
}

// withoutRef drops what git says twice of a ref that it cannot write.
func withoutRef(line string) string {
	for _, prefix := range []string{"update_ref failed for ref '", "cannot lock ref '"} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			if _, why, ok := strings.Cut(rest, "': "); ok {
				line = why
			}
		}
	}
	return line
}

// isProgress reports whether git only said how far it is.
func isProgress(line string) bool {
	line = strings.TrimPrefix(line, "remote: ")
	for _, prefix := range []string{"Cloning into ", "Enumerating objects", "Counting objects", "Compressing objects", "Receiving objects", "Resolving deltas", "Total "} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// failed turns an error of git into one for a person, unless it is one.
func failed(what string, err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	out := &api.Error{Code: api.CodeGit, Message: what + ": " + gitMessage(err)}
	if containsAny(out.Message, "No space left on device", "no space left on device", "Disk quota exceeded", "disk quota exceeded") {
		out.Code, out.Hint = api.CodeDiskFull, "free some space, then `hf retry` goes on"
	}
	return out
}

// almostNothing is how little a full disk still has, in bytes: git gives up
// before the last block, and says only which file it could not write.
const almostNothing = 64 << 10

// fullDisk adds to an error of writing below dir that its disk is full, if so.
func fullDisk(dir string, err error) error {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil || st.Bavail*uint64(st.Bsize) > almostNothing || api.IsCode(err, api.CodeDiskFull) {
		return err
	}
	return &api.Error{
		Code: api.CodeDiskFull, Message: err.Error() + ": no space is left on its disk",
		Hint: "free some space, then `hf retry` goes on",
	}
}

func notARepository(path string) error {
	return &api.Error{
		Code: api.CodeInvalid, Message: fmt.Sprintf("%s is not in a git repository", path),
		Hint: "cd into a checkout, or name one with --repo PATH, URL or OWNER/NAME",
	}
}

func bareRepository(path string) error {
	return &api.Error{
		Code: api.CodeInvalid, Message: fmt.Sprintf("%s is a bare repository", path),
		Hint: "use a checkout of it, or its URL",
	}
}

func unborn(repo Repo) error {
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("%s has no commit yet", repo.Top),
		Hint: "make the first commit: git commit --allow-empty -m 'first commit'",
	}
}

func unknownRef(name string) error {
	return &api.Error{
		Code: api.CodeNotFound, Message: fmt.Sprintf("no branch or commit %q", name),
		Hint: "git branch --all lists the branches there are",
	}
}

func branchExists(name string) error {
	return &api.Error{
		Code: api.CodeExists, Message: fmt.Sprintf("branch %q exists already", name),
		Hint: "choose another name with --branch, or stack on it with --on " + name,
	}
}

// networkError says why a remote at an address could not be fetched or cloned.
func networkError(url string, err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	said := gitMessage(err)
	switch {
	case containsAny(said, "Authentication failed", "could not read Username", "could not read Password", "Permission denied", "terminal prompts disabled", "returned error: 403"):
		return &api.Error{
			Code: api.CodeUnauthorized, Message: fmt.Sprintf("%s does not let you in: %s", url, said),
			Hint: "sign in so that `git fetch` works in this shell (gh auth login, ssh-add, a credential helper)",
		}
	case containsAny(said, "Could not resolve", "unable to look up", "Failed to connect", "Connection refused", "Connection reset", "Connection timed out", "Network is unreachable"):
		_, why, quoted := strings.Cut(said, "': ")
		if !quoted {
			why = said
		}
		return &api.Error{
			Code: api.CodeGit, Message: fmt.Sprintf("cannot reach %s: %s", url, why), Retryable: true,
			Hint: "check the address and the network, and try again",
		}
	case containsAny(said, "not found", "does not exist", "does not appear to be a git repository"):
		return &api.Error{
			Code: api.CodeNotFound, Message: "there is no repository at " + url,
			Hint: "check the address, and that you may read the repository",
		}
	case containsAny(said, "transport '", "not allowed"):
		return &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%s: %s", url, said),
			Hint: "hf fetches over https, ssh, git and local paths only",
		}
	}
	return &api.Error{Code: api.CodeGit, Message: fmt.Sprintf("%s: %s", url, said), Hint: "see that `git fetch` works in this shell"}
}

func containsAny(s string, subs ...string) bool {
	for _, sub := range subs {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}
