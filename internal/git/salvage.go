package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

const savedRefs = "refs/hf/saved/"

// SavedRef is the ref that keeps the saved work of a task; of "", what all of
// these begin with.
func SavedRef(task string) string {
	if task == "" {
		return savedRefs
	}
	return savedRefs + path.Base(task)
}

// Saved says what a salvage kept. Paths are relative to the work tree.
//
// The commit's tree is the work tree as it was, byte for byte. Its parents are:
// HEAD, unless that was unborn; a commit of the index; a commit of everything
// else, whose tree has `manifest.json` (a Manifest), `git/` with the files of
// the worktree's own git directory, `stages/` with the sides of unmerged files,
// `modules/` and `nested/` with repositories inside the tree, and whose parents are the
// commits that only the worktree's reflog or an unfinished rebase or merge
// names; and what the ref pointed to before, if anything.
type Saved struct {
	Ref       string   `json:"ref"`
	Commit    string   `json:"commit"`
	Head      string   `json:"head,omitempty"`    // "" when unborn
	Branch    string   `json:"branch,omitempty"`  // "" when HEAD was detached
	Changed   []string `json:"changed,omitempty"` // tracked files that differed from the index
	Untracked []string `json:"untracked,omitempty"`
	Ignored   []string `json:"ignored,omitempty"` // ignored files that .worktreeinclude lists
	Nested    []string `json:"nested,omitempty"`  // repositories inside the work tree
	Skipped   []string `json:"skipped,omitempty"` // sockets, pipes and devices: there is nothing to keep of them
	Left      []string `json:"left,omitempty"`    // ignored ones that nothing lists, which are not saved; a directory ends in a slash
}

// String says it in one line.
func (s Saved) String() string {
	var what []string
	for _, part := range []struct {
		n    int
		name string
	}{
		{len(s.Changed), "changed"},
		{len(s.Untracked), "untracked"},
		{len(s.Ignored), "ignored"},
		{len(s.Nested), "nested repositories"},
		{len(s.Skipped), "special files left out"},
	} {
		if part.n > 0 {
			what = append(what, fmt.Sprintf("%d %s", part.n, part.name))
		}
	}
	if len(what) == 0 {
		return "everything was committed; noted in " + s.Ref
	}
	return strings.Join(what, ", ") + " saved to " + s.Ref
}

// Salvage saves everything in a work tree that removing it would lose, to a
// commit on ref: staged, unstaged and untracked files, those ignored ones that
// .worktreeinclude of the tree or of the main work tree lists, a detached HEAD,
// the commits and files of an unfinished merge or rebase, and repositories
// inside the tree. The
// branch, the index and the work tree stay as they are, nothing of the
// repository's is run, and no identity is needed. When it returns without an
// error, the ref was read back.
func (r *Runner) Salvage(ctx context.Context, w Worktree, ref string) (Saved, error) {
	in, err := w.place()
	if err != nil {
		return Saved{Ref: ref}, err
	}
	return r.salvage(ctx, w.Repo, in, ref, "")
}

// tries is how often a salvage begins anew when files change under it.
const tries = 5

// salvage is Salvage in a place. branch is what HEAD was on, where that is not
// what git's record says.
func (r *Runner) salvage(ctx context.Context, repo Repo, in place, ref, branch string) (Saved, error) {
	saved := Saved{Ref: ref}
	if !strings.HasPrefix(ref, savedRefs) || branchProblem(strings.TrimPrefix(ref, "refs/")) != "" {
		return saved, fmt.Errorf("save %s: %q is not a ref for saved work", in.workTree, ref)
	}
	ignored, err := savedPatterns(repo, in.workTree)
	if err != nil {
		return saved, err
	}
	for n := 1; ; n++ {
		s := &salvage{r: r, in: in, saved: Saved{Ref: ref, Branch: branch}}
		err := s.run(ctx, ignored)
		switch {
		case err == nil:
			return s.saved, nil
		case n == tries || ctx.Err() != nil || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) && !errors.Is(err, fs.ErrNotExist):
			return s.saved, failed("save "+in.workTree, err)
		}
		// A process that hf did not end is writing there: look again.
	}
}

// run finds out what there is and saves it.
func (s *salvage) run(ctx context.Context, ignored []string) error {
	defer s.close()
	if err := s.survey(ctx, ignored); err != nil {
		return err
	}
	unlock, err := s.r.locks.Lock(ctx, s.in.common)
	if err != nil {
		return err
	}
	defer unlock()
	if err := fault.Around("git.salvage", func() error { return s.write(ctx) }); err != nil {
		return err
	}
	commit, err := s.r.resolve(ctx, s.in, s.saved.Ref)
	if err != nil || commit == s.previous {
		return &api.Error{Code: api.CodeGit, Message: fmt.Sprintf("save %s: %s was not written", s.in.workTree, s.saved.Ref)}
	}
	s.saved.Commit = commit
	return nil
}

// savedPatterns reads which ignored files are worth saving.
func savedPatterns(repo Repo, tree string) ([]string, error) {
	patterns, err := IncludePatterns(tree)
	if err != nil || repo.Top == tree || !isDir(repo.Top) {
		return patterns, err
	}
	main, err := IncludePatterns(repo.Top)
	return append(main, patterns...), err
}

// salvage is one run of Salvage: first it finds out what there is, then it
// writes that in one stream.
type salvage struct {
	r     *Runner
	in    place
	root  *os.Root // of the work tree: nothing is read through a link out of it
	saved Saved

	previous string // commit the ref was at, or ""
	lost     []string
	index    []indexEntry // where the index differs from HEAD; mode "0" = deleted
	unmerged []indexEntry
	gone     []string // tracked files that are not in the work tree
	plain    []string // tracked files that git looks at by itself
	modules  []string // paths of submodules
	manifest Manifest
}

// indexEntry is a file of the index.
type indexEntry struct {
	mode, id, stage, path string
}

// mask is the file mode mask of what git writes.
func (r *Runner) mask() os.FileMode {
	if r.umask != nil {
		return os.FileMode(*r.umask)
	}
	b, _ := os.ReadFile("/proc/self/status") // to ask the kernel is to change it
	_, rest, _ := strings.Cut(string(b), "\nUmask:")
	mask, err := strconv.ParseUint(strings.TrimSpace(rest[:min(len(rest), 6)]), 8, 32)
	if err != nil {
		return 0o022
	}
	return os.FileMode(mask)
}

func (s *salvage) close() {
	if s.root != nil {
		_ = s.root.Close()
	}
}
