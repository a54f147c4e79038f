package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// restoreFile is a file to write: where, and the object with its bytes.
type restoreFile struct {
	name string
	mode os.FileMode
	id   string
}

// gitFiles brings back the files of git's own directory of the worktree.
func (j *restore) gitFiles(ctx context.Context) error {
	root, err := os.OpenRoot(j.in.gitDir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	_ = root.RemoveAll("logs") // what `git worktree add` noted never happened
	var files []restoreFile
	for name, e := range j.extra {
		name, is := strings.CutPrefix(name, "git/")
		if is && e.mode != "120000" && !keptByGit(name) {
			files = append(files, restoreFile{name: name, mode: 0o666 &^ j.r.mask(), id: e.id})
		}
	}
	if err := j.writeAll(ctx, root, files); err != nil {
		return err
	}
	m := j.work.Manifest.Modules
	if len(m.Files) == 0 {
		return nil
	}
	if err := root.MkdirAll("modules", 0o777&^j.r.mask()); err != nil {
		return err
	}
	modules, err := root.OpenRoot("modules")
	if err != nil {
		return err
	}
	defer func() { _ = modules.Close() }()
	return j.writeTree(ctx, modules, m, func(f ManifestFile) (treeEntry, bool) { e, ok := j.extra[f.in()]; return e, ok })
}

// keptByGit reports whether a file of a worktree's git directory belongs to the
// new record of it: where it is, and that hf holds it.
func keptByGit(name string) bool {
	switch name {
	case "gitdir", "commondir", "locked", "HEAD", "index":
		return true
	}
	return strings.HasPrefix(name, "hf-") || strings.HasPrefix(name, "index.hf")
}

// files brings back the files of the work tree whose bytes were saved as they
// were on the disk, and the modes that git does not keep.
func (j *restore) files(ctx context.Context) error {
	root, err := os.OpenRoot(j.in.workTree)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	m := j.work.Manifest
	tree, err := j.r.tree(ctx, j.repo.in(), j.work.Commit)
	if err != nil {
		return err
	}
	find := func(f ManifestFile) (treeEntry, bool) { e, ok := tree[f.in()]; return e, ok }
	if err := j.writeTree(ctx, root, ManifestTree{Files: slices.Concat(m.Changed, m.Files), Dirs: m.Dirs}, find); err != nil {
		return err
	}
	for _, n := range m.Nested {
		err := j.writeTree(ctx, root, n.ManifestTree, func(f ManifestFile) (treeEntry, bool) {
			if f.In != "" {
				e, ok := j.extra[string(f.In)]
				return e, ok
			}
			e, ok := tree[string(f.Path)]
			return e, ok
		})
		if err != nil {
			return err
		}
	}
	for _, f := range m.Modes {
		if j.out.Moved != "" {
			break // they are files of another commit
		}
		if err := root.Chmod(string(f.Path), f.Mode); err != nil {
			return err
		}
	}
	return nil
}

// writeTree writes files and directories and then gives the directories their
// modes, the deepest first.
func (j *restore) writeTree(ctx context.Context, root *os.Root, t ManifestTree, find func(ManifestFile) (treeEntry, bool)) error {
	usual := 0o777 &^ j.r.mask()
	for _, d := range t.Dirs {
		if err := mkdirs(root, string(d.Path), usual); err != nil {
			return err
		}
	}
	files := make([]restoreFile, 0, len(t.Files))
	for _, f := range t.Files {
		e, ok := find(f)
		if !ok {
			return fmt.Errorf("%q is missing from what was saved", f.Path)
		}
		mode := f.Mode
		if e.mode == "120000" {
			mode |= fs.ModeSymlink
		}
		files = append(files, restoreFile{name: string(f.Path), mode: mode, id: e.id})
	}
	if err := j.writeAll(ctx, root, files); err != nil {
		return err
	}
	dirs := slices.Clone(t.Dirs)
	slices.SortFunc(dirs, func(a, b ManifestFile) int { return strings.Compare(string(b.Path), string(a.Path)) })
	for _, d := range dirs {
		if err := root.Chmod(string(d.Path), d.Mode.Perm()|d.Mode&(fs.ModeSetgid|fs.ModeSticky)); err != nil {
			return err
		}
	}
	return nil
}

// mkdirs makes a directory and those above it, whatever the mask of this
// process is.
func mkdirs(root *os.Root, dir string, mode os.FileMode) error {
	if dir == "." {
		return nil
	}
	if st, err := root.Lstat(dir); err == nil && st.IsDir() {
		return nil
	}
	if err := mkdirs(root, path.Dir(dir), mode); err != nil {
		return err
	}
	if err := root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return root.Chmod(dir, mode)
}

// writeAll writes files with the bytes of their objects, all read by one git.
func (j *restore) writeAll(ctx context.Context, root *os.Root, files []restoreFile) error {
	if len(files) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ask bytes.Buffer
	for _, f := range files {
		ask.WriteString(f.id + "\n")
	}
	pr, pw := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := j.readAll(bufio.NewReaderSize(pr, 256<<10), root, files)
		if err != nil {
			cancel()
		}
		_ = pr.CloseWithError(err) // a git whose reader is gone must not wait
		written <- err
	}()
	err := j.r.run(ctx, call{in: j.repo.in(), args: []string{"cat-file", "--batch"}, stdin: &ask, stdout: pw, limit: bulkLimit})
	_ = pw.Close()
	if werr := <-written; werr != nil && (err == nil || !errors.Is(werr, io.EOF) && !errors.Is(werr, io.ErrUnexpectedEOF)) {
		return werr
	}
	return err
}

func (j *restore) readAll(from *bufio.Reader, root *os.Root, files []restoreFile) error {
	for _, f := range files {
		head, err := from.ReadString('\n')
		if err != nil {
			return err
		}
		var id, kind string
		var size int64
		if _, err := fmt.Sscanf(head, "%s %s %d\n", &id, &kind, &size); err != nil || kind != "blob" || id != f.id {
			return fmt.Errorf("read %q of what was saved: git printed %q", f.name, strings.TrimSpace(head))
		}
		if err := j.writeFile(root, f, io.LimitReader(from, size), size); err != nil {
			return fmt.Errorf("restore %q: %w", f.name, err)
		}
		if _, err := from.Discard(1); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes one file. Nothing is written through a symbolic link.
func (j *restore) writeFile(root *os.Root, f restoreFile, from io.Reader, size int64) error {
	if err := mkdirs(root, path.Dir(filepath.ToSlash(f.name)), 0o777&^j.r.mask()); err != nil {
		return err
	}
	if err := root.Remove(f.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if f.mode&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(from)
		if err != nil {
			return err
		}
		return root.Symlink(string(target), f.name)
	}
	out, err := root.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, from, size)
	// The owner's own mode bits were read with the file: what is not a bit of a
	// mode, such as set-user-id, comes back as well.
	return errors.Join(err, out.Chmod(f.mode&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)), out.Close())
}
