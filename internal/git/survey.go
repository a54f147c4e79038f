package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

func (s *salvage) survey(ctx context.Context, ignored []string) (err error) {
	if s.root, err = os.OpenRoot(s.in.workTree); err != nil {
		return err
	}
	if err := s.surveyRefs(ctx); err != nil {
		return err
	}
	if err := s.surveyIndex(ctx); err != nil {
		return err
	}
	if err := s.surveyTree(ctx); err != nil {
		return err
	}
	slices.Sort(s.saved.Changed)
	s.saved.Changed = slices.Compact(s.saved.Changed) // an unmerged file is named twice
	if err := s.surveyUntracked(ctx, ignored); err != nil {
		return err
	}
	s.surveyModes()
	s.surveyDirs()
	return s.surveyLeft(ctx)
}

// surveyRefs reads HEAD, the ref, and which commits nothing else may name.
func (s *salvage) surveyRefs(ctx context.Context) error {
	head, err := s.r.resolve(ctx, s.in, "HEAD")
	if err != nil && !api.IsCode(err, api.CodeNotFound) {
		return err
	}
	s.saved.Head = head
	if name, ok := readPointer(filepath.Join(s.in.gitDir, "HEAD"), "ref: refs/heads/"); ok {
		s.saved.Branch = name
	}
	s.manifest = Manifest{Version: 1, Branch: s.saved.Branch, Head: head}
	s.previous, err = s.r.resolve(ctx, s.in, s.saved.Ref)
	if err != nil && !api.IsCode(err, api.CodeNotFound) {
		return err
	}
	s.lost, err = s.namedCommits(ctx)
	return err
}

// maxLost is how many commits of a reflog become parents of a saved commit.
const maxLost = 500

// namedCommits returns the commits that the files of the worktree's git
// directory name: the reflog, and what a merge, rebase or bisection wrote down.
func (s *salvage) namedCommits(ctx context.Context) ([]string, error) {
	seen := map[string]bool{s.saved.Head: true}
	var ask bytes.Buffer
	err := filepath.WalkDir(s.in.gitDir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(s.in.gitDir, p)
		switch {
		case err != nil:
			return err
		case d.IsDir() && s.skipState(rel):
			return fs.SkipDir
		case !d.Type().IsRegular() || rel == "index" || s.skipState(rel):
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for word := range strings.FieldsSeq(string(b)) {
			if isID(word) && !seen[word] {
				seen[word] = true
				ask.WriteString(word + "\n")
			}
		}
		return nil
	})
	if err != nil || ask.Len() == 0 {
		return nil, err
	}
	var out bytes.Buffer
	err = s.r.run(ctx, call{in: s.in, args: []string{"cat-file", "--batch-check=%(objecttype) %(objectname)"}, stdin: &ask, stdout: &out})
	if err != nil {
		return nil, err
	}
	var commits []string
	for line := range strings.Lines(out.String()) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "commit "); ok {
			commits = append(commits, id)
		}
	}
	return commits[max(0, len(commits)-maxLost):], nil
}

func isID(word string) bool {
	return (len(word) == 40 || len(word) == 64) && strings.Trim(word, "0123456789abcdef") == "" && strings.Trim(word, "0") != ""
}

// skipState reports whether a part of the git directory is not the worktree's
// own state. For the main work tree that is what the repository shares.
func (s *salvage) skipState(rel string) bool {
	if strings.HasSuffix(rel, ".lock") || strings.HasPrefix(rel, "index.hf") || strings.HasPrefix(rel, "hf-") {
		return true
	}
	if rel == "HEAD" || rel == "gitdir" || rel == "commondir" || rel == "locked" {
		return true // they belong to git's record of a place; HEAD is in the manifest
	}
	first, _, _ := strings.Cut(rel, string(filepath.Separator))
	if first == "modules" { // their repositories are saved as nested ones
		return true
	}
	if s.in.gitDir != s.in.common {
		return false
	}
	switch first {
	case "objects", "refs", "logs", "info", "hooks", "packed-refs", "config", "worktrees", "branches", "description", "lfs", "reftable", "shallow":
		return true
	}
	return false
}

