package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Rebasing is a rebase that git has begun in a worktree and not ended.
type Rebasing struct {
	Branch  string // "" when HEAD was detached
	Onto    string // the commit that it goes onto
	Commit  string // the branch before
	Stopped bool   // at a commit, for somebody to go on; else git is at work, or died
	Half    bool   // git died before it had written down what it is about
}

// MainWorktree finds the user's own work tree of a repository. There is none of
// a bare one, nor of a clone whose files were never checked out, as hf makes them.
func (r *Runner) MainWorktree(repo Repo) (Worktree, bool) {
	path := repo.GitDir
	if filepath.Base(path) != ".git" {
		return Worktree{}, false
	}
	path = filepath.Dir(path)
	if gitDir, found, err := gitDirOf(path); err != nil || !found || gitDir != repo.GitDir || !exists(filepath.Join(repo.GitDir, "index")) {
		return Worktree{}, false
	}
	return Worktree{Repo: repo, Path: path, GitDir: repo.GitDir, Branch: headOf(repo.GitDir), Ready: true}, true
}

// Main reports whether a worktree is the user's main one.
func (w Worktree) Main() bool { return w.GitDir == w.Repo.GitDir }

// Exists reports whether the directory of a worktree is there.
func (w Worktree) Exists() bool { return isDir(w.Path) && exists(filepath.Join(w.Path, ".git")) }

// Rebasing reads whether a rebase is under way in a worktree. It starts no
// process.
func (w Worktree) Rebasing() (Rebasing, bool) {
	for _, name := range []string{"rebase-merge", "rebase-apply"} {
		dir := filepath.Join(w.GitDir, name)
		if !isDir(dir) || exists(filepath.Join(dir, "applying")) { // that is `git am`
			continue
		}
		var s Rebasing
		s.Branch, _ = readPointer(filepath.Join(dir, "head-name"), "refs/heads/")
		s.Onto, _ = readPointer(filepath.Join(dir, "onto"), "")
		s.Commit, _ = readPointer(filepath.Join(dir, "orig-head"), "")
		s.Half = s.Commit == "" || s.Onto == "" || !exists(filepath.Join(dir, "head-name"))
		s.Stopped = exists(filepath.Join(dir, "stopped-sha")) || exists(filepath.Join(dir, "amend")) ||
			exists(filepath.Join(w.GitDir, "REBASE_HEAD")) || name == "rebase-apply"
		return s, true
	}
	return Rebasing{}, false
}

// Underway says what git is in the middle of in a worktree, a rebase left out:
// "" for nothing. It starts no process.
func (w Worktree) Underway() string {
	for _, u := range []struct{ file, is string }{
		{"MERGE_HEAD", "a merge"},
		{"CHERRY_PICK_HEAD", "a cherry-pick"},
		{"REVERT_HEAD", "a revert"},
		{"BISECT_LOG", "a bisection"},
		{"rebase-apply/applying", "git am"},
	} {
		if exists(filepath.Join(w.GitDir, u.file)) {
			return u.is
		}
	}
	return ""
}

// IndexLock is the file with which git locks the index of a worktree, "" while
// there is none.
func (w Worktree) IndexLock() string {
	path := filepath.Join(w.GitDir, "index.lock")
	if !exists(path) {
		return ""
	}
	return path
}

// Head returns the branch and the commit that a worktree has checked out.
func (r *Runner) Head(ctx context.Context, w Worktree) (branch, commit string, err error) {
	in, err := w.place()
	if err != nil {
		return "", "", err
	}
	commit, err = r.resolve(ctx, in, "HEAD")
	return headOf(in.gitDir), commit, err
}

