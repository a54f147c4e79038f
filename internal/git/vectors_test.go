package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// vector is a way for an agent to make somebody else's git run a program, or
// go to another place, by writing files in its worktree and its repository.
type vector struct {
	name  string
	plant func(p *planted)
}

// planted is a repository with a vector in it. A program that was run leaves
// the file ran behind.
type planted struct {
	*fixture
	w      string // the agent's worktree, relative
	script string
	ran    string
}

const admin = "repo/.git/worktrees/feat-x"

func (p *planted) config(key, value string) { p.git("repo", "config", "--local", key, value) }

func (p *planted) hook(dir, name string) {
	p.write(dir+"/"+name, "#!/bin/sh\n"+p.script+"\n")
	if err := os.Chmod(p.path(dir+"/"+name), 0o755); err != nil {
		p.Fatal(err)
	}
}

func (p *planted) attributes(line string) { p.write(p.w+"/.gitattributes", line+"\n") }

// touch makes git look at the content of a tracked file.
func (p *planted) touch() { p.write(p.w+"/README.md", "changed by the agent\n") }

func vectors() []vector {
	hook := func(name string) vector {
		return vector{"hook " + name, func(p *planted) { p.hook("repo/.git/hooks", name) }}
	}
	set := func(key string) vector {
		return vector{key, func(p *planted) { p.config(key, p.script); p.touch() }}
	}
	driver := func(attribute, key string) vector {
		return vector{key, func(p *planted) { p.attributes("* " + attribute); p.config(key, p.script); p.touch() }}
	}
	remote := func(name, url string, keys ...string) vector {
		return vector{name, func(p *planted) {
			p.config("remote.origin.url", url)
			for _, key := range keys {
				p.config(key, p.script)
			}
		}}
	}
	return []vector{
		hook("post-checkout"), hook("pre-commit"), hook("post-commit"), hook("post-index-change"), hook("reference-transaction"),
		hook("pre-push"), hook("post-merge"), hook("prepare-commit-msg"), hook("pre-auto-gc"),
		{"core.hooksPath", func(p *planted) {
			p.hook("evil", "post-checkout")
			p.hook("evil", "reference-transaction")
			p.hook("evil", "post-index-change")
			p.config("core.hooksPath", p.path("evil"))
		}},
		set("core.fsmonitor"), set("diff.external"), set("core.pager"), set("core.editor"), set("core.askPass"), set("core.alternateRefsCommand"),
		driver("filter=x", "filter.x.clean"), driver("filter=x", "filter.x.smudge"), driver("filter=x", "filter.x.process"),
		driver("diff=x", "diff.x.command"), driver("diff=x", "diff.x.textconv"), driver("merge=x", "merge.x.driver"),
		{"info/attributes", func(p *planted) {
			p.write("repo/.git/info/attributes", "* filter=x\n")
			p.config("filter.x.clean", p.script)
			p.config("filter.x.smudge", p.script)
			p.touch()
		}},
		{"core.attributesFile", func(p *planted) {
			p.write("attributes", "* filter=x\n")
			p.config("core.attributesFile", p.path("attributes"))
			p.config("filter.x.clean", p.script)
			p.config("filter.x.smudge", p.script)
			p.touch()
		}},
		{"gpg.program", func(p *planted) { p.config("commit.gpgSign", "true"); p.config("gpg.program", p.path("script")) }},
		{"include.path", func(p *planted) {
			p.write("more", "[core]\n\tfsmonitor = "+p.path("script")+"\n[filter \"x\"]\n\tclean = "+p.path("script")+"\n")
			p.config("include.path", p.path("more"))
			p.attributes("* filter=x")
			p.touch()
		}},
		{"includeIf", func(p *planted) {
			p.write("more", "[core]\n\tfsmonitor = "+p.path("script")+"\n")
			p.config("includeIf.gitdir:/.path", p.path("more"))
		}},
		{"config.worktree", func(p *planted) {
			p.config("extensions.worktreeConfig", "true")
			p.write(admin+"/config.worktree", "[core]\n\tfsmonitor = "+p.path("script")+"\n[diff]\n\texternal = "+p.path("script")+"\n")
			p.touch()
		}},
		{".git redirected", func(p *planted) {
			p.git(".", "init", "-q", "--bare", "evil.git")
			p.git("evil.git", "config", "core.bare", "false")
			p.git("evil.git", "config", "core.fsmonitor", p.path("script"))
			p.hook("evil.git/hooks", "post-index-change")
			p.write(p.w+"/.git", "gitdir: "+p.path("evil.git")+"\n")
			p.touch()
		}},
		{"nested repository", func(p *planted) {
			p.git(p.w, "init", "-q", "nested")
			p.write(p.w+"/nested/f", "x")
			p.git(p.w+"/nested", "add", "f")
			p.git(p.w+"/nested", "commit", "-qm", "x")
			p.write(p.w+"/nested/f", "y")
			p.git(p.w+"/nested", "config", "core.fsmonitor", p.path("script"))
			p.hook(p.w+"/nested/.git/hooks", "post-index-change")
		}},
		{"submodule", func(p *planted) {
			p.git(p.w, "init", "-q", "sub")
			p.write(p.w+"/sub/f", "x")
			p.git(p.w+"/sub", "add", "f")
			p.git(p.w+"/sub", "commit", "-qm", "x")
			p.git(p.w, "-c", "advice.addEmbeddedRepo=false", "add", "sub")
			p.write(p.w+"/.gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = ./sub\n\tignore = none\n")
			p.git(p.w, "add", ".gitmodules")
			p.git(p.w, "commit", "-qm", "submodule")
			p.git(p.w+"/sub", "config", "core.fsmonitor", p.path("script"))
			p.write(p.w+"/sub/f", "dirty")
			p.write(p.w+"/sub/.gitattributes", "* filter=x\n")
			p.git(p.w+"/sub", "config", "filter.x.clean", p.path("script"))
		}},
		remote("core.sshCommand", "ssh://git@localhost.invalid/x/y", "core.sshCommand"),
		remote("core.gitProxy", "git://localhost.invalid/x", "core.gitProxy"),
		{"remote ext::", func(p *planted) {
			p.config("remote.origin.url", "ext::"+p.path("script"))
			p.config("protocol.ext.allow", "always")
		}},
		{"remote.vcs", func(p *planted) {
			p.config("remote.origin.vcs", "ext")
			p.config("remote.origin.url", p.path("script"))
			p.config("protocol.ext.allow", "always")
		}},
		{"remote.uploadpack", func(p *planted) {
			p.config("remote.origin.uploadpack", p.script)
			p.config("remote.origin.receivepack", p.script)
		}},
		{"insteadOf", func(p *planted) {
			p.config("url.ext::"+p.path("script")+".insteadOf", p.path("origin.git"))
			p.config("protocol.ext.allow", "always")
		}},
		{"insteadOf another repository", func(p *planted) {
			p.git(".", "clone", "-q", "--bare", "repo", "elsewhere.git")
			p.hook("elsewhere.git/hooks", "post-update")
			p.config("url."+p.path("elsewhere.git")+".insteadOf", p.path("origin.git"))
			p.git("elsewhere.git", "update-ref", "refs/heads/main", p.git("elsewhere.git", "commit-tree", "-m", "not the remote's", "main^{tree}"))
		}},
		{"promisor remote", func(p *planted) {
			p.config("remote.origin.uploadpack", p.script)
			p.config("remote.origin.promisor", "true")
			p.config("extensions.partialClone", "origin")
			p.git(p.w, "commit", "-q", "--allow-empty", "-m", "x")
			id := p.git("repo", "rev-parse", "main:README.md")
			if err := os.Remove(p.path("repo/.git/objects/" + id[:2] + "/" + id[2:])); err != nil {
				p.Fatal(err)
			}
			p.touch()
		}},
		{"credential.helper", func(p *planted) {
			p.config("remote.origin.url", "https://localhost.invalid/x/y")
			p.config("credential.helper", "!"+p.script)
			p.config("http.proxy", "")
		}},
		{"submodule.update", func(p *planted) {
			p.config("submodule.sub.update", "!"+p.script)
			p.config("submodule.recurse", "true")
		}},
		{"core.worktree", func(p *planted) {
			p.config("core.worktree", p.path("evil"))
			p.config("core.fsmonitor", p.path("script"))
			p.write("evil/f", "x")
		}},
		{"commondir redirected", func(p *planted) {
			p.git(".", "clone", "-q", "--no-local", "repo", "evil")
			p.git("evil", "config", "core.fsmonitor", p.path("script"))
			p.hook("evil/.git/hooks", "reference-transaction")
			p.write(admin+"/commondir", p.path("evil/.git")+"\n")
			p.touch()
		}},
	}
}

