package worktree

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/diskuse"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// Below the directory of the worktrees.
const (
	trashDir = ".trash"   // worktrees that were taken away, each in a directory with a record
	doomed   = ".removed" // what is being deleted
)

// In a directory of the trash.
const (
	recordFile = "record.json"
	treeDir    = "tree"
)

// record says what a directory of the trash is.
type record struct {
	Task   string    `json:"task,omitempty"`
	Repo   string    `json:"repo,omitempty"`
	GitDir string    `json:"gitDir,omitempty"`
	Path   string    `json:"path"`             // where it was
	Commit string    `json:"commit,omitempty"` // its work is saved there; "" = it is not
	At     time.Time `json:"at"`

	id string
}

// trash moves the worktree of a task to the trash.
func (p *Provider) trash(ctx context.Context, sb sandbox.Sandbox, path string, saved bool) error {
	rec := record{Task: sb.Task, Repo: sb.Repo, GitDir: sb.GitDir, Path: path, At: time.Now().UTC()}
	name := sb.Task
	if saved {
		commit, err := p.git.ResolveCommit(ctx, repoOf(sb.Spec), git.SavedRef(sb.Task))
		if err != nil {
			return err
		}
		rec.Commit, name = commit, name+"-"+commit[:12]
	}
	return p.discard(ctx, name, rec, func(root, to string) error {
		return p.git.TakeWorktree(ctx, repoOf(sb.Spec), git.WorktreeTake{Path: path, Under: root, Saved: git.SavedRef(sb.Task), Trash: to})
	})
}

// discard makes a place in the trash and lets take move a directory there. The
// record is written first, so that nothing is ever there without one.
func (p *Provider) discard(ctx context.Context, name string, rec record, take func(root, to string) error) error {
	root, err := p.realRoot()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, trashDir, name)
	for n := 2; exists(filepath.Join(dir, treeDir)); n++ {
		dir = filepath.Join(root, trashDir, name+"-"+strconv.Itoa(n))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a place in the trash: %w", err)
	}
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	err = fault.Around("sandbox.trash.record", func() error { return os.WriteFile(filepath.Join(dir, recordFile), text, 0o600) })
	if err != nil {
		return fmt.Errorf("write the record of the trash: %w", err)
	}
	if err := take(root, filepath.Join(dir, treeDir)); err != nil {
		if !exists(filepath.Join(dir, treeDir)) {
			_ = os.RemoveAll(dir) // an empty place: the record says nothing true
		}
		return err
	}
	if !exists(filepath.Join(dir, treeDir)) { // there was only git's record of it
		return os.RemoveAll(dir)
	}
	p.log.InfoContext(ctx, "moved to the trash", "task", rec.Task, "path", rec.Path, "trash", dir)
	return nil
}

// readRecord reads the record of a directory of the trash.
func readRecord(root, id string) (record, error) {
	rec := record{id: id}
	b, err := os.ReadFile(filepath.Join(root, trashDir, id, recordFile))
	if err == nil {
		err = json.Unmarshal(b, &rec)
	}
	if err != nil {
		return rec, fmt.Errorf("read the record of trash %s: %w", id, err)
	}
	return rec, nil
}

