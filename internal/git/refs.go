package git

import (
	"context"
	"strings"
)

// Ref is a ref and what it points to.
type Ref struct {
	Name     string // in full
	Commit   string
	Symbolic string // the ref that it stands for, "" for an ordinary one
	Upstream string // the ref that a branch follows, "" for none; it may not exist
}

// Refs lists the refs below some prefixes, such as refs/heads, by one process
// whatever their number. What a ref points to may be missing.
func (r *Runner) Refs(ctx context.Context, repo Repo, prefixes ...string) ([]Ref, error) {
	args := append([]string{"for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)%00%(upstream)"}, prefixes...)
	out, err := r.output(ctx, repo.in(), args...)
	if err != nil {
		return nil, failed("list refs", err)
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) != 4 || strings.ContainsFunc(f[0], isControl) {
			continue // a name that hf does not work with
		}
		refs = append(refs, Ref{Name: f[0], Commit: f[1], Symbolic: f[2], Upstream: f[3]})
	}
	return refs, nil
}
