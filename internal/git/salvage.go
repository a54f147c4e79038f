package git

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

const savedRefs = "refs/hf/saved/"

// SavedRef is the ref that keeps the saved work of a task.
func SavedRef(task string) string { return savedRefs + path.Base(task) }

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

// Manifest describes what the trees of a saved commit cannot.
type Manifest struct {
	Version int              `json:"version"`
	Branch  string           `json:"branch,omitempty"`
	Head    string           `json:"head,omitempty"`
	Files   []ManifestFile   `json:"files,omitempty"`  // untracked and ignored ones, for their modes
	Nested  []ManifestNested `json:"nested,omitempty"` // repositories inside the work tree
	Skipped []string         `json:"skipped,omitempty"`
}

// ManifestFile is a saved file.
type ManifestFile struct {
	Path string      `json:"path"`
	In   string      `json:"in,omitempty"` // its name in the tree, where that cannot be Path
	Mode os.FileMode `json:"mode"`
}

// ManifestNested is a repository inside the work tree. Its files are in the
// tree of the saved commit, or below Tree/files when it is a submodule.
type ManifestNested struct {
	Path      string         `json:"path"`
	Tree      string         `json:"tree"` // the directory of it beside the manifest
	Submodule bool           `json:"submodule,omitempty"`
	Files     []ManifestFile `json:"files,omitempty"`
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
	saved := Saved{Ref: ref}
	if !strings.HasPrefix(ref, savedRefs) || branchProblem(strings.TrimPrefix(ref, "refs/")) != "" {
		return saved, fmt.Errorf("save %s: %q is not a ref for saved work", w.Path, ref)
	}
	in, err := w.place()
	if err != nil {
		return saved, err
	}
	ignored, err := savedPatterns(w)
	if err != nil {
		return saved, err
	}
	s := &salvage{r: r, in: in, saved: saved}
	defer s.close()
	if err := s.survey(ctx, ignored); err != nil {
		return s.saved, failed("save "+w.Path, err)
	}
	unlock, err := r.locks.Lock(ctx, w.Repo.GitDir)
	if err != nil {
		return s.saved, err
	}
	defer unlock()
	if err := fault.Around("git.salvage", func() error { return s.write(ctx) }); err != nil {
		return s.saved, failed("save "+w.Path, err)
	}
	commit, err := r.ResolveCommit(ctx, w.Repo, ref)
	if err != nil || commit == s.previous {
		return s.saved, &api.Error{Code: api.CodeGit, Message: fmt.Sprintf("save %s: %s was not written", w.Path, ref)}
	}
	s.saved.Commit = commit
	return s.saved, nil
}

// savedPatterns reads which ignored files are worth saving.
func savedPatterns(w Worktree) ([]string, error) {
	patterns, err := IncludePatterns(w.Path)
	if err != nil || w.Repo.Top == w.Path || !isDir(w.Repo.Top) {
		return patterns, err
	}
	main, err := IncludePatterns(w.Repo.Top)
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
	modules  []string // paths of submodules
	manifest Manifest
}

// indexEntry is a file of the index.
type indexEntry struct {
	mode, id, stage, path string
}

func (s *salvage) close() {
	if s.root != nil {
		_ = s.root.Close()
	}
}
