package git

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Change is what one commit changed against another.
type Change struct {
	Stat  api.DiffStat
	Paths PathSet
}

// Changes compares the trees of commits, Ours with Theirs as what it was made
// from, by one process whatever the number of pairs.
func (r *Runner) Changes(ctx context.Context, repo Repo, pairs []Pair) (map[Pair]Change, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	var in strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&in, "%s %s\n", p.Ours, p.Theirs)
	}
	out := &changeReader{pairs: pairs, found: map[Pair]Change{}}
	err := r.run(ctx, call{
		in: repo.in(), stdin: strings.NewReader(in.String()), stdout: out, limit: bulkLimit,
		args: []string{
			"diff-tree", "--stdin", "--always", "-r", "-z", "--no-ext-diff", "--no-textconv", "--find-renames",
			"--ignore-submodules=dirty", "--raw", "--numstat",
		},
	})
	if err = cmp.Or(out.err, err); err != nil {
		return nil, failed("compare branches", err)
	}
	out.end()
	return out.found, nil
}

// changeReader reads what diff-tree prints of each pair: the commit, the raw
// records of its files, then the numbers of the same files.
type changeReader struct {
	pairs []Pair // not read yet
	found map[Pair]Change
	now   *changeBuilder // nil before the first commit
	rest  []byte
	skip  int // names that follow and belong to the record before
	kind  byte
	err   error
}

// Write takes more of the output.
func (c *changeReader) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	for {
		field, rest, ok := bytes.Cut(c.rest, []byte{0})
		if !ok {
			return len(p), nil
		}
		c.rest = rest
		if err := c.field(string(field)); err != nil {
			c.err = err
			return 0, err
		}
	}
}

func (c *changeReader) field(f string) error {
	switch {
	case c.skip > 0:
		c.skip--
		if c.kind != 0 {
			c.now.path(f, c.kind, c.skip)
		}
		return nil
	case strings.HasPrefix(f, ":"):
		raw := strings.Fields(f)
		if len(raw) != 5 || c.now == nil {
			return fmt.Errorf("git diff-tree printed %q", f)
		}
		c.kind, c.skip = raw[4][0], 1
		if c.kind == 'R' || c.kind == 'C' {
			c.skip = 2
		}
		c.now.stat.Files++
		return nil
	case strings.Contains(f, "\t"):
		counts := strings.SplitN(f, "\t", 3)
		if len(counts) != 3 || c.now == nil {
			return fmt.Errorf("git diff-tree printed %q", f)
		}
		added, _ := strconv.Atoi(counts[0]) // "-" for a binary file
		removed, _ := strconv.Atoi(counts[1])
		c.now.stat.Added += added
		c.now.stat.Removed += removed
		if counts[2] == "" { // both names follow
			c.kind, c.skip = 0, 2
		}
		return nil
	}
	c.end()
	for len(c.pairs) > 0 && c.pairs[0].Ours != f {
		c.pairs = c.pairs[1:] // git says nothing of a commit that it does not have
	}
	if len(c.pairs) == 0 {
		return fmt.Errorf("git diff-tree printed %q", f)
	}
	c.now = &changeBuilder{}
	return nil
}

// end keeps what was read of a pair.
func (c *changeReader) end() {
	if c.now != nil {
		c.found[c.pairs[0]] = Change{Stat: c.now.stat, Paths: c.now.paths()}
		c.pairs, c.now = c.pairs[1:], nil
	}
}

// PathSet is the names of files that a change touched, as far as it is needed to
// see whether two changes may touch: the names' hashes.
type PathSet struct {
	files []uint64 // sorted, and so are the others
	dirs  []uint64 // above the files
	moved []uint64 // directories that files were moved out of
}

// Has reports whether a file of that name is in the set.
func (s PathSet) Has(path string) bool {
	_, ok := slices.BinarySearch(s.files, pathHash(path))
	return ok
}

// Touches reports whether merging two changes may need more than taking both: a
// file is in both, or a file of one is where the other has a directory, or was
// put where the other moved all files out of.
func (s PathSet) Touches(t PathSet) bool {
	return meet(s.files, t.files) || meet(s.files, t.dirs) || meet(s.dirs, t.files) ||
		meet(s.moved, t.dirs) || meet(s.dirs, t.moved)
}

// meet reports whether two sorted lists have something in common.
func meet(a, b []uint64) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case b[0] < a[0]:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

func pathHash(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path))
	return h.Sum64()
}

// changeBuilder collects a Change.
type changeBuilder struct {
	stat               api.DiffStat
	files, dirs, moved []uint64
}

// path takes a name of a raw record. left is how many more the record has.
func (b *changeBuilder) path(name string, kind byte, left int) {
	b.files = append(b.files, pathHash(name))
	if i := strings.LastIndexByte(name, '/'); i > 0 && kind == 'R' && left == 1 {
		b.moved = append(b.moved, pathHash(name[:i]))
	}
	for dir := range parents(name) {
		b.dirs = append(b.dirs, pathHash(dir))
	}
}

func (b *changeBuilder) paths() PathSet {
	sorted := func(list []uint64) []uint64 {
		slices.Sort(list)
		return slices.Clip(slices.Compact(list))
	}
	return PathSet{files: sorted(b.files), dirs: sorted(b.dirs), moved: sorted(b.moved)}
}
