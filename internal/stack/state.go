package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// dataRef is where git-spice keeps what it knows. Its format is its own: hf
// reads it, and at most puts back a commit that was there before.
const dataRef = "refs/spice/data"

// maxStore is the newest layout of the data that hf can read.
const maxStore = 2

// State reads the stacks of a repository. It starts no git-spice, writes nothing
// and never initialises: a repository without stacks has an empty forest.
func (e *Engine) State(ctx context.Context, repo git.Repo) (Forest, error) {
	commit, files, err := e.git.ReadTree(ctx, repo, dataRef)
	if err != nil || commit == "" {
		return Forest{Branches: map[string]Branch{}}, err
	}
	return parseState(commit, files)
}

// parseState reads the files of git-spice's data.
func parseState(commit string, files map[string][]byte) (Forest, error) {
	f := Forest{Commit: commit, Branches: map[string]Branch{}}
	version := 1
	if text, ok := files["version"]; ok {
		if err := json.Unmarshal(text, &version); err != nil {
			return Forest{}, unreadable("version", err)
		}
	}
	if version > maxStore {
		return Forest{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("git-spice keeps its data in layout %d here, which this hf does not know", version),
			Hint: "upgrade hf",
		}
	}
	var repo struct{ Trunk, Remote string }
	if err := json.Unmarshal(files["repo"], &repo); err != nil {
		return Forest{}, unreadable("repo", err)
	}
	f.Trunk, f.Remote = repo.Trunk, repo.Remote
	for path, text := range files {
		name, ok := strings.CutPrefix(path, "branches/")
		if !ok {
			continue
		}
		b, err := parseBranch(name, text)
		if err != nil {
			return Forest{}, err
		}
		f.Branches[name] = b
	}
	return f, nil
}

func parseBranch(name string, text []byte) (Branch, error) {
	var data struct {
		Base struct {
			Name, Hash string
		}
		Upstream struct {
			Branch string
		}
		Change map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &data); err != nil {
		return Branch{}, unreadable("branches/"+name, err)
	}
	return Branch{
		Name: name, Base: data.Base.Name, BaseHash: data.Base.Hash,
		Upstream: data.Upstream.Branch, Change: parseChange(data.Change),
	}, nil
}

// parseChange finds the number of a pull request in what a forge's part of
// git-spice wrote. Each has its own words for it.
func parseChange(forges map[string]json.RawMessage) *Change {
	names := make([]string, 0, len(forges))
	for name := range forges {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var data struct {
			Number  int
			IID     int
			ID      int
			PR, MR  struct{ Number, IID, ID int }
			Comment struct{ URL string }
		}
		if json.Unmarshal(forges[name], &data) != nil {
			continue // that forge writes it in another way
		}
		for _, n := range []int{data.PR.Number, data.MR.IID, data.MR.Number, data.PR.ID, data.Number, data.IID, data.ID} {
			if n > 0 {
				url, _, _ := strings.Cut(data.Comment.URL, "#")
				return &Change{Forge: name, Number: n, URL: url}
			}
		}
	}
	return nil
}

func unreadable(what string, err error) error {
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("git-spice's data has no readable %s: %v", what, err),
		Hint: "git-spice repo init --reset, and track the branches again",
	}
}
