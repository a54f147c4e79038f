package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// restoring and restored are files in git's directory of a worktree that hold
// the saved commit that is being, or was, brought back there.
const (
	restoring = "hf-restoring"
	restored  = "hf-restored"
)

// Restore describes a work tree to bring back from saved work.
type Restore struct {
	Path   string // required: where it was
	Under  string // required: the directory of hf's that it is in
	Rev    string // required: the saved commit, or its ref
	Detach bool   // on no branch, at the commit that was checked out
}

// Restored says what a restore did.
type Restored struct {
	Commit string `json:"commit"` // the saved one
	Head   string `json:"head,omitempty"`
	Branch string `json:"branch,omitempty"` // "" when HEAD is detached
	// Moved is the commit the branch had when it was saved, where it has moved on
	// since and its new commits were kept.
	Moved string   `json:"moved,omitempty"`
	Made  bool     `json:"made,omitempty"` // the branch was gone and was made again
	Aside string   `json:"aside,omitempty"`
	Left  []string `json:"left,omitempty"` // ignored files that were not saved
}

// String says it in one line.
func (r Restored) String() string {
	at := fmt.Sprintf("%s at %.12s", r.Branch, r.Head)
	switch {
	case r.Branch == "":
		at = fmt.Sprintf("a detached HEAD at %.12s", r.Head)
	case r.Head == "":
		at = r.Branch + ", without a commit"
	}
	if r.Moved != "" {
		at += fmt.Sprintf(", which has moved on from %.12s", r.Moved)
	}
	if r.Made {
		at += ", which was made again"
	}
	if r.Aside != "" {
		at += "; what was at its place is in " + r.Aside
	}
	return at
}

// RestoreWorktree brings a work tree back as it was when it was saved: HEAD,
// the index, every file, an unfinished merge or rebase, the repositories inside.
// A branch that has moved on since keeps its new commits, and one that is
// checked out elsewhere, or has moved so that the saved changes do not belong
// to it any more, is a conflict. It may be called again after a crash in the
// middle of it, and changes nothing in a work tree that it finished.
func (r *Runner) RestoreWorktree(ctx context.Context, repo Repo, rs Restore) (Restored, error) {
	if err := checkUnder(rs.Under, rs.Path); err != nil {
		return Restored{}, err
	}
	work, err := r.Saved(ctx, repo, rs.Rev)
	if err != nil {
		return Restored{}, err
	}
	j := &restore{r: r, repo: repo, req: rs, work: work, in: place{common: repo.GitDir, workTree: rs.Path}}
	j.out = Restored{Commit: work.Commit, Head: work.Manifest.Head, Branch: work.Manifest.Branch}
	for _, name := range work.Manifest.Left {
		j.out.Left = append(j.out.Left, string(name))
	}
	if done, err := j.finished(ctx); done || err != nil {
		return j.out, err
	}
	if j.extra, err = r.tree(ctx, repo.in(), work.extra); err != nil {
		return j.out, err
	}
	if err := j.register(ctx); err != nil {
		return j.out, failed("restore "+rs.Path, err)
	}
	if err := j.fill(ctx); err != nil {
		return j.out, failed("restore "+rs.Path, err)
	}
	return j.out, nil
}

// restore is one run of RestoreWorktree.
type restore struct {
	r     *Runner
	repo  Repo
	req   Restore
	work  SavedWork
	in    place // of the new work tree
	extra map[string]treeEntry
	out   Restored
}

// finished reports whether an earlier run came to its end: from the same
// commit, or one that this one adds to.
func (j *restore) finished(ctx context.Context) (bool, error) {
	w, ok := j.r.Worktree(j.repo, j.req.Path)
	if !ok || !w.Ready {
		return false, nil
	}
	from, is := readPointer(filepath.Join(w.GitDir, restored), "")
	if is && isID(from) && isDir(j.req.Path) {
		_, err := j.r.output(ctx, j.repo.in(), "merge-base", "--is-ancestor", from, j.work.Commit)
		if err == nil {
			j.out.Branch = w.Branch
			return true, nil
		}
		if exitCode(err) < 0 {
			return false, err
		}
	}
	return false, &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("%s is a worktree that is in use", j.req.Path),
		Hint: "git worktree list shows it",
	}
}

