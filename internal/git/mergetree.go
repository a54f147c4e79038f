package git

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// MergeFiles merges pairs of commits where nobody sees it and returns the files
// that each would stop at, none where it would not. It is one process whatever
// the number of pairs, with git 2.38 one each. A pair is left out of the answer
// when git cannot merge it, such as one without a commit in common.
func (r *Runner) MergeFiles(ctx context.Context, repo Repo, pairs []Pair) (map[Pair][]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	if _, err := r.view(ctx, repo.GitDir); err != nil { // makes the directory for scratch
		return nil, err
	}
	objects, err := os.MkdirTemp(r.scratchDir(), "objects-")
	if err != nil {
		return nil, fmt.Errorf("make scratch objects: %w", err)
	}
	defer func() { _ = os.RemoveAll(objects) }()
	in := repo.in()
	in.objects = objects
	out := make(map[Pair][]string, len(pairs))
	if !r.mergesMany() {
		for _, p := range pairs {
			if err := r.mergeOne(ctx, in, p, out); err != nil {
				return out, failed(mergeFailed, err)
			}
		}
		return out, nil
	}
	// A pair that git cannot merge ends it: go on behind that one, so often.
	for range 3 {
		done, err := r.mergeMany(ctx, in, pairs, out)
		switch {
		case err == nil || done == len(pairs):
			return out, nil
		case exitCode(err) < 0:
			return out, failed(mergeFailed, err)
		}
		pairs = pairs[done+1:]
	}
	return out, nil
}

const mergeFailed = "merge branches to see their conflicts"

// mergesMany reports whether this git takes many merges at once.
func (r *Runner) mergesMany() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.many
}

func mergeArgs(more ...string) []string {
	return append([]string{"merge-tree", "--write-tree", "--name-only", "--no-messages", "-z"}, more...)
}

// mergeMany returns how many pairs git answered before it ended.
func (r *Runner) mergeMany(ctx context.Context, in place, pairs []Pair, out map[Pair][]string) (done int, err error) {
	var todo strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&todo, "%s %s\n", p.Ours, p.Theirs)
	}
	var said bytes.Buffer
	err = r.run(ctx, call{in: in, args: mergeArgs("--stdin"), stdin: strings.NewReader(todo.String()), stdout: &said, limit: bulkLimit})
	// Of each: whether it is clean, the tree, the files, and an empty field.
	for fields := lines(said.Bytes()); done < len(pairs); done++ {
		end := slices.IndexFunc(fields, func(f []byte) bool { return len(f) == 0 })
		if end < 2 {
			break
		}
		out[pairs[done]] = fileNames(fields[2:end])
		fields = fields[end+1:]
	}
	return done, err
}

func (r *Runner) mergeOne(ctx context.Context, in place, p Pair, out map[Pair][]string) error {
	said, err := r.output(ctx, in, mergeArgs(p.Ours, p.Theirs)...)
	switch code := exitCode(err); {
	case err == nil:
		out[p] = nil
	case code == 1:
		out[p] = fileNames(lines(said)[1:])
	case code < 0:
		return err
	}
	return nil
}

func fileNames(fields [][]byte) []string {
	var out []string
	for _, f := range fields {
		out = append(out, string(f))
	}
	return out
}