// surveyIndex finds where the index differs from HEAD.
func (s *salvage) surveyIndex(ctx context.Context) error {
	out, err := s.r.output(ctx, s.in, "ls-files", "-z", "--stage", "-v")
	if err != nil {
		return err
	}
	all := lines(out)
	entries := make([]indexEntry, 0, len(all))
	for _, line := range all {
		tag, e, err := parseStage(string(line))
		if err != nil {
			return err
		}
		entries = append(entries, e)
		switch {
		case e.stage != "0":
			s.unmerged = append(s.unmerged, e)
		case e.mode == "160000":
			s.modules = append(s.modules, e.path)
		case tag == 'S' || (tag >= 'a' && tag <= 'z'):
			// Git was told not to look at this file: only hf can know that it differs.
			if _, err := s.root.Lstat(e.path); err == nil {
				s.saved.Changed = append(s.saved.Changed, e.path)
			} else {
				s.gone = append(s.gone, e.path)
			}
		default:
			s.plain = append(s.plain, e.path)
		}
	}
	if s.saved.Head == "" {
		for _, e := range entries {
			if e.stage == "0" {
				s.index = append(s.index, e)
			}
		}
		return nil
	}
	out, err = s.r.output(ctx, s.in, "diff-index", "-z", "--cached", "--no-renames", "--ignore-submodules=dirty", s.saved.Head, "--")
	if err != nil {
		return err
	}
	return rawEntries(lines(out), func(mode, id, status, name string) {
		switch status {
		case "D":
			s.index = append(s.index, indexEntry{mode: "0", path: name})
		case "U": // its sides are in unmerged
		default:
			s.index = append(s.index, indexEntry{mode: mode, id: id, stage: "0", path: name})
		}
	})
}

// parseStage reads "H 100644 ID 0\tpath".
func parseStage(line string) (tag byte, e indexEntry, err error) {
	meta, name, ok := strings.Cut(line, "\t")
	f := strings.Fields(meta)
	if !ok || len(f) != 4 || len(f[0]) != 1 {
		return 0, e, fmt.Errorf("git ls-files printed %q", line)
	}
	return f[0][0], indexEntry{mode: f[1], id: f[2], stage: f[3], path: name}, nil
}

// rawEntries reads the raw format of git's diff plumbing, without renames.
func rawEntries(fields [][]byte, each func(mode, id, status, name string)) error {
	if len(fields)%2 != 0 {
		return errors.New("git printed half a difference")
	}
	for i := 0; i < len(fields); i += 2 {
		f := strings.Fields(string(fields[i]))
		if len(f) != 5 {
			return fmt.Errorf("git printed %q", fields[i])
		}
		each(f[1], f[3], f[4][:1], string(fields[i+1]))
	}
	return nil
}

// surveyTree finds where the tracked files differ from the index. Of a tree
// that somebody emptied, the index is what is left.
func (s *salvage) surveyTree(ctx context.Context) error {
	if !s.hasFiles(".") {
		s.gone = nil
		return nil
	}
	out, err := s.r.output(ctx, s.in, "diff-files", "-z", "--no-renames", "--ignore-submodules=dirty")
	if err != nil {
		return err
	}
	modules := map[string]bool{}
	for _, m := range s.modules {
		modules[m] = true
	}
	return rawEntries(lines(out), func(_, _, _, name string) {
		st, err := s.root.Lstat(name)
		switch {
		case modules[name] && (err != nil || st.IsDir()):
		case err != nil || st.IsDir():
			s.gone = append(s.gone, name)
		default:
			s.saved.Changed = append(s.saved.Changed, name)
		}
	})
}

