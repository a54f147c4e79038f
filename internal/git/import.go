package git

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// blob is a saved file: its mode in a tree and its mark in the stream.
type blob struct {
	mode string
	mark int
}

// importer writes a stream for git fast-import. Its first error sticks.
type importer struct {
	w     *bufio.Writer
	err   error
	marks int
	when  int64
}

func (im *importer) printf(format string, args ...any) {
	if im.err == nil {
		_, im.err = fmt.Fprintf(im.w, format, args...)
	}
}

// blob copies exactly size bytes into the object database.
func (im *importer) blob(size int64, from io.Reader) (mark int) {
	im.marks++
	im.printf("blob\nmark :%d\ndata %d\n", im.marks, size)
	if im.err == nil {
		_, im.err = io.CopyN(im.w, from, size)
	}
	im.printf("\n")
	return im.marks
}

// commit starts a commit on ref; its changes follow.
func (im *importer) commit(ref, message string, parents ...string) (mark int) {
	parents = slices.DeleteFunc(parents, func(p string) bool { return p == "" })
	im.printf("reset %s\n", ref)
	im.marks++
	im.printf("commit %s\nmark :%d\ncommitter hf <hf@localhost> %d +0000\ndata %d\n%s\n", ref, im.marks, im.when, len(message), message)
	for i, p := range parents {
		verb := "merge"
		if i == 0 {
			verb = "from"
		}
		im.printf("%s %s\n", verb, p)
	}
	return im.marks
}

func (im *importer) remove(name string)         { im.printf("D %s\n", quote(name)) }
func (im *importer) put(name string, b blob)    { im.printf("M %s :%d %s\n", b.mode, b.mark, quote(name)) }
func (im *importer) link(mode, id, name string) { im.printf("M %s %s %s\n", mode, id, quote(name)) }

// quote writes a path as fast-import reads it, whatever bytes it has.
func quote(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(name) {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// safePath is a path as a git tree can hold it: git refuses entries that could
// be mistaken for its own directory.
func safePath(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if lower := strings.ToLower(part); lower == ".git" || lower == "git~1" || strings.HasPrefix(lower, ".git.") || strings.HasPrefix(lower, ".git ") {
			parts[i] = "hf-saved-" + part
		}
	}
	return strings.Join(parts, "/")
}

// write streams everything the survey found to git fast-import. The ref changes
// only at the end of a complete stream.
func (s *salvage) write(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pr, pw := io.Pipe()
	written := make(chan error, 1)
	go func() {
		im := &importer{w: bufio.NewWriterSize(pw, 256<<10), when: time.Now().Unix()}
		err := errors.Join(s.stream(im), im.err)
		if err == nil {
			err = im.w.Flush()
		}
		if err != nil {
			cancel() // git must not take a torn stream for the end
		}
		written <- err
		_ = pw.Close()
	}()
	err := s.r.run(ctx, call{
		// Without a gitDir: an aborted import leaves its report in hf's view.
		in:   place{common: s.in.common},
		args: []string{"fast-import", "--quiet", "--done", "--date-format=raw"}, stdin: pr, limit: bulkLimit,
		config: []string{"core.fsync=committed,loose-object"},
	})
	_ = pr.Close() // a writer whose reader died must not wait
	if werr := <-written; werr != nil && !errors.Is(werr, io.ErrClosedPipe) {
		return werr
	}
	return err
}

func (s *salvage) stream(im *importer) error {
	changed, err := s.blobs(im, s.saved.Changed, &s.manifest.Changed)
	if err != nil {
		return err
	}
	others, err := s.blobs(im, slices.Concat(s.saved.Untracked, s.saved.Ignored), &s.manifest.Files)
	if err != nil {
		return err
	}
	beside := map[string]blob{} // beside the manifest
	if err := s.gitFiles(im, beside); err != nil {
		return err
	}
	if err := s.moduleGitDirs(im, beside); err != nil {
		return err
	}
	for i := range s.manifest.Nested {
		if err := s.nested(im, &s.manifest.Nested[i], others, beside); err != nil {
			return err
		}
	}
	s.manifest.Skipped, s.manifest.Left, s.manifest.Gone = namesOf(s.saved.Skipped), namesOf(s.saved.Left), namesOf(s.gone)
	text, err := json.MarshalIndent(s.manifest, "", "  ")
	if err != nil {
		return err
	}
	beside["manifest.json"] = blob{"100644", im.blob(int64(len(text)), strings.NewReader(string(text)))}

	index := im.commit(s.saved.Ref, "hf: the index\n", s.saved.Head)
	s.putIndex(im)
	extra := im.commit(s.saved.Ref, "hf: what a work tree cannot hold\n", s.lost...)
	im.printf("deleteall\n")
	putAll(im, beside)
	for _, e := range s.unmerged {
		im.link(e.mode, e.id, safePath("stages/"+e.stage+"/"+e.path))
	}
	im.commit(s.saved.Ref, s.message(), s.saved.Head, ":"+strconv.Itoa(index), ":"+strconv.Itoa(extra), s.previous)
	if s.saved.Head == "" {
		im.printf("deleteall\n")
	}
	s.putIndex(im)
	for _, name := range s.gone {
		im.remove(name)
	}
	putAll(im, changed)
	putAll(im, others)
	im.printf("done\n")
	return im.err
}

func (s *salvage) message() string {
	where := "branch " + s.saved.Branch
	if s.saved.Branch == "" {
		where = "a detached HEAD"
	}
	return fmt.Sprintf("hf: saved work of %s\n\n%d changed, %d untracked, %d ignored files; %d nested repositories.\n",
		where, len(s.saved.Changed)+len(s.gone), len(s.saved.Untracked), len(s.saved.Ignored), len(s.saved.Nested))
}

// putIndex writes where the index differs from HEAD. Deletions come first: a
// file may have made room for a directory.
func (s *salvage) putIndex(im *importer) {
	for _, e := range s.index {
		if e.mode == "0" {
			im.remove(e.path)
		}
	}
	for _, e := range s.index {
		if e.mode != "0" {
			im.link(e.mode, e.id, e.path)
		}
	}
}

func putAll(im *importer, files map[string]blob) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		im.put(name, files[name])
	}
}