// register records the work tree. All decisions about branches are made here,
// under the lock of the repository.
func (j *restore) register(ctx context.Context) error {
	unlock, err := j.r.locks.Lock(ctx, j.repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := j.clear(); err != nil {
		return err
	}
	if err := j.decide(ctx); err != nil {
		return err
	}
	for dir, mode := range map[string]fs.FileMode{filepath.Dir(j.req.Path): 0o700, filepath.Join(j.repo.GitDir, "worktrees"): 0o755} {
		if err := os.MkdirAll(dir, mode); err != nil {
			return fmt.Errorf("make directory of worktrees: %w", err)
		}
	}
	err = fault.Around("git.restore.register", func() error {
		_, err := j.r.output(ctx, j.repo.in(), "worktree", "add", "--quiet", "--lock", "--reason", lockReason,
			"--no-checkout", "--detach", "--", j.req.Path, j.work.Commit)
		return err
	})
	if err != nil {
		return err
	}
	w, ok := j.r.Worktree(j.repo, j.req.Path)
	if !ok {
		return fmt.Errorf("add worktree %s: git did not record it", j.req.Path)
	}
	if err := checkCommonDir(j.repo, w.GitDir); err != nil {
		return err
	}
	j.in.gitDir = w.GitDir
	if err := j.r.point(j.in); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.GitDir, restoring), []byte(j.work.Commit+"\n"), 0o600); err != nil {
		return err
	}
	head := j.out.Head + "\n"
	if j.out.Branch != "" {
		head = "ref: refs/heads/" + j.out.Branch + "\n"
	}
	return os.WriteFile(filepath.Join(w.GitDir, "HEAD"), []byte(head), 0o666&^j.r.mask())
}

// clear makes room. What a run that died made is made anew: nobody has worked
// there, and all it holds is in the saved commit. Anything else is kept.
func (j *restore) clear() error {
	w, ok := j.r.Worktree(j.repo, j.req.Path)
	if ok && !w.Ready {
		if isFile(filepath.Join(w.GitDir, restoring)) && exists(j.req.Path) {
			half := filepath.Join(j.req.Under, ".removed", filepath.Base(j.req.Path))
			if err := moveOver(j.req.Path, half); err != nil {
				return err
			}
			if err := removeTree(half); err != nil {
				return err
			}
			_ = os.Remove(filepath.Dir(half)) // when it is empty
		} else if entries, err := os.ReadDir(j.req.Path); err == nil && len(entries) == 1 && entries[0].Name() == ".git" {
			_ = os.Remove(filepath.Join(j.req.Path, ".git")) // git died between its first and last write
		}
		if err := os.RemoveAll(w.GitDir); err != nil {
			return fmt.Errorf("remove half-made worktree: %w", err)
		}
	}
	aside, err := moveAside(j.req.Path)
	j.out.Aside = aside
	return err
}

