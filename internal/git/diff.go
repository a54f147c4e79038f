package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// PatchLimit is how many bytes of a patch Diff returns.
const PatchLimit = 16 << 20

// Diff compares a work tree, with everything uncommitted and untracked in it,
// to the merge base of its HEAD and a base commit. The tree, its index and its
// refs stay as they are. A patch longer than PatchLimit is cut at a line and
// ends with one that says so.
func (r *Runner) Diff(ctx context.Context, w Worktree, base string, kind api.PatchKind) (api.Diff, error) {
	d, in, untracked, done, err := r.prepareDiff(ctx, w, base)
	if err != nil {
		return d, err
	}
	defer done()
	if err := r.diffFiles(ctx, in, &d, untracked); err != nil || kind == api.PatchNone {
		return d, err
	}
	out := &limitWriter{limit: PatchLimit}
	args := append(diffArgs(), "--patch", "--src-prefix=a/", "--dst-prefix=b/")
	if kind == api.PatchExact {
		args = append(args, "--binary")
	}
	args = append(args, d.Base, "--")
	err = r.run(ctx, call{in: in, args: args, stdout: out, limit: bulkLimit})
	if err != nil && !out.cut {
		return d, failed("compare "+w.Path, err)
	}
	if d.Cut = out.cut; kind == api.PatchExact {
		d.Exact = out.bytes()
	} else {
		d.Patch = string(out.bytes())
	}
	return d, nil
}

// DiffStat is the numbers of Diff alone.
func (r *Runner) DiffStat(ctx context.Context, w Worktree, base string) (api.DiffStat, error) {
	d, err := r.Diff(ctx, w, base, api.PatchNone)
	return d.Stat, err
}

func diffArgs() []string {
	return []string{"diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--ignore-submodules=dirty"}
}

// prepareDiff finds both ends of a comparison. With untracked files the place
// it returns has an index of its own, which done removes.
func (r *Runner) prepareDiff(ctx context.Context, w Worktree, base string) (d api.Diff, in place, untracked map[string]bool, done func(), err error) {
	d = api.Diff{Schema: api.Schema, Files: []api.FileDiff{}}
	in, err = w.place()
	if err != nil {
		return d, in, nil, nil, err
	}
	if d.Head, err = r.resolve(ctx, in, "HEAD"); err != nil {
		return d, in, nil, nil, err
	}
	if d.Base, err = r.mergeBase(ctx, in, base, d.Head); err != nil {
		return d, in, nil, nil, err
	}
	files, err := r.untracked(ctx, in)
	if err != nil || len(files) == 0 {
		return d, in, nil, func() {}, err
	}
	in, done, err = r.scratchIndex(in)
	if err != nil {
		return d, in, nil, nil, err
	}
	err = r.run(ctx, call{
		in: in, args: []string{"add", "--intent-to-add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"},
		stdin: bytes.NewReader(append(bytes.Join(files, []byte{0}), 0)),
	})
	if err != nil {
		done()
		return d, in, nil, nil, failed("compare "+w.Path, err)
	}
	untracked = map[string]bool{}
	for _, f := range files {
		untracked[string(f)] = true
	}
	return d, in, untracked, done, nil
}

// mergeBase is the commit two histories have in common; unrelated ones are
// compared as they are.
func (r *Runner) mergeBase(ctx context.Context, in place, base, head string) (string, error) {
	id, err := r.resolve(ctx, in, base)
	if err != nil || id == head {
		return id, err
	}
	common, err := r.line(ctx, in, "merge-base", id, head)
	if exitCode(err) == 1 {
		return id, nil
	}
	if err != nil {
		return "", failed("compare with "+base, err)
	}
	return common, nil
}

// untracked lists the files git does not track and does not ignore. Nested
// repositories are not among them.
func (r *Runner) untracked(ctx context.Context, in place) ([][]byte, error) {
	out, err := r.output(ctx, in, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, failed("list untracked files", err)
	}
	var files [][]byte
	for _, name := range lines(out) {
		if !bytes.HasSuffix(name, []byte{'/'}) {
			files = append(files, name)
		}
	}
	return files, nil
}