// Unmerged lists the files of a worktree that a merge could not merge.
func (r *Runner) Unmerged(ctx context.Context, w Worktree) ([]string, error) {
	in, err := w.place()
	if err != nil {
		return nil, err
	}
	out, err := r.output(ctx, in, "diff", "--name-only", "--diff-filter=U", "--no-renames", "-z")
	if err != nil {
		return nil, failed("look for conflicts in "+w.Path, err)
	}
	var files []string
	for _, name := range lines(out) {
		if len(files) == 0 || files[len(files)-1] != string(name) {
			files = append(files, string(name))
		}
	}
	return files, nil
}

// rebaseConfig keeps the user's configuration from making more of a rebase than
// was asked for.
func rebaseConfig() []string {
	return []string{
		"rebase.updateRefs=false", "rebase.autoSquash=false", "rebase.rebaseMerges=false", "rebase.backend=merge",
		"rebase.missingCommitsCheck=ignore", "rerere.enabled=false",
	}
}

// RebaseConfig is the configuration for a program that rebases.
func RebaseConfig() []string { return rebaseConfig() }

// RebaseOnto rebases what a worktree has checked out: the commits since one move
// onto another. Uncommitted changes are put aside and brought back. When it
// stops, or changes do not fit any more, the error says what git said; Rebasing
// and Unmerged tell which.
func (r *Runner) RebaseOnto(ctx context.Context, w Worktree, onto, since string) error {
	return r.rebase(ctx, w, "rebase", "--autostash", "--no-rerere-autoupdate", "--onto", onto, since)
}

// RebaseContinue goes on with a rebase whose conflicts are resolved, and RebaseAbort
// ends one: the branch, and uncommitted changes that were put aside, come back.
func (r *Runner) RebaseContinue(ctx context.Context, w Worktree) error {
	return r.rebase(ctx, w, "rebase", "--continue")
}

// RebaseRemains lists the untracked files of a worktree that a rebase wrote
// there which was killed, before it could note them in the index. All of them
// are of the commits that it went between: it would not have begun with files of
// these names there.
func (r *Runner) RebaseRemains(ctx context.Context, w Worktree) ([]string, error) {
	in, err := w.place()
	if err != nil {
		return nil, err
	}
	s, ok := w.Rebasing()
	if !ok || s.Half || s.Stopped {
		return nil, nil
	}
	touched, err := r.output(ctx, in, "log", "--format=", "--name-only", "--no-renames", "-z", s.Commit+"..."+s.Onto)
	if err != nil {
		return nil, failed("look at what a rebase left", err)
	}
	index, err := r.output(ctx, in, "ls-files", "-z")
	if err != nil {
		return nil, failed("look at what a rebase left", err)
	}
	tracked := map[string]bool{}
	for _, name := range lines(index) {
		tracked[string(name)] = true
	}
	root, err := os.OpenRoot(in.workTree)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	var remains []string
	for _, name := range lines(touched) {
		file := string(name)
		if file == "" || tracked[file] {
			continue
		}
		tracked[file] = true // once is enough
		if st, err := root.Lstat(file); err == nil && !st.IsDir() {
			remains = append(remains, file)
		}
	}
	return remains, nil
}

// RemoveFiles removes files of a worktree. The caller has saved them.
func (r *Runner) RemoveFiles(w Worktree, files []string) error {
	root, err := os.OpenRoot(w.Path)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, file := range files {
		if err := root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear up after a rebase: %w", err)
		}
	}
	return nil
}

// RebaseAbort ends a rebase. See RebaseContinue.
func (r *Runner) RebaseAbort(ctx context.Context, w Worktree) error {
	if s, ok := w.Rebasing(); ok && s.Half {
		return r.endHalf(ctx, w)
	}
	return r.rebase(ctx, w, "rebase", "--abort")
}