// surveyUntracked finds the files that git does not track, and repositories.
func (s *salvage) surveyUntracked(ctx context.Context, ignored []string) error {
	out, err := s.r.output(ctx, s.in, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range lines(out) {
		seen[string(name)] = true
		s.found(string(name), &s.saved.Untracked)
	}
	for _, m := range s.modules {
		if s.hasFiles(m) {
			s.addNested(m, true)
		}
	}
	if len(ignored) == 0 {
		return nil
	}
	names, err := s.r.matching(ctx, s.in, strings.Join(ignored, "\n"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if !seen[name] {
			s.found(name, &s.saved.Ignored)
		}
	}
	return nil
}

// found adds what git listed: a file, or a repository when it ends in a slash.
func (s *salvage) found(name string, files *[]string) {
	if dir, nested := strings.CutSuffix(name, "/"); nested {
		s.addNested(dir, false)
		return
	}
	*files = append(*files, name)
}

func (s *salvage) hasFiles(dir string) bool {
	entries, err := fs.ReadDir(s.root.FS(), dir)
	return err == nil && len(entries) > 0
}

func (s *salvage) addNested(dir string, submodule bool) {
	s.saved.Nested = append(s.saved.Nested, dir)
	s.manifest.Nested = append(s.manifest.Nested, ManifestNested{
		Path: Name(dir), Tree: fmt.Sprintf("nested/%d", len(s.manifest.Nested)), Submodule: submodule,
	})
}

// surveyModes finds what git does not keep of the tracked files: modes other
// than those of a checkout.
func (s *salvage) surveyModes() {
	changed := map[string]bool{}
	for _, name := range slices.Concat(s.saved.Changed, s.gone) {
		changed[name] = true
	}
	mask := s.r.mask()
	for _, name := range s.plain {
		st, err := s.root.Lstat(name)
		if err != nil || changed[name] || !st.Mode().IsRegular() {
			continue
		}
		usual := 0o666 &^ mask
		if st.Mode()&0o100 != 0 {
			usual = 0o777 &^ mask
		}
		if st.Mode() != usual {
			s.manifest.Modes = append(s.manifest.Modes, ManifestFile{Path: Name(name), Mode: st.Mode()})
		}
	}
}

// surveyDirs notes the directories that saved files are in, or removed ones
// were: git keeps no modes of them, and no empty ones.
func (s *salvage) surveyDirs() {
	seen := map[string]bool{".": true}
	for _, name := range slices.Concat(s.saved.Changed, s.saved.Untracked, s.saved.Ignored, s.gone) {
		for dir := path.Dir(name); !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			st, err := s.root.Lstat(dir)
			if err != nil || !st.IsDir() {
				continue // it went with the files that were in it
			}
			s.manifest.Dirs = append(s.manifest.Dirs, ManifestFile{Path: Name(dir), Mode: st.Mode()})
		}
	}
}

// surveyLeft finds the ignored files that are not saved, by directory where
// nothing in it is.
func (s *salvage) surveyLeft(ctx context.Context) error {
	out, err := s.r.output(ctx, s.in, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
	if err != nil {
		return err
	}
	saved, within := map[string]bool{}, map[string]bool{}
	for _, name := range slices.Concat(s.saved.Ignored, s.saved.Untracked, s.saved.Nested) {
		saved[name] = true
		for dir := path.Dir(name); !within[dir] && dir != "."; dir = path.Dir(dir) {
			within[dir] = true
		}
	}
	for _, line := range lines(out) {
		name := string(line)
		dir, isDir := strings.CutSuffix(name, "/")
		switch {
		case saved[dir]:
		case !isDir || !within[dir]:
			s.saved.Left = append(s.saved.Left, name)
		default:
			if err := s.leftBelow(dir, saved, within); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *salvage) leftBelow(dir string, saved, within map[string]bool) error {
	return walkFiles(s.root, dir, func(name string, d fs.DirEntry) error {
		switch {
		case saved[name] && d.IsDir():
			return fs.SkipDir
		case saved[name] || within[name]:
			return nil
		case d.IsDir():
			s.saved.Left = append(s.saved.Left, name+"/")
			return fs.SkipDir
		}
		s.saved.Left = append(s.saved.Left, name)
		return nil
	})
}

// matching lists the files of a work tree that git does not track and that
// match gitignore patterns.
func (r *Runner) matching(ctx context.Context, in place, patterns string) ([]string, error) {
	f, err := os.CreateTemp(r.scratchDir(), "patterns-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(patterns + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	out, err := r.output(ctx, in, "ls-files", "-z", "--others", "--ignored", "--exclude-from="+f.Name())
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range lines(out) {
		names = append(names, string(name))
	}
	return names, nil
}