// blobs saves files of the work tree. modes gets what a tree cannot hold of
// them.
func (s *salvage) blobs(im *importer, names []string, modes *[]ManifestFile) (map[string]blob, error) {
	files := map[string]blob{}
	for _, name := range names {
		b, mode, err := saveFile(im, s.root, name)
		if errors.Is(err, errSpecial) {
			s.saved.Skipped = append(s.saved.Skipped, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		in := safePath(name)
		files[in] = b
		*modes = append(*modes, manifestFile(name, in, mode))
	}
	return files, nil
}

func manifestFile(name, in string, mode os.FileMode) ManifestFile {
	if in == name {
		in = ""
	}
	return ManifestFile{Path: Name(name), In: Name(in), Mode: mode}
}

// errSpecial is a file without content: a socket, a pipe or a device.
var errSpecial = errors.New("not a file or symbolic link")

// saveFile saves one file, or a symbolic link as what it says.
func saveFile(im *importer, root *os.Root, name string) (blob, os.FileMode, error) {
	st, err := root.Lstat(name)
	if err != nil {
		return blob{}, 0, err
	}
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		target, err := root.Readlink(name)
		if err != nil {
			return blob{}, 0, err
		}
		return blob{"120000", im.blob(int64(len(target)), strings.NewReader(target))}, st.Mode(), im.err
	case !st.Mode().IsRegular():
		return blob{}, 0, errSpecial
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return blob{}, 0, err
	}
	defer func() { _ = f.Close() }()
	if st, err = f.Stat(); err != nil {
		return blob{}, 0, err
	}
	mode := "100644"
	if st.Mode()&0o100 != 0 {
		mode = "100755"
	}
	b := blob{mode, im.blob(st.Size(), f)}
	if im.err != nil {
		return blob{}, 0, fmt.Errorf("save %s: %w", name, im.err)
	}
	return b, st.Mode(), nil
}

// gitFiles saves the files of the worktree's own git directory: its index, its
// reflog and what an unfinished merge, rebase or bisection wrote down.
func (s *salvage) gitFiles(im *importer, beside map[string]blob) error {
	root, err := os.OpenRoot(s.in.gitDir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return walkFiles(root, ".", func(name string, d fs.DirEntry) error {
		if s.skipState(filepath.FromSlash(name)) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		b, _, err := saveFile(im, root, name)
		if errors.Is(err, errSpecial) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		beside[safePath("git/"+name)] = b
		return err
	})
}

// nested saves a repository inside the work tree without asking git about it:
// its files, and its git directory file by file.
func (s *salvage) nested(im *importer, n *ManifestNested, tree, beside map[string]blob) error {
	err := walkFiles(s.root, string(n.Path), func(name string, d fs.DirEntry) error {
		if d.IsDir() {
			return noteDir(&n.ManifestTree, name, d)
		}
		b, mode, err := saveFile(im, s.root, name)
		if errors.Is(err, errSpecial) {
			s.saved.Skipped = append(s.saved.Skipped, name)
			return nil
		}
		if err != nil {
			return err
		}
		in := safePath(name)
		if n.Submodule || in != name {
			in = path.Join(n.Tree, "files", in)
			beside[in] = b
		} else {
			tree[in] = b
		}
		n.Files = append(n.Files, manifestFile(name, in, mode))
		return nil
	})
	return err
}

// moduleGitDirs saves the git directories of submodules, which git keeps below
// the worktree's own.
func (s *salvage) moduleGitDirs(im *importer, beside map[string]blob) error {
	modules := filepath.Join(s.in.gitDir, "modules")
	if s.in.gitDir == s.in.common || !isDir(modules) {
		return nil
	}
	root, err := os.OpenRoot(modules)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	tree := &s.manifest.Modules
	return walkFiles(root, ".", func(name string, d fs.DirEntry) error {
		if d.IsDir() {
			return noteDir(tree, name, d)
		}
		b, mode, err := saveFile(im, root, name)
		if errors.Is(err, errSpecial) {
			return nil
		}
		in := safePath("modules/" + name)
		beside[in] = b
		tree.Files = append(tree.Files, ManifestFile{Path: Name(name), In: Name(in), Mode: mode})
		return err
	})
}

// noteDir notes a directory: git needs even the empty ones of a repository.
func noteDir(tree *ManifestTree, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err == nil && name != "." {
		tree.Dirs = append(tree.Dirs, ManifestFile{Path: Name(name), Mode: info.Mode()})
	}
	return err
}

// walkFiles visits a directory without following symbolic links.
func walkFiles(root *os.Root, dir string, visit func(name string, d fs.DirEntry) error) error {
	return fs.WalkDir(root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return visit(name, d)
	})
}
