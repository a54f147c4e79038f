package git

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// CreateBranch makes a branch at a commit. It sets no upstream. A branch that
// is there already, whatever its commit, is an error with api.CodeExists.
func (r *Runner) CreateBranch(ctx context.Context, repo Repo, name, commit string) error {
	if err := CheckBranchName(name); err != nil {
		return err
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	in := repo.in()
	id, err := r.resolve(ctx, in, commit)
	if err != nil {
		return err
	}
	err = fault.Around("git.branch.create", func() error {
		_, err := r.output(ctx, in, "update-ref", "--create-reflog", "-m", "branch: created by hf", "refs/heads/"+name, id, strings.Repeat("0", len(id)))
		return err
	})
	if err == nil {
		return nil
	}
	if _, exists, probe := r.Branch(ctx, repo, name); probe == nil && exists {
		return branchExists(name)
	}
	return failed(fmt.Sprintf("create branch %q", name), err)
}

// Branch returns the commit a local branch is at. One with a control character
// in its name is none that hf works with.
func (r *Runner) Branch(ctx context.Context, repo Repo, name string) (commit string, exists bool, err error) {
	if strings.ContainsFunc(name, isControl) {
		return "", false, nil
	}
	commit, err = r.line(ctx, repo.in(), "rev-parse", "--verify", "--quiet", "refs/heads/"+name)
	if code := exitCode(err); code == 1 || code == 128 {
		return "", false, nil
	}
	if err != nil {
		return "", false, failed(fmt.Sprintf("look for branch %q", name), err)
	}
	return commit, true, nil
}

// DeleteBranch deletes a local branch that is still at a commit. It is not an
// error when there is none.
func (r *Runner) DeleteBranch(ctx context.Context, repo Repo, name, commit string) error {
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	at, exists, err := r.Branch(ctx, repo, name)
	if err != nil || !exists {
		return err
	}
	if at != commit {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("branch %q has moved to %.12s", name, at)}
	}
	err = fault.Around("git.branch.delete", func() error {
		_, err := r.output(ctx, repo.in(), "update-ref", "-d", "refs/heads/"+name, commit)
		return err
	})
	if err != nil {
		return failed(fmt.Sprintf("delete branch %q", name), err)
	}
	return nil
}

// FreeBranch returns want, or want-2, want-3 and so on: the first name that no
// local branch, branch of a remote or reserved name collides with. Names that
// differ only in case collide, and so do `a` and `a/b`.
func (r *Runner) FreeBranch(ctx context.Context, repo Repo, want string, reserved func(name string) bool) (string, error) {
	if err := CheckBranchName(want); err != nil {
		return "", err
	}
	taken, err := r.takenNames(ctx, repo)
	if err != nil {
		return "", err
	}
	for dir := range parents(want) {
		if taken.branches[strings.ToLower(dir)] || (reserved != nil && reserved(dir)) {
			want = strings.ReplaceAll(want, "/", "-") // no number makes room below a branch
			break
		}
	}
	for n := 1; ; n++ {
		name := want
		if n > 1 {
			suffix := "-" + strconv.Itoa(n)
			name = strings.ToValidUTF8(want[:min(len(want), maxBranch-len(suffix))], "") + suffix
		}
		if !taken.has(name) && (reserved == nil || !reserved(name)) {
			return name, nil
		}
	}
}

// BranchClash returns the local branch that rules out a new one of a name, or
// "": the same name, whatever the case of its letters, or one that would have
// to be a directory and a file at once. Some file systems let names that differ
// only in case overwrite each other.
func (r *Runner) BranchClash(ctx context.Context, repo Repo, name string) (string, error) {
	out, err := r.output(ctx, repo.in(), "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
	if err != nil {
		return "", failed("list branches", err)
	}
	return Clash(strings.Fields(string(out)), name), nil
}

// Clash is BranchClash for given names.
func Clash(names []string, name string) string {
	want := strings.ToLower(name)
	for _, other := range names {
		have := strings.ToLower(other)
		if have == want || strings.HasPrefix(have, want+"/") || strings.HasPrefix(want, have+"/") {
			return other
		}
	}
	return ""
}

// names is a set of branch names and of the directories above them, in lower
// case.
type names struct{ branches, dirs map[string]bool }

func (n names) has(name string) bool {
	name = strings.ToLower(name)
	if n.branches[name] || n.dirs[name] {
		return true
	}
	for dir := range parents(name) {
		if n.branches[dir] {
			return true
		}
	}
	return false
}

// parents yields a/b and a for a/b/c.
func parents(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
			if !yield(name[:i]) {
				return
			}
		}
	}
}

func (r *Runner) takenNames(ctx context.Context, repo Repo) (names, error) {
	taken := names{branches: map[string]bool{}, dirs: map[string]bool{}}
	out, err := r.output(ctx, repo.in(), "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes")
	if err != nil {
		return taken, failed("list branches", err)
	}
	for ref := range strings.FieldsSeq(string(out)) {
		name := branchOf(ref)
		if name == "" {
			continue
		}
		name = strings.ToLower(name)
		taken.branches[name] = true
		for dir := range parents(name) {
			taken.dirs[dir] = true
		}
	}
	return taken, nil
}