// scratchIndex gives a place a copy of its index to work on, and a directory
// for the objects that come of it: a comparison writes nothing to the
// repository.
func (r *Runner) scratchIndex(in place) (place, func(), error) {
	dir, err := os.MkdirTemp(r.scratchDir(), "index-")
	if err != nil {
		return in, nil, fmt.Errorf("make scratch index: %w", err)
	}
	done := func() { _ = os.RemoveAll(dir) }
	scratch := filepath.Join(dir, "index")
	if err := copyFile(filepath.Join(in.gitDir, "index"), scratch); err != nil && !errors.Is(err, fs.ErrNotExist) {
		done()
		return in, nil, fmt.Errorf("copy index: %w", err)
	}
	in.index, in.objects = scratch, filepath.Join(dir, "objects")
	if err := os.Mkdir(in.objects, 0o700); err != nil {
		done()
		return in, nil, fmt.Errorf("make scratch index: %w", err)
	}
	return in, done, nil
}

func (r *Runner) scratchDir() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.viewDir // exists: every place was read through a view
}

// copyFile copies an index with its time: git compares that to the times of
// files to know which entries it cannot trust.
func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if err := errors.Join(err, dst.Close()); err != nil {
		return err
	}
	st, err := src.Stat()
	if err != nil {
		return err
	}
	return os.Chtimes(to, st.ModTime(), st.ModTime())
}

// diffFiles reads the files of a comparison and counts them.
func (r *Runner) diffFiles(ctx context.Context, in place, d *api.Diff, untracked map[string]bool) error {
	args := append(diffArgs(), "--raw", "--numstat", "-z", d.Base, "--")
	var out bytes.Buffer
	err := r.run(ctx, call{in: in, args: args, stdout: &out, limit: bulkLimit})
	if err != nil {
		return failed("compare "+in.workTree, err)
	}
	if d.Files, err = parseFiles(lines(out.Bytes())); err != nil {
		return err
	}
	d.Stat = api.DiffStat{Files: len(d.Files), Untracked: len(untracked)}
	for i, f := range d.Files {
		d.Stat.Added += f.Added
		d.Stat.Removed += f.Removed
		if f.Status == "added" && untracked[f.Path] {
			d.Files[i].Status = "untracked"
		}
	}
	return nil
}

// parseFiles reads what `git diff --raw --numstat -z` prints: all raw records,
// then the numbers of the same files in the same order.
func parseFiles(fields [][]byte) ([]api.FileDiff, error) {
	files := []api.FileDiff{}
	next := func() string {
		if len(fields) == 0 {
			return ""
		}
		f := fields[0]
		fields = fields[1:]
		return string(f)
	}
	for len(fields) > 0 && bytes.HasPrefix(fields[0], []byte{':'}) {
		raw := strings.Fields(next())
		if len(raw) != 5 {
			return nil, fmt.Errorf("git diff printed %q", raw)
		}
		f := api.FileDiff{Path: next()}
		switch raw[4][0] {
		case 'A':
			f.Status = "added"
		case 'D':
			f.Status = "deleted"
		case 'R', 'C':
			f.Status, f.OldPath = "renamed", f.Path
			f.Path = next()
		default:
			f.Status = "modified"
		}
		files = append(files, f)
	}
	for i := range files {
		counts := strings.SplitN(next(), "\t", 3)
		if len(counts) != 3 {
			return nil, fmt.Errorf("git diff printed %q", counts)
		}
		if counts[2] == "" { // a rename: both names follow
			next()
			next()
		}
		files[i].Binary = counts[0] == "-"
		files[i].Added, _ = strconv.Atoi(counts[0])
		files[i].Removed, _ = strconv.Atoi(counts[1])
	}
	return files, nil
}

// limitWriter keeps the first bytes written to it, and then refuses.
type limitWriter struct {
	buf   bytes.Buffer
	limit int
	cut   bool
}

func (w *limitWriter) Write(p []byte) (int, error) {
	if room := w.limit - w.buf.Len(); len(p) > room {
		w.buf.Write(p[:room])
		w.cut = true
		return room, io.ErrShortWrite
	}
	return w.buf.Write(p)
}

func (w *limitWriter) bytes() []byte {
	b := w.buf.Bytes()
	if !w.cut {
		return b
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1]
	return fmt.Appendf(b, "# hf: the patch is longer than %d bytes and was cut here\n", w.limit)
}
