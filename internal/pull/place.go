package pull

import (
	"context"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
)

// upstream is the remote that a fork's pull requests go to, as people and gh
// call it.
const upstream = "upstream"

// Place is where the pull requests of a repo are.
type Place struct {
	At     forge.Repository // that has the pull requests
	Own    string           // the owner of the repository that hf pushes to: At's, unless that is a fork
	Remote string           // the name of the remote that hf pushes to
}

// Head is what a forge calls a branch that hf pushed.
func (p Place) Head(branch string) string {
	if strings.EqualFold(p.Own, p.At.Owner) {
		return branch
	}
	return p.Own + ":" + branch
}

// Find says where the pull requests of a repo are. It is not ok for a repo
// without a forge. A checkout of a fork has its pull requests where the remote
// "upstream" of the same host is.
func Find(ctx context.Context, g Git, isForge func(host string) bool, r *task.Repo) (p Place, ok bool, err error) {
	at := git.Repo{Top: r.Path, GitDir: r.GitDir}
	name, address, err := g.Remote(ctx, at)
	if err != nil {
		return Place{}, false, err
	}
	own, ok := forge.ParseRemote(address, isForge)
	if !ok {
		return Place{}, false, nil
	}
	p = Place{At: own, Own: own.Owner, Remote: name}
	if name == upstream {
		return p, true, nil
	}
	remotes, err := g.Remotes(ctx, at)
	if err != nil {
		return Place{}, false, err
	}
	if base, ok := forge.ParseRemote(remotes[upstream], isForge); ok && base.Host == own.Host {
		p.At = base
	}
	return p, true, nil
}

// branchOf is the branch of a pull request: of the repository that hf pushes to
// by its name alone, of another with the owner before it.
func branchOf(p *forge.PullRequest, own string) string {
	if strings.EqualFold(p.HeadOwner, own) || p.HeadOwner == "" && !p.CrossRepo {
		return p.HeadBranch
	}
	return p.HeadOwner + ":" + p.HeadBranch
}