// plant makes a repository with a remote, a worktree and one vector.
func plant(t *testing.T, v vector) *planted {
	t.Helper()
	f := newFixture(t)
	f.git(".", "clone", "-q", "--bare", "repo", "origin.git")
	f.git("repo", "remote", "add", "origin", f.path("origin.git"))
	f.git("repo", "fetch", "-q", "origin")
	f.worktree("feat/x")
	p := &planted{fixture: f, w: "data/worktrees/feat-x", ran: f.path("ran"), script: f.path("script")}
	f.write("script", "#!/bin/sh\necho \"$0 $*\" >> '"+p.ran+"'\nexit 1\n")
	if err := os.Chmod(p.script, 0o755); err != nil {
		t.Fatal(err)
	}
	v.plant(p)
	if err := os.Remove(p.ran); err != nil && !os.IsNotExist(err) { // planting ran it
		t.Fatal(err)
	}
	return p
}

// routine is everything hf does with a repository. Some of it may fail on a
// planted one, as long as nothing is run.
func (p *planted) routine() {
	ctx, run := p.Context(), p.run
	w := p.path(p.w)
	note := func(what string, err error) {
		if err != nil {
			p.Logf("%s: %v", what, err)
		}
	}
	_, err := run.Open(ctx, p.path("repo"))
	note("open", err)
	_, err = run.DefaultBranch(ctx, p.repo)
	note("default branch", err)
	note("fetch", run.Fetch(ctx, p.repo, "main", p.env))
	commit, err := run.StartPoint(ctx, p.repo, "main", true)
	note("start point", err)
	name, err := run.FreeBranch(ctx, p.repo, "feat/x", nil)
	note("free branch", err)
	note("create branch", run.CreateBranch(ctx, p.repo, name, commit))
	_, err = run.WorktreeAdd(ctx, p.repo, p.path("data/worktrees/second"), name)
	note("worktree add", err)
	_, _, err = run.Tree(p.repo).ReadFile(ctx, "main", ".hf/config.toml", 1000)
	note("read file", err)
	p.write("repo/.worktreeinclude", ".env\n")
	p.write("repo/.env", "x")
	_, err = run.Included(ctx, p.repo, p.path("repo"), []string{".env"})
	note("included", err)
	p.write(p.w+"/untracked", "x")
	wt, err := run.OpenWorktree(ctx, p.repo.GitDir, w)
	note("open worktree", err)
	_, err = run.Diff(ctx, wt, "main", api.PatchText)
	note("diff", err)
	_, err = run.Salvage(ctx, wt, git.SavedRef("t1"))
	note("salvage", err)
	_, err = run.Audit(ctx, p.repo)
	note("audit", err)
	note("identity", run.CheckIdentity(ctx, p.repo))
	note("take", run.TakeWorktree(ctx, p.repo, git.WorktreeTake{Path: w, Under: p.path("data"), Saved: git.SavedRef("t1"), Trash: p.path("data/.trash/t1")}))
	_, _, err = run.SaveLate(ctx, p.repo, p.path("data/.trash/t1"), git.SavedRef("t1"), git.LateRef("t1", "0123456789abcdef"))
	note("late", err)
	_, err = run.RestoreWorktree(ctx, p.repo, git.Restore{Path: w, Under: p.path("data"), Rev: git.SavedRef("t1")})
	note("restore", err)
	note("delete branch", run.DeleteBranch(ctx, p.repo, name, commit))
}