// records lists the trash. A directory without a record is one that a daemon
// died over before it took anything away, or after all was deleted.
func (p *Provider) records(root string) ([]record, error) {
	entries, err := os.ReadDir(filepath.Join(root, trashDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the trash: %w", err)
	}
	var list []record
	for _, e := range entries {
		rec, err := readRecord(root, e.Name())
		if err != nil && exists(filepath.Join(root, trashDir, e.Name(), treeDir)) {
			st, _ := os.Lstat(filepath.Join(root, trashDir, e.Name(), treeDir))
			rec = record{id: e.Name()}
			if st != nil {
				rec.At = st.ModTime()
			}
		} else if err != nil {
			continue
		}
		list = append(list, rec)
	}
	return list, nil
}

// Kept implements sandbox.Keeper.
func (p *Provider) Kept(context.Context) ([]sandbox.Kept, error) {
	root, err := p.realRoot()
	if err != nil {
		return nil, err
	}
	records, err := p.records(root)
	if err != nil {
		return nil, err
	}
	var list []sandbox.Kept
	for _, rec := range records {
		list = append(list, sandbox.Kept{ID: rec.id, Task: rec.Task, Path: filepath.Join(root, trashDir, rec.id, treeDir), At: rec.At})
	}
	strays, err := p.strays(root)
	return append(list, strays...), err
}

// strays lists the directories where worktrees are. Which of them belong to
// tasks the provider does not know.
func (p *Provider) strays(root string) ([]sandbox.Kept, error) {
	dirs, err := filepath.Glob(filepath.Join(root, "[^.]*", "*"))
	if err != nil {
		return nil, err
	}
	var list []sandbox.Kept
	for _, dir := range dirs {
		st, err := os.Lstat(dir)
		if err != nil {
			continue // it went away meanwhile
		}
		_, err = os.Lstat(filepath.Join(dir, ".git"))
		list = append(list, sandbox.Kept{ID: filepath.Base(dir), Path: dir, At: st.ModTime().UTC(), Stray: true, Sandbox: err == nil && registered(dir)})
	}
	return list, nil
}

// registered reports whether git has a record of a worktree at a path.
func registered(path string) bool {
	b, err := os.ReadFile(filepath.Join(path, ".git"))
	gitDir, is := strings.CutPrefix(strings.TrimSpace(string(b)), "gitdir: ")
	return err == nil && is && exists(filepath.Join(gitDir, "HEAD"))
}

// Size implements sandbox.Keeper.
func (p *Provider) Size(ctx context.Context, k sandbox.Kept) (int64, error) {
	return diskuse.Size(ctx, k.Path)
}

// Free implements sandbox.Keeper.
func (p *Provider) Free(ctx context.Context, k sandbox.Kept, how sandbox.Free) (sandbox.Freed, error) {
	root, err := p.realRoot()
	if err != nil {
		return sandbox.Freed{}, err
	}
	if !how.Dry {
		if err := p.sweep(root); err != nil {
			return sandbox.Freed{}, err
		}
	}
	if users := inside(k.Path); len(users) > 0 {
		return sandbox.Freed{Why: "in use by " + describe(users)}, nil
	}
	if k.Stray {
		return p.discardStray(ctx, root, k, how)
	}
	dir := filepath.Join(root, trashDir, filepath.Base(k.ID))
	tree := filepath.Join(dir, treeDir)
	if !exists(tree) {
		if how.Dry {
			return sandbox.Freed{Done: true, Why: "it is empty"}, nil
		}
		return sandbox.Freed{Done: true, Why: "it was empty"}, os.RemoveAll(dir)
	}
	rec, err := readRecord(root, k.ID)
	if err != nil && !how.Force {
		return sandbox.Freed{Why: "it is not known what it is"}, nil //nolint:nilerr // and so it stays
	}
	why, ok, err := p.settle(ctx, rec, tree, how)
	if err != nil || !ok || how.Dry {
		return sandbox.Freed{Done: ok && err == nil, Why: why}, err
	}
	// One rename takes it away; the rest may be interrupted and repeated.
	to := filepath.Join(root, doomed, k.ID)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return sandbox.Freed{}, err
	}
	if err := fault.Around("sandbox.trash.free", func() error { return os.Rename(tree, to) }); err != nil {
		return sandbox.Freed{}, fmt.Errorf("free %s: %w", tree, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return sandbox.Freed{}, fmt.Errorf("free %s: %w", dir, err)
	}
	_ = os.Remove(filepath.Dir(dir)) // when it is empty
	return sandbox.Freed{Done: true, Why: why}, p.sweep(root)
}

// settle decides whether a tree of the trash may be deleted, and saves what
// changed in it after it had been saved.
func (p *Provider) settle(ctx context.Context, rec record, tree string, how sandbox.Free) (why string, ok bool, err error) {
	repo := git.Repo{Top: rec.Repo, GitDir: rec.GitDir}
	if rec.Commit == "" || !exists(rec.GitDir) {
		return "it is not saved anywhere", how.Force, nil
	}
	work, err := p.git.Saved(ctx, repo, rec.Commit)
	switch {
	case api.IsCode(err, api.CodeNotFound):
		return "what was saved of it is gone", how.Force, nil
	case err != nil:
		return "", false, err
	}
	left := ""
	if len(work.Manifest.Left) > 0 {
		left = fmt.Sprintf("it has ignored files that are not saved (%s)", some(work.Manifest.Left))
	}
	switch {
	case left != "" && (how.Dry || !how.Force):
		return left, how.Force, nil
	case how.Dry:
		return "all of it is saved", true, nil
	}
	saved, changed, err := p.git.SaveLate(ctx, repo, tree, rec.Commit, git.LateRef(rec.Task, rec.Commit))
	switch {
	case err != nil:
		return "", false, err
	case !how.Force && len(saved.Left) > 0:
		return "a process left ignored files in it (" + some(saved.Left) + ")", false, nil
	case changed:
		return "what a process changed in it later is saved to " + saved.Ref, true, nil
	case left != "":
		return left, true, nil
	}
	return "all of it is saved", true, nil
}

// some names a few of many.
func some[S ~string](names []S) string {
	var b strings.Builder
	for i, name := range names {
		if i == 3 {
			return fmt.Sprintf("%s and %d more", b.String(), len(names)-i)
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.QuoteToGraphic(string(name)))
	}
	return strings.ReplaceAll(b.String(), `"`, "")
}

// discardStray moves a stray directory to the trash.
func (p *Provider) discardStray(ctx context.Context, root string, k sandbox.Kept, how sandbox.Free) (sandbox.Freed, error) {
	rel, err := filepath.Rel(root, k.Path)
	if err != nil || !filepath.IsLocal(rel) || strings.HasPrefix(rel, ".") {
		return sandbox.Freed{}, fmt.Errorf("worktree: %s is no stray directory", k.Path)
	}
	if how.Dry {
		return sandbox.Freed{Done: true, Why: "it belongs to no task; it goes to the trash first"}, nil
	}
	if os.Remove(k.Path) == nil {
		return sandbox.Freed{Done: true, Why: "it was empty"}, nil
	}
	err = p.discard(ctx, "stray-"+filepath.Base(k.Path), record{Path: k.Path, At: time.Now().UTC()}, func(_, to string) error {
		return fault.Around("sandbox.stray", func() error { return os.Rename(k.Path, to) })
	})
	return sandbox.Freed{Done: err == nil, Why: "it belonged to no task; moved to the trash"}, err
}

// Sweep deletes what an earlier process began to, for a daemon that begins.
func (p *Provider) Sweep() error {
	root, err := p.realRoot()
	if err != nil {
		return err
	}
	return p.sweep(root)
}

// sweep deletes what an earlier call began to.
func (p *Provider) sweep(root string) error {
	dir := filepath.Join(root, doomed)
	if !exists(dir) {
		return nil
	}
	return git.FreeTree(root, dir)
}
