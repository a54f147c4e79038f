package forgetest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// spiceDesk is a desk with git-spice, set up in the clone.
func spiceDesk(t *testing.T, s forgetest.Settings) *desk {
	t.Helper()
	program := os.Getenv("HF_TEST_GIT_SPICE")
	if program == "" {
		t.Skip("HF_TEST_GIT_SPICE is not set: scripts/git-spice.sh prints it")
	}
	d := newDesk(t, s, forgetest.Options{})
	d.env = append(d.env, "SPICE="+program)
	d.spice("repo", "init", "--trunk", "main", "--remote", "origin")
	return d
}

func (d *desk) spice(args ...string) string {
	d.t.Helper()
	return d.run(append([]string{os.Getenv("HF_TEST_GIT_SPICE"), "--no-prompt"}, args...)...)
}

func (d *desk) wants(out, text string) {
	d.t.Helper()
	if !strings.Contains(out, text) {
		d.t.Errorf("no %q in:\n%s", text, out)
	}
}

// The whole of what git-spice does with GitHub: submit a stack, update it, draft and
// ready, comments that navigate, a merge from outside, sync and retarget.
func TestGitSpice(t *testing.T) {
	d := spiceDesk(t, forgetest.Settings{DeleteBranchOnMerge: true})
	for _, layer := range [][2]string{{"a", "main"}, {"b", "a"}, {"c", "b"}} {
		d.commit(layer[0], layer[1], layer[0]+".txt", layer[0]+"\n")
		d.spice("branch", "track", "--base", layer[1])
	}
	d.wants(d.spice("stack", "submit", "--fill", "--draft", "--label", "stacked", "--assign", "ada"), "Created #3: https://github.com/acme/demo/pull/3")
	if p := d.pull(2); p.Base != "a" || p.Head != "b" || !p.Draft || p.Title != "Change b.txt" || len(p.Comments) != 1 || !strings.Contains(p.Comments[0], "#3") {
		t.Errorf("%+v", p)
	}
	d.wants(d.spice("stack", "submit", "--no-draft"), "Updated #2")
	if p := d.pull(2); p.Draft {
		t.Errorf("%+v", p)
	}
	d.wants(d.spice("stack", "submit"), "CR #1 is up-to-date")

	d.git("checkout", "-q", "a")
	d.change("a.txt", "more\n")
	d.spice("upstack", "restack")
	d.wants(d.spice("stack", "submit"), "Updated #3")
	if p := d.pull(3); p.HeadOid != d.git("rev-parse", "c") {
		t.Errorf("%+v", p)
	}
	d.wants(d.spice("log", "short", "--all", "--json", "--cr-status"), `"status":"open"`)

	d.check(d.repo.Merge(1, "bob", "squash"))
	d.git("checkout", "-q", "c")
	out := d.spice("repo", "sync", "--restack")
	d.wants(out, "#1 was merged")
	d.wants(out, "a: deleted")
	d.spice("stack", "submit")
	if p := d.pull(2); p.Base != "main" || p.State != "OPEN" || p.HeadOid != d.git("rev-parse", "b") {
		t.Errorf("%+v", p)
	}
	if n := strings.Count(d.git("log", "--format=%s", "main..c"), "\n") + 1; n != 2 {
		t.Errorf("c has %d commits of its own and of b, want 2", n)
	}
	d.check(d.repo.Close(3, "bob"))
	d.wants(d.spice("repo", "sync"), "#3 was closed but not merged")
}

// A host of GitHub Enterprise: another address, and git over http.
func TestGitSpiceOfEnterprise(t *testing.T) {
	d := spiceDesk(t, forgetest.Settings{})
	d.env = append(d.env, "GITHUB_URL="+d.hub.URL(), "GITHUB_API_URL=")
	remote := strings.Replace(d.repo.HTTP(), "//", "//x-access-token:"+d.token+"@", 1)
	d.git("remote", "set-url", "origin", remote)
	d.commit("a", "main", "a.txt", "a\n")
	d.spice("branch", "track", "--base", "main")
	d.wants(d.spice("branch", "submit", "--fill"), "Created #1")
	if p := d.pull(1); p.Head != "a" || d.hub.Count("createPullRequest") != 1 {
		t.Errorf("%+v", p)
	}
}