// plain is what a program that is not careful does, or the user.
func (p *planted) plain() {
	p.write(p.w+"/untracked", "x")
	p.write(p.w+"/README.md", "plain\n")
	for _, args := range [][]string{
		{"status"},
		{"diff"},
		{"log", "-1"},
		{"add", "-A"},
		{"commit", "-qm", "plain"},
		{"fetch", "-q", "origin"},
		{"push", "-q", "origin", "HEAD"},
		{"worktree", "add", "-q", "-b", "second", p.path("plain")},
		{"merge", "-q", "main"},
		{"checkout", "-q", "-f", "HEAD~0"},
	} {
		if _, err := p.try(p.w, args...); err != nil {
			p.Logf("plain git %s: %v", args[0], err)
		}
	}
}

func (p *planted) executed() (string, bool) {
	b, err := os.ReadFile(p.ran)
	return string(b), err == nil
}

func TestNothingPlantedIsExecuted(t *testing.T) {
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			p := plant(t, v)
			p.routine()
			if what, ran := p.executed(); ran {
				t.Errorf("executed:\n%s", what)
			}
			if got := p.git("origin.git", "rev-parse", "main"); v.name == "insteadOf another repository" {
				if fetched := p.git("repo", "rev-parse", "refs/remotes/origin/main"); fetched != got {
					t.Errorf("fetched %s, but the remote has %s", fetched, got)
				}
			}
		})
	}
}

