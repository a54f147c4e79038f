package git

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// stampLimit bounds how many files and directories a stamp looks at: what an
// agent puts below refs must not keep hf busy.
const stampLimit = 20_000

// Stamp tells one state of a repository's refs from another. It reads no file
// and starts no process: it looks at the files that git replaces when it changes
// a ref, a worktree's HEAD or what a branch follows. Where git keeps its refs in
// a reftable, these are the tables. Dirs are the directories in which any change
// of a ref shows, for whoever wants to watch them: the common one first.
func (r *Runner) Stamp(repo Repo) (stamp uint64, dirs []string, err error) {
	s := stamper{hash: fnv.New64a(), left: stampLimit}
	if !isDir(repo.GitDir) {
		return 0, nil, fmt.Errorf("look at the refs of %s: %w", repo.Top, fs.ErrNotExist)
	}
	s.dirs = append(s.dirs, repo.GitDir)
	for _, name := range []string{"HEAD", "config", "packed-refs", "shallow"} {
		s.file(filepath.Join(repo.GitDir, name))
	}
	for _, name := range []string{"reftable", "refs"} {
		s.tree(filepath.Join(repo.GitDir, name))
	}
	trees, err := os.ReadDir(filepath.Join(repo.GitDir, "worktrees"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, nil, fmt.Errorf("look at the worktrees of %s: %w", repo.Top, err)
	}
	for _, t := range trees {
		dir := filepath.Join(repo.GitDir, "worktrees", t.Name())
		s.file(filepath.Join(dir, "HEAD"))
		if isDir(filepath.Join(dir, "reftable")) {
			s.tree(filepath.Join(dir, "reftable"))
		}
	}
	return s.hash.Sum64(), s.dirs, nil
}

type stamper struct {
	hash hash.Hash64
	dirs []string
	left int
}

// tree looks at all below a directory. It follows no links.
func (s *stamper) tree(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there is none, or it has just gone
	}
	s.dirs = append(s.dirs, dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case s.left <= 0:
			return
		case e.IsDir() && ours(dir, e.Name()):
		case e.IsDir():
			s.left--
			s.tree(path)
		case filepath.Ext(e.Name()) != ".lock":
			s.file(path)
		}
	}
}

// ours reports whether a directory below refs holds refs that say nothing of
// branches: what hf itself saved, and tags.
func ours(dir, name string) bool {
	return filepath.Base(dir) == "refs" && slices.Contains([]string{"hf", "tags", "notes"}, name)
}

// file looks at a file, which may not be there.
func (s *stamper) file(path string) {
	s.left--
	_, _ = s.hash.Write([]byte(path))
	st, err := os.Lstat(path)
	if err != nil {
		return
	}
	sys := st.Sys().(*syscall.Stat_t)
	var b []byte
	for _, n := range []int64{st.ModTime().UnixNano(), sys.Ctim.Nano(), int64(sys.Ino), st.Size()} { //nolint:gosec // any number tells them apart
		b = binary.LittleEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the same
	}
	_, _ = s.hash.Write(b)
}
