package forgetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hf-dev/hf/internal/xec"
)

// bare is a bare repository.
type bare struct {
	dir  string
	home string // has no configuration

	mu    sync.Mutex
	known map[string]string // answers about commits, which never change
}

// someone is who a commit is by.
type someone struct{ name, email, date string }

func (b *bare) env(extra ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "GIT_DIR=" + b.dir,
	}, extra...)
}

// run runs git and returns what it printed, without the last new line.
func (b *bare) run(ctx context.Context, stdin string, extra []string, args ...string) (string, error) {
	out, err := xec.Output(ctx, xec.Cmd{
		Argv: append([]string{"git"}, args...), Dir: b.home, Env: b.env(extra...), Stdin: strings.NewReader(stdin),
	})
	return strings.TrimSuffix(string(out), "\n"), err
}

func (b *bare) git(ctx context.Context, args ...string) (string, error) {
	return b.run(ctx, "", nil, args...)
}

// fact is git for questions about commits, which are asked once.
func (b *bare) fact(ctx context.Context, args ...string) (string, error) {
	key := strings.Join(args, "\x00")
	b.mu.Lock()
	out, ok := b.known[key]
	b.mu.Unlock()
	if ok {
		return out, nil
	}
	out, err := b.git(ctx, args...)
	if err == nil {
		b.mu.Lock()
		b.known[key] = out
		b.mu.Unlock()
	}
	return out, err
}

// create makes the repository.
func (b *bare) create(ctx context.Context, branch string) error {
	if _, err := b.git(ctx, "init", "-q", "--bare", "--initial-branch="+branch, b.dir); err != nil {
		return err
	}
	for _, kv := range [][2]string{{"gc.auto", "0"}, {"core.fsync", "none"}, {"receive.autogc", "false"}, {"http.receivepack", "true"}, {"core.logAllRefUpdates", "true"}} {
		if _, err := b.git(ctx, "config", kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

// branches are the tips of all branches.
func (b *bare) branches(ctx context.Context) (map[string]string, error) {
	out, err := b.git(ctx, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.Lines(out) {
		oid, ref, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[strings.TrimPrefix(ref, "refs/heads/")] = oid
	}
	return refs, nil
}

// ancestor reports whether one commit is in the history of another.
func (b *bare) ancestor(ctx context.Context, old, young string) (bool, error) {
	out, err := b.fact(ctx, "rev-list", "--max-count=1", young+".."+old)
	return out == "", err
}

// commits are those of a range, oldest first.
func (b *bare) commits(ctx context.Context, from, to string) ([]string, error) {
	out, err := b.fact(ctx, "rev-list", "--reverse", "--topo-order", from+".."+to)
	return strings.Fields(out), err
}

// errConflict says that commits do not merge.
var errConflict = errors.New("merge conflict")

// mergeTree merges two commits and returns the tree.
func (b *bare) mergeTree(ctx context.Context, ours, theirs string) (string, error) {
	out, err := b.fact(ctx, "merge-tree", "--write-tree", ours, theirs)
	if e, ok := errors.AsType[*xec.Error](err); ok && e.Code == 1 {
		return "", errConflict
	}
	tree, _, _ := strings.Cut(out, "\n")
	return tree, err
}

// commitTree makes a commit.
func (b *bare) commitTree(ctx context.Context, tree, message string, author someone, parents ...string) (string, error) {
	args := []string{"commit-tree", tree, "-F", "-"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	env := []string{
		"GIT_AUTHOR_NAME=" + author.name, "GIT_AUTHOR_EMAIL=" + author.email,
		"GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com",
	}
	if author.date != "" {
		env = append(env, "GIT_AUTHOR_DATE="+author.date)
	}
	return b.run(ctx, message, env, args...)
}

// pick puts the change of a commit onto another.
func (b *bare) pick(ctx context.Context, commit, onto string) (string, error) {
	// git before 2.40 cannot be told the base of a merge, so that it is made to find
	// the right one: the target's tree as a child of the picked commit's parent.
	parent, err := b.fact(ctx, "rev-parse", commit+"^")
	if err != nil {
		return "", err
	}
	stand, err := b.commitTree(ctx, onto+"^{tree}", "stands for "+onto, someone{"hub", "hub@example.invalid", ""}, parent)
	if err != nil {
		return "", err
	}
	tree, err := b.mergeTree(ctx, stand, commit)
	if err != nil {
		return "", err
	}
	said, err := b.fact(ctx, "show", "-s", "--format=%an%n%ae%n%aI%n%B", commit)
	if err != nil {
		return "", err
	}
	lines := strings.SplitN(said, "\n", 4)
	if len(lines) < 4 {
		return "", fmt.Errorf("commit %s has no author", commit)
	}
	return b.commitTree(ctx, tree, lines[3], someone{lines[0], lines[1], lines[2]}, onto)
}

// write makes a commit in which a file holds a text, on a parent if there is one.
func (b *bare) write(ctx context.Context, parent, message string, author someone, path, text string) (string, error) {
	dir, err := os.MkdirTemp(b.home, "index")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	var parents []string
	if parent != "" {
		parents = []string{parent}
		if _, err := b.run(ctx, "", env, "read-tree", parent); err != nil {
			return "", err
		}
	}
	blob, err := b.run(ctx, text, nil, "hash-object", "-w", "--stdin")
	if err != nil {
		return "", err
	}
	if _, err := b.run(ctx, "", env, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path); err != nil {
		return "", err
	}
	tree, err := b.run(ctx, "", env, "write-tree")
	if err != nil {
		return "", err
	}
	return b.commitTree(ctx, tree, message, author, parents...)
}

// set moves a branch, or removes it when oid is "".
func (b *bare) set(ctx context.Context, branch, oid string) error {
	if oid == "" {
		_, err := b.git(ctx, "update-ref", "-d", "refs/heads/"+branch)
		return err
	}
	_, err := b.git(ctx, "update-ref", "refs/heads/"+branch, oid)
	return err
}

// file returns the text of a file in a commit, false when there is none.
func (b *bare) file(ctx context.Context, oid, path string) (string, bool) {
	out, err := b.fact(ctx, "cat-file", "blob", oid+":"+path)
	return out, err == nil
}

// changed is a file that a pull request changes.
type changed struct {
	path           string
	added, removed int
}

func (b *bare) diff(ctx context.Context, from, to string) ([]changed, error) {
	out, err := b.fact(ctx, "diff", "--numstat", "-z", "--no-renames", from+"..."+to)
	if err != nil {
		return nil, err
	}
	var files []changed
	for line := range strings.SplitSeq(out, "\x00") {
		fields := strings.SplitN(line, "\t", 3)
		if len(fields) < 3 {
			continue
		}
		var c changed
		c.path = fields[2]
		_, _ = fmt.Sscan(fields[0], &c.added) // "-" of a binary file is 0
		_, _ = fmt.Sscan(fields[1], &c.removed)
		files = append(files, c)
	}
	return files, nil
}