// TestPlantedVectorsWork shows that the test above can fail.
func TestPlantedVectorsWork(t *testing.T) {
	fired := make(chan string, len(vectors()))
	t.Run("plain", func(t *testing.T) {
		for _, v := range vectors() {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				p := plant(t, v)
				p.plain()
				if _, ran := p.executed(); ran {
					fired <- v.name
				}
			})
		}
	})
	if n := len(fired); n < 24 {
		t.Errorf("plain git executes only %d of the %d vectors", n, len(vectors()))
	}
	close(fired)
	for name := range fired {
		t.Log(name)
	}
}

// TestCleanRepositoryIsAsPlainGitSeesIt holds the runner to plain git's answers
// where nothing is planted.
func TestCleanRepositoryIsAsPlainGitSeesIt(t *testing.T) {
	f := newFixture(t)
	w := "data/worktrees/feat-x"
	path := f.worktree("feat/x")
	f.git(w, "mv", "src/a.go", "src/b.go")
	f.write(w+"/README.md", "hello\nworld\n")
	f.write(w+"/bin", "\x00\x01")
	f.git(w, "add", "bin")
	d, err := f.run.Diff(t.Context(), f.open(path), "main", api.PatchText)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := f.try(w, "diff", "-M", "main"); err != nil || d.Patch != want {
		t.Errorf("patch:\n%s\nwant:\n%s (%v)", d.Patch, want, err)
	}
	for _, name := range []string{"HEAD", "main", "feat/x"} {
		got, err := f.run.ResolveCommit(t.Context(), f.repo, name)
		if want := f.git("repo", "rev-parse", name); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", name, got, err, want)
		}
	}
	if got := fmt.Sprint(filepath.Base(f.repo.Top), filepath.Base(f.repo.GitDir)); got != "repo.git" {
		t.Errorf("repo = %q", got)
	}
}
