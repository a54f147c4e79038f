package repo

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestNumbers(t *testing.T) {
	for answer, want := range map[string][]int{
		"": nil, "1": {1}, "2,4": {2, 4}, "3-5, 1": {1, 3, 4, 5}, "all": {1, 2, 3, 4, 5}, "5 5 4-5": {4, 5},
	} {
		if got, err := numbers(answer, 5); err != nil || !slices.Equal(got, want) {
			t.Errorf("numbers(%q) = %v, %v", answer, got, err)
		}
	}
	for _, answer := range []string{"0", "6", "2-1", "x", "1-", "-3", "1-9", "none"} {
		if got, err := numbers(answer, 5); err == nil {
			t.Errorf("numbers(%q) = %v", answer, got)
		}
	}
}

// hub is a daemon with an organisation of two pages.
type hub struct {
	*clitest.Daemon
	asked []api.ImportRepos
}

func (h *hub) ListImport(_ context.Context, in api.ListImport) (api.ImportPage, error) {
	if in.Cursor == "" {
		return api.ImportPage{Total: 4, Next: "2", Repos: []api.Importable{
			{Name: "web", Remote: "https://github.com/acme/web"}, {Name: "old", Remote: "https://github.com/acme/old", Archived: true},
		}}, nil
	}
	return api.ImportPage{Repos: []api.Importable{
		{Name: "api", Remote: "https://github.com/acme/api"}, {Name: "known", Remote: "https://github.com/acme/known", Repo: "known", State: api.RepoReady},
	}}, nil
}

func (h *hub) ImportRepos(_ context.Context, in api.ImportRepos) (api.RepoList, error) {
	h.asked = append(h.asked, in)
	var l api.RepoList
	for _, r := range in.Remotes {
		l.Repos = append(l.Repos, api.Repo{Name: r[len("https://github.com/acme/"):], State: api.RepoCloning, Remote: r})
	}
	return l, nil
}

func TestImportAsksOnATerminal(t *testing.T) {
	for answer, want := range map[string][]string{
		"2\n": {"https://github.com/acme/web"}, "all\n": {"https://github.com/acme/api", "https://github.com/acme/web"}, "\n": nil,
	} {
		h := &hub{Daemon: &clitest.Daemon{}}
		io, in, out, errOut := iostreams.Test()
		io.SetTTY(true, true, true)
		in.WriteString(answer)
		cmd := newImport(factory.New(io, nil), func(ctx context.Context, o *importOptions) error {
			o.client = func() (importer, error) { return h, nil }
			o.env = clitest.Env
			return runImport(ctx, o)
		})
		if err := clitest.Run(t, cmd, "acme"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, in := range h.asked {
			got = append(got, in.Remotes...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("answer %q adds %q, want %q\n%s", answer, got, want, out)
		}
		if s := errOut.String(); !strings.Contains(s, "1  api") || strings.Contains(s, "known") || strings.Contains(s, "old") {
			t.Errorf("it offers\n%s", s)
		}
	}
}
