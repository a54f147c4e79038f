package repo

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// maxImport bounds how many repositories are added by one request.
const maxImport = 5000

// Importable returns a page of the repositories of an organisation or a user,
// and which of them the workspace has.
func (s *Service) Importable(ctx context.Context, in api.ListImport) (api.ImportPage, error) {
	host := forge.CanonicalHost(in.Host)
	if host == "" {
		host = forge.DefaultHost
	}
	out := api.ImportPage{Host: host, Owner: in.Owner}
	if in.Owner == "" {
		return out, &api.Error{Code: api.CodeInvalid, Message: "whose repositories is not said", Hint: "name an organisation or a user"}
	}
	client, err := s.cfg.Forges.Client(ctx, host, in.Env)
	if err != nil {
		return out, err
	}
	page, err := client.Repositories(ctx, in.Owner, in.Cursor)
	if err != nil {
		return out, err
	}
	known, err := s.List(ctx, in.Workspace)
	if err != nil {
		return out, err
	}
	out.Total, out.Next = page.Total, page.Next
	for _, r := range page.Repositories {
		i := api.Importable{
			Name: r.Repository.Name, Remote: r.CloneURL, Description: r.Description, Private: r.Private, Fork: r.Fork,
			Archived: r.Archived, Empty: r.Empty, SizeKiB: r.SizeKiB, PushedAt: r.PushedAt.UTC(),
		}
		key := RemoteKey(r.CloneURL)
		if at := slices.IndexFunc(known, func(k task.Repo) bool { return key != "" && RemoteKey(k.Remote) == key }); at >= 0 {
			i.Repo, i.State = known[at].Name, known[at].State
		}
		out.Repos = append(out.Repos, i)
	}
	return out, nil
}

// Import adds repositories by their remotes, all or none, and clones them in the
// background. Those that are known already are returned as they are; clones that
// failed are tried again.
func (s *Service) Import(ctx context.Context, request string, in api.ImportRepos) ([]task.Repo, error) {
	if len(in.Remotes) == 0 || len(in.Remotes) > maxImport {
		return nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("1 to %d repositories are imported at a time, not %d", maxImport, len(in.Remotes))}
	}
	remotes := make([]remoteURL, 0, len(in.Remotes))
	for _, spec := range in.Remotes {
		u, err := parseRemote(spec)
		if err != nil {
			return nil, err
		}
		remotes = append(remotes, u)
	}
	s.adding.Lock()
	defer s.adding.Unlock()
	var out []task.Repo
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		out = nil
		if done, err := replay(tx, request, &out); done || err != nil {
			return err
		}
		repos, err := tx.Repos(in.Workspace)
		if err != nil {
			return err
		}
		for _, u := range remotes {
			key := RemoteKey(u.String())
			known := func(other task.Repo) bool { return RemoteKey(other.Remote) == key }
			r, err := s.putIn(tx, repos, newClone(in.Workspace, u), "", namesOf(u), known)
			if err != nil {
				return err
			}
			out, repos = append(out, r), append(repos, r)
		}
		return remember(tx, request, out)
	})
	if err != nil {
		return nil, err
	}
	for _, r := range out {
		if r.Managed && r.State == api.RepoCloning {
			s.clone(r, in.Env, s.slots)
		}
	}
	return out, nil
}

// newClone is a repository that is to be cloned.
func newClone(workspace string, u remoteURL) task.Repo {
	return task.Repo{Workspace: workspace, Remote: u.String(), Managed: true, State: api.RepoCloning}
}

// namesOf are the names that suggest themselves for a clone.
func namesOf(u remoteURL) []string { return []string{u.name(), u.owner() + "-" + u.name()} }
