package git_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hf-dev/hf/internal/git"
)

func TestSeenBranches(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"refs/heads/feat/loose", "refs/remotes/origin/feat/there", "refs/tags/feat/tag"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packed := "# pack-refs with: peeled\n1 refs/heads/Feat/Packed\n1 refs/remotes/origin/feat/far\n1 refs/tags/feat/old\n^2\n"
	if err := os.WriteFile(filepath.Join(dir, "packed-refs"), []byte(packed), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := new(git.Runner).SeenBranches(dir)
	for name, want := range map[string]bool{
		"feat/loose": true, "feat/there": true, "feat/packed": true, "feat/far": true, "feat": true,
		"feat/tag": false, "feat/old": false, "feat/none": false, "far": false,
	} {
		if seen(name) != want {
			t.Errorf("seen(%q) = %v", name, !want)
		}
	}
}

func TestSeenBranchesOfNonsense(t *testing.T) {
	dir := t.TempDir()
	if new(git.Runner).SeenBranches(dir)("x") {
		t.Error("an empty directory has branches")
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "packed-refs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if new(git.Runner).SeenBranches(dir)("x") { // and does not wait for a writer
		t.Error("a pipe has branches")
	}
}
