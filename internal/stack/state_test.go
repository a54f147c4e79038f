package stack_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

func TestScenario01Init(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, gitSpice(t))
	initialise := func(trunk, remote string) error { return m.eng.Init(t.Context(), m.in(), trunk, remote) }
	for _, c := range [][2]string{{"none", ""}, {"main", "nope"}, {"", ""}, {"-x", ""}} {
		if err := initialise(c[0], c[1]); err == nil {
			t.Errorf("trunk %q, remote %q: no error", c[0], c[1])
		}
	}
	if f := m.state(); f.Commit != "" {
		t.Errorf("a refused init has left something: %+v", f)
	}
	for range 2 {
		if err := initialise("main", ""); err != nil {
			t.Fatal(err)
		}
	}
	if f := m.state(); f.Trunk != "main" || f.Remote != "" {
		t.Errorf("%+v", f)
	}
	m.run("repo", "remote", "add", "origin", "https://example.invalid/x")
	m.run("repo", "remote", "add", "fork", "https://example.invalid/y")
	m.run("repo", "branch", "trunk")
	if err := initialise("trunk", ""); !api.IsCode(err, api.CodeInvalid) {
		t.Errorf("two remotes and none named: %v", err)
	}
	if err := initialise("trunk", "fork"); err != nil {
		t.Fatal(err)
	}
	if f := m.state(); f.Trunk != "trunk" || f.Remote != "fork" {
		t.Errorf("%+v", f)
	}
	m.branch("a", "trunk")
	if err := initialise("a", "fork"); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("a tracked branch as the trunk: %v", err)
	}
	m.tidy()
}

// What a newer git-spice wrote can be read, and an old one says so.
func TestScenario01NewerStore(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, gitSpice(t))
	m.run("repo", "branch", "a")
	m.plant(map[string]string{
		"version": "2", "repo": `{"trunk":"main","remote":"origin","upstream":"up"}`,
		"branches/feat/x": `{"base":{"name":"main","hash":"` + m.tip("main") + `"},"upstream":{"branch":"me/x"},` +
			`"change":{"github":{"pr":{"number":7,"gqlID":"P"},"comment":{"gqlID":"C","url":"https://github.com/o/r/pull/7#issuecomment-1"}}},"merged":[],"new":1}`,
		"branches/lab": `{"base":{"name":"feat/x","hash":"1"},"change":{"gitlab":{"number":3}}}`,
		"templates":    "?", "rebase-continue": "{}",
	})
	f := m.state()
	x, ok := f.Branches["feat/x"]
	if !ok || x.Upstream != "me/x" || x.Change == nil || *x.Change != (stack.Change{Forge: "github", Number: 7, URL: "https://github.com/o/r/pull/7"}) {
		t.Errorf("%+v", f)
	}
	if c := f.Branches["lab"].Change; c == nil || c.Number != 3 {
		t.Errorf("%+v", c)
	}
	err := m.eng.Track(t.Context(), m.in(), "a", "main")
	if err != nil && !api.IsCode(err, api.CodeTooOld) {
		t.Errorf("an older git-spice on newer data: %v", err)
	}
	m.plant(map[string]string{"version": "3"})
	if _, err := m.eng.State(t.Context(), m.repo); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("data of an unknown layout: %v", err)
	}
	m.plant(map[string]string{"version": "1", "branches/bad": "{"})
	if _, err := m.eng.State(t.Context(), m.repo); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("broken data: %v", err)
	}
}

// Reading starts no git-spice and changes nothing, however many branches.
func TestScenario02Reading(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, "")
	m.recorder("")
	f := m.state()
	if f.Commit != "" || len(f.Branches) != 0 {
		t.Errorf("%+v", f)
	}
	if _, err := m.try("repo", "rev-parse", "-q", "--verify", "refs/spice/data"); err == nil {
		t.Error("reading has initialised the repository")
	}
	if _, err := m.eng.Restack(t.Context(), m.in(), stack.RestackRequest{Scope: stack.All, OnConflict: stack.Abort}); !api.IsCode(err, api.CodeNotFound) {
		t.Errorf("restacking where there is no stack: %v", err)
	}
	files := map[string]string{"version": "1", "repo": `{"trunk":"main","remote":""}`}
	at, base := m.tip("main"), "main"
	var refs strings.Builder
	for i := range 200 {
		name := fmt.Sprintf("b%03d", i)
		files["branches/"+name] = fmt.Sprintf(`{"base":{"name":%q,"hash":%q}}`, base, at)
		fmt.Fprintf(&refs, "%s refs/heads/%s\n", at, name)
		if i%10 != 9 {
			base = name
		} else {
			base = "main"
		}
	}
	m.write("repo/.git/packed-refs", "# pack-refs with: peeled fully-peeled sorted\n"+refs.String())
	m.plant(files)
	f = m.state()
	if len(f.Branches) != 200 || len(f.Order()) != 200 || len(f.Above("b000")) != 10 || len(f.Path("b009")) != 10 {
		t.Errorf("%d branches, %d in order", len(f.Branches), len(f.Order()))
	}
	rep, err := m.eng.Restack(t.Context(), m.in(), stack.RestackRequest{Scope: stack.All, OnConflict: stack.Abort})
	if err != nil || len(rep.Results) != 200 || len(rep.Moves()) != 0 {
		t.Errorf("%d results, %v", len(rep.Results), err)
	}
	if _, err := m.eng.InProgress(t.Context(), m.repo); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"argv", "environ"} {
		if _, err := m.tryRead(name); err == nil {
			t.Error("git-spice was started though there was nothing to do")
		}
	}
}

func forest(pairs ...string) stack.Forest {
	f := stack.Forest{Trunk: "main", Branches: map[string]stack.Branch{}}
	for _, p := range pairs {
		name, base, _ := strings.Cut(p, " ")
		f.Branches[name] = stack.Branch{Name: name, Base: base}
	}
	return f
}

func TestForest(t *testing.T) {
	t.Parallel()
	f := forest("a main", "b a", "c b", "d a", "x main", "p q", "q p", "s s")
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"children of a", f.Children("a"), []string{"b", "d"}},
		{"above a", f.Above("a"), []string{"a", "b", "c", "d"}},
		{"above main", f.Above("main"), []string{"a", "b", "c", "d", "x"}},
		{"path to c", f.Path("c"), []string{"a", "b", "c"}},
		{"path to main", f.Path("main"), nil},
		{"above p, in a ring", f.Above("p"), []string{"p", "q"}},
		{"path to p, in a ring", f.Path("p"), []string{"q", "p"}},
		{"path to s, on itself", f.Path("s"), []string{"s"}},
		{"order", f.Order(), []string{"a", "b", "c", "d", "x", "p", "q", "s"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}
