package repo_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/repo"
	"github.com/hf-dev/hf/pkg/api"
)

func TestImportClonesInTheBackgroundAndAddsOnlyWhatIsMissing(t *testing.T) {
	f := newFixture(t)
	var remotes []string
	for i := range 6 {
		name := fmt.Sprintf("srv/repo%d.git", i)
		f.plain(".", "clone", "-q", "--bare", "srv/origin.git", name)
		remotes = append(remotes, "file://"+f.path(name))
	}
	if err := os.Rename(f.path("srv/repo5.git"), f.path("srv/away.git")); err != nil {
		t.Fatal(err)
	}
	in := api.ImportRepos{Workspace: "default", Remotes: remotes[:4]}
	// Not started: as if hfd died right after it answered.
	first, err := f.repos.Import(t.Context(), "r1", in)
	if err != nil || len(first) != 4 || first[3].State != api.RepoCloning || first[3].Name != "repo3" {
		t.Fatalf("import %+v, %v", first, err)
	}
	again, err := f.repos.Import(t.Context(), "r1", in)
	if err != nil || len(again) != 4 || again[0].ID != first[0].ID {
		t.Errorf("the same request: %+v, %v", again, err)
	}
	next := f.service()
	defer next.Close()
	if err := next.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	in.Remotes = remotes
	all, err := next.Import(t.Context(), "r2", in)
	if err != nil || len(all) != 6 || all[0].ID != first[0].ID {
		t.Fatalf("import %+v, %v", all, err)
	}
	for i := range 5 {
		if r := f.settled(fmt.Sprintf("repo%d", i)); r.State != api.RepoReady {
			t.Errorf("repo %+v", r)
		}
	}
	if r := f.settled("repo5"); r.State != api.RepoError {
		t.Errorf("repo %+v", r)
	}
	if err := os.Rename(f.path("srv/away.git"), f.path("srv/repo5.git")); err != nil {
		t.Fatal(err)
	}
	if _, err := next.Import(t.Context(), "r3", in); err != nil {
		t.Fatal(err)
	}
	if r := f.settled("repo5"); r.State != api.RepoReady {
		t.Errorf("what failed was not tried again: %+v", r)
	}
	if list, err := next.List(t.Context(), "default"); err != nil || len(list) != 6 {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	f := newFixture(t)
	for _, remotes := range [][]string{nil, {f.origin(), "ext::sh -c true"}} {
		if _, err := f.repos.Import(t.Context(), "", api.ImportRepos{Workspace: "default", Remotes: remotes}); !api.IsCode(err, api.CodeInvalid) {
			t.Errorf("import of %q: %v", remotes, err)
		}
	}
	if list, err := f.repos.List(t.Context(), "default"); err != nil || len(list) != 0 {
		t.Errorf("list %+v, %v", list, err)
	}
	s := repo.New(repo.Config{Store: adapter{f.store}, Git: f.git, Dir: filepath.Join(f.dir, "repos"), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if _, err := s.Importable(t.Context(), api.ListImport{}); !api.IsCode(err, api.CodeInvalid) {
		t.Errorf("of nobody: %v", err)
	}
}