func (r *Runner) rebase(ctx context.Context, w Worktree, args ...string) error {
	in, err := w.place()
	if err != nil {
		return err
	}
	unlock, err := r.locks.Lock(ctx, w.Repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	c := call{
		in: in, args: args, config: rebaseConfig(), limit: bulkLimit,
		env: []string{"GIT_EDITOR=true", "GIT_SEQUENCE_EDITOR=true"},
	}
	if sparse(in) {
		c.config = append(c.config, "core.sparseCheckout=true")
	}
	if err := r.run(ctx, c); err != nil {
		return fullDisk(in.workTree, failed("rebase in "+w.Path, err))
	}
	return nil
}

// endHalf ends a rebase of which git had written down no more than what it put
// aside: nothing has moved yet but that.
func (r *Runner) endHalf(ctx context.Context, w Worktree) error {
	in, err := w.place()
	if err != nil {
		return err
	}
	unlock, err := r.locks.Lock(ctx, w.Repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	dir := filepath.Join(in.gitDir, "rebase-merge")
	if stash, ok := readPointer(filepath.Join(dir, "autostash"), ""); ok {
		if _, err := r.output(ctx, in, "stash", "apply", "--quiet", strings.TrimSpace(stash)); err != nil {
			// They are in the work tree still, or do not fit: either way they are kept.
			_, kept := r.output(ctx, in, "stash", "store", "-m", "autostash", strings.TrimSpace(stash))
			if kept != nil {
				return failed("keep uncommitted changes of "+w.Path, errors.Join(err, kept))
			}
		}
	}
	return os.RemoveAll(dir)
}

// sparse reports whether hf made a work tree without files.
func sparse(in place) bool {
	text, err := os.ReadFile(filepath.Join(in.gitDir, "info", "sparse-checkout"))
	return err == nil && string(text) == sparsePatterns
}

// ResetKeep moves the branch that a worktree has checked out from one commit to
// another, and with it the files that differ between the two. It changes nothing
// when one of those has uncommitted changes, or the branch is elsewhere by now.
func (r *Runner) ResetKeep(ctx context.Context, w Worktree, from, to string) error {
	in, err := w.place()
	if err != nil {
		return err
	}
	unlock, err := r.locks.Lock(ctx, w.Repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.headIs(ctx, w, in, "HEAD", from); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // cut off, it would leave files of both
	err = r.run(ctx, call{in: in, args: []string{"reset", "--keep", "--quiet", "--no-recurse-submodules", to}, limit: bulkLimit})
	if err != nil {
		return fullDisk(in.workTree, failed("move "+w.Path+" to another commit", err))
	}
	// Between the look and the move somebody may have committed there.
	if was, err := r.resolve(ctx, in, "ORIG_HEAD"); err == nil && was != from {
		back := r.run(ctx, call{in: in, args: []string{"reset", "--keep", "--quiet", "--no-recurse-submodules", was}, limit: bulkLimit})
		return errors.Join(movedOn(w.Branch, was), back)
	}
	return nil
}

// FastForward moves a worktree and its branch on to a later commit. It changes
// nothing when the branch has commits of its own, or a file that would change
// has uncommitted changes.
func (r *Runner) FastForward(ctx context.Context, w Worktree, to string) error {
	in, err := w.place()
	if err != nil {
		return err
	}
	unlock, err := r.locks.Lock(ctx, w.Repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	err = r.run(context.WithoutCancel(ctx), call{ // cut off, it would leave files of both
		in: in, limit: bulkLimit, config: []string{"merge.autoStash=false", "merge.verifySignatures=false", "merge.ff=only"},
		args: []string{"merge", "--ff-only", "--quiet", "--no-stat", to},
	})
	if err != nil {
		return fullDisk(in.workTree, failed("fast-forward "+w.Path, err))
	}
	return nil
}

func (r *Runner) headIs(ctx context.Context, w Worktree, in place, rev, want string) error {
	at, err := r.resolve(ctx, in, rev)
	if err != nil {
		return err
	}
	if at != want {
		return movedOn(w.Branch, at)
	}
	return nil
}

func movedOn(branch, at string) error {
	return &api.Error{
		Code: api.CodeConflict, Message: branch + " has moved to " + at[:min(len(at), 12)] + " meanwhile",
		Hint: "look at what is new there, then try again",
	}
}
