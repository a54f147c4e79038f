package git

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// packedLimit is how much of a packed-refs file is looked at, in bytes.
const packedLimit = 16 << 20

// SeenBranches looks which branches the repository with a common git directory
// has, its own and those of its remotes, and returns what says so of a name. It
// reads files only, for a name that is wanted at once: it may miss a branch,
// such as one in a reftable, and FreeBranch has the last word.
func (r *Runner) SeenBranches(gitDir string) func(name string) bool {
	packed := packedBranches(gitDir)
	places := []string{filepath.Join(gitDir, "refs", "heads")}
	remotes, _ := os.ReadDir(filepath.Join(gitDir, "refs", "remotes")) // none when it cannot be read
	for _, remote := range remotes {
		places = append(places, filepath.Join(gitDir, "refs", "remotes", remote.Name()))
	}
	return func(name string) bool {
		if packed[strings.ToLower(name)] {
			return true
		}
		for _, dir := range places {
			if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
				return true
			}
		}
		return false
	}
}

// packedBranches are the branches in packed-refs, in lower case. An agent may
// have put anything there: what is no ordinary file is not read.
func packedBranches(gitDir string) map[string]bool {
	f, err := os.OpenFile(filepath.Join(gitDir, "packed-refs"), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	names := map[string]bool{}
	lines := bufio.NewScanner(io.LimitReader(f, packedLimit))
	for lines.Scan() {
		if _, ref, ok := strings.Cut(lines.Text(), " "); ok {
			if name := branchOf(ref); name != "" {
				names[strings.ToLower(name)] = true
			}
		}
	}
	return names
}

// branchOf is the name of the branch that a ref is, here or at a remote, "" for
// other refs.
func branchOf(ref string) string {
	name, local := strings.CutPrefix(ref, "refs/heads/")
	if local {
		return name
	}
	name, remote := strings.CutPrefix(ref, "refs/remotes/")
	if !remote {
		return ""
	}
	// The name of a remote may have slashes, but hardly one does.
	if _, name, _ = strings.Cut(name, "/"); name == "HEAD" {
		return ""
	}
	return name
}
