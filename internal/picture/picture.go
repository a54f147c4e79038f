// Package picture writes down all there is to see of a work tree, so that tests
// can say whether one that came back is what it was.
package picture

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Of pictures a work tree: a line for every entry with its mode and its bytes
// or target, and what git says of it and of the repositories inside. git runs a
// command in a directory. Of the repositories inside, git's own files count as
// part of the tree.
func Of(dir string, git func(dir string, args ...string) (string, error), repos ...string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil || strings.HasSuffix(name, ".git/index") { // sizes and times, which git writes anew as it likes
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		what, err := content(p, info.Mode())
		fmt.Fprintf(&b, "%q %v %s\n", name, info.Mode(), what)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, repo := range append([]string{"."}, repos...) {
		for _, args := range [][]string{
			{"status", "--porcelain=v2", "--branch", "--ignored", "-z"},
			{"ls-files", "-s", "-v", "-z"},
			{"stash", "list"},
			{"for-each-ref"},
			{"log", "-g", "--format=%H %gs", "HEAD"},
			{"diff", "--binary"},
			{"diff", "--binary", "--cached"},
		} {
			out, err := git(filepath.Join(dir, repo), args...)
			for line := range strings.SplitSeq(out, "\n") {
				if !strings.Contains(line, "\trefs/hf/") {
					fmt.Fprintf(&b, "%s %s: %q %v\n", repo, args[0], line, err != nil)
				}
			}
		}
	}
	return b.String(), nil
}

func content(path string, mode fs.FileMode) (string, error) {
	switch {
	case mode.IsRegular():
		text, err := os.ReadFile(path)
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:]), err
	case mode&fs.ModeSymlink != 0:
		return os.Readlink(path)
	}
	return "", nil
}

// Difference is the lines that only one of two pictures has.
func Difference(before, after string) string {
	var b strings.Builder
	only(&b, "- ", before, after)
	only(&b, "+ ", after, before)
	return b.String()
}

func only(b *strings.Builder, mark, one, other string) {
	has := map[string]bool{}
	for line := range strings.SplitSeq(other, "\n") {
		has[line] = true
	}
	for line := range strings.SplitSeq(one, "\n") {
		if !has[line] {
			b.WriteString(mark + line + "\n")
		}
	}
}
