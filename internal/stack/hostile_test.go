package stack_test

import (
	"os"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
)

// What an agent writes into the repository's own configuration does nothing.
func TestScenario14HostileConfiguration(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.free("b")
	m.run("repo", "branch", "backup", "a")
	ran := m.script("evil", `echo "$@" >>`+m.path("ran"))
	for key, value := range map[string]string{
		"spice.shorthand.branch": "!" + ran, "spice.shorthand.log": "!" + ran, "spice.forge.github.apiUrl": "http://127.0.0.1:9",
		"rebase.updateRefs": "true", "commit.gpgSign": "true", "gpg.program": ran, "core.hooksPath": m.path("hooks"), "core.fsmonitor": ran,
		"core.editor": ran, "sequence.editor": ran, "merge.evil.driver": ran, "filter.evil.clean": ran, "filter.evil.smudge": ran, "core.pager": ran,
	} {
		m.run("repo", "config", key, value)
	}
	for _, hook := range []string{"pre-rebase", "post-checkout", "post-rewrite", "post-commit", "reference-transaction", "prepare-commit-msg", "post-index-change"} {
		m.script("hooks/"+hook, `echo `+hook+` >>`+m.path("ran"))
		m.script("repo/.git/hooks/"+hook, `echo `+hook+` >>`+m.path("ran"))
	}
	m.write("wt-a/.gitattributes", "* merge=evil filter=evil\n")
	// The agent's own git, which is none of hf's, does run it all.
	quiet := []string{"-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=false", "-c", "filter.evil.clean=cat"}
	m.run("wt-a", append(quiet, "add", "-A")...)
	m.run("wt-a", append(quiet, "commit", "-qm", "attributes")...)
	m.run("repo", append(quiet, "commit", "-qm", "trunk", "--allow-empty")...)
	_ = os.Remove(m.path("ran"))
	backup := m.tip("backup")

	m.restack(stack.RestackRequest{}, "a restacked", "b restacked")
	m.reparent(stack.ReparentRequest{Branch: "b", Onto: "main"}, "b restacked")
	if err := m.eng.Rename(t.Context(), m.in(), "b", "c"); err != nil {
		t.Error(err)
	}
	if said, err := m.tryRead("ran"); err == nil {
		t.Errorf("it ran:\n%s", said)
	}
	if m.tip("backup") != backup {
		t.Error("a branch that is in no stack has moved")
	}
	if m.run("repo", "config", "--local", "--get", "rebase.updateRefs") != "true" {
		t.Error("the configuration of the repository has changed")
	}
}