// decide says which commit and branch HEAD gets, and makes the branch where it
// is gone.
func (j *restore) decide(ctx context.Context) error {
	m := j.work.Manifest
	if j.req.Detach && m.Head != "" {
		j.out.Branch = ""
		return nil
	}
	branch := m.Branch
	if branch == "" {
		branch = j.rebased(ctx)
	}
	if branch == "" {
		return nil
	}
	if at, ok := j.r.CheckedOut(j.repo, branch); ok && at != j.req.Path {
		return j.conflict(fmt.Sprintf("branch %q is checked out in %s", branch, at))
	}
	if m.Branch == "" {
		return nil
	}
	tip, exists, err := j.r.Branch(ctx, j.repo, branch)
	switch {
	case err != nil:
		return err
	case exists && tip == m.Head, !exists && m.Head == "":
		return nil
	case !exists:
		j.out.Made = true
		return fault.Around("git.restore.branch", func() error {
			_, err := j.r.output(ctx, j.repo.in(), "update-ref", "--create-reflog", "-m", "branch: restored by hf", "refs/heads/"+branch, m.Head, strings.Repeat("0", len(m.Head)))
			return err
		})
	}
	if ok, err := j.ahead(ctx, tip); err != nil || ok {
		j.out.Moved, j.out.Head = m.Head, tip
		return err
	}
	return j.conflict(fmt.Sprintf("branch %q has moved from %.12s to %.12s, and what was saved does not belong there", branch, or(m.Head, "nothing"), tip))
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// ahead reports whether the branch has only won commits since, and nothing was
// saved that would undo them.
func (j *restore) ahead(ctx context.Context, tip string) (bool, error) {
	clean, err := j.r.clean(ctx, j.repo.in(), j.work)
	if err != nil || !clean {
		return false, err
	}
	if _, err = j.r.output(ctx, j.repo.in(), "merge-base", "--is-ancestor", j.work.Manifest.Head, tip); exitCode(err) == 1 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	tracked, err := j.r.tree(ctx, j.repo.in(), tip)
	if err != nil {
		return false, err
	}
	for _, f := range j.work.Manifest.Files {
		if _, taken := tracked[string(f.Path)]; taken {
			return false, nil
		}
	}
	return true, nil
}

// rebased is the branch that an unfinished rebase is to move, or "".
func (j *restore) rebased(ctx context.Context) string {
	for _, name := range []string{"git/rebase-merge/head-name", "git/rebase-apply/head-name"} {
		if e, ok := j.extra[name]; ok {
			text, err := j.r.line(ctx, j.repo.in(), "cat-file", "blob", e.id)
			if branch, is := strings.CutPrefix(strings.TrimSpace(text), "refs/heads/"); err == nil && is {
				return branch
			}
		}
	}
	return ""
}

func (j *restore) conflict(why string) error {
	return &api.Error{
		Code: api.CodeConflict, Message: why,
		Hint: fmt.Sprintf("Restore it with --detach, on no branch; or put the branch back: its saved commit is %.12s.", j.work.Manifest.Head),
	}
}

// CheckedOut returns the work tree that has a branch checked out, the user's
// own included.
func (r *Runner) CheckedOut(repo Repo, branch string) (path string, ok bool) {
	if head, is := readPointer(filepath.Join(repo.GitDir, "HEAD"), "ref: refs/heads/"); is && head == branch && isFile(filepath.Join(repo.GitDir, "index")) {
		return repo.Top, true
	}
	list, err := r.Worktrees(repo)
	if err != nil {
		return "", false
	}
	for _, w := range list {
		rebased := ""
		for _, name := range []string{"rebase-merge/head-name", "rebase-apply/head-name"} {
			if b, is := readPointer(filepath.Join(w.GitDir, name), "refs/heads/"); is {
				rebased = b
			}
		}
		if w.Branch == branch || rebased == branch {
			return w.Path, true
		}
	}
	return "", false
}

// fill brings back everything but git's record. The index comes last and says
// that the tree is complete.
func (j *restore) fill(ctx context.Context) error {
	if err := j.gitFiles(ctx); err != nil {
		return err
	}
	work := j.in
	work.index = filepath.Join(j.in.gitDir, "index.hf")
	if err := j.checkout(ctx, work); err != nil {
		return err
	}
	if err := fault.Around("git.restore.files", func() error { return j.files(ctx) }); err != nil {
		return err
	}
	// Without it every look at the tree would read every file again.
	err := j.r.run(ctx, call{in: work, args: []string{"update-index", "-q", "--refresh"}, limit: bulkLimit})
	if err != nil && exitCode(err) != 1 { // 1: there are changes
		return err
	}
	if err := os.WriteFile(filepath.Join(j.in.gitDir, restored), []byte(j.work.Commit+"\n"), 0o600); err != nil {
		return err
	}
	err = fault.Around("git.restore.index", func() error { return os.Rename(work.index, filepath.Join(j.in.gitDir, "index")) })
	if err != nil {
		return err
	}
	return os.Remove(filepath.Join(j.in.gitDir, restoring))
}

// checkout writes the tracked files that were as git has them.
func (j *restore) checkout(ctx context.Context, in place) error {
	if err := j.index(ctx, in); err != nil {
		return err
	}
	// An index of the files that git has as they were: to name them one by one
	// takes git many times as long.
	part := in
	part.index = in.index + "-part"
	if err := copyFile(in.index, part.index); err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.index) }()
	var skip bytes.Buffer
	for _, f := range j.work.Manifest.Changed {
		skip.WriteString(string(f.Path) + "\x00")
	}
	for _, name := range j.work.Manifest.Gone {
		skip.WriteString(string(name) + "\x00")
	}
	if skip.Len() > 0 {
		err := j.r.run(ctx, call{in: part, args: []string{"update-index", "-z", "--force-remove", "--stdin"}, stdin: &skip})
		if err != nil {
			return err
		}
	}
	return j.r.run(ctx, call{in: part, args: []string{"checkout-index", "--all", "--quiet"}, limit: bulkLimit})
}

// index brings back the index: as it was, or that of the commit that the branch
// has moved to.
func (j *restore) index(ctx context.Context, in place) error {
	_ = os.Remove(in.index)
	_ = os.Remove(in.index + ".lock") // no git but this one uses the name
	e, saved := j.extra["git/index"]
	switch {
	case j.out.Moved != "":
		_, err := j.r.output(ctx, in, "read-tree", j.out.Head)
		return err
	case !saved:
		_, err := j.r.output(ctx, in, "read-tree", "--empty")
		return err
	}
	f, err := os.OpenFile(in.index, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666&^j.r.mask())
	if err != nil {
		return err
	}
	err = j.r.run(ctx, call{in: j.repo.in(), args: []string{"cat-file", "blob", e.id}, stdout: f})
	return errors.Join(err, f.Close())
}
