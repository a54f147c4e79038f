package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// hello is the smallest Go program that says something: the floor of every
// program written in Go.
const hello = "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hello, world\\n\") }\n"

// built is a directory with the programs that are measured.
type built struct {
	dir   string
	hello string
	hf    string
}

// build makes the programs as an installer does.
func build(ctx context.Context, dir string) (*built, error) {
	b := &built{dir: dir, hello: filepath.Join(dir, "bin", "hello"), hf: filepath.Join(dir, "bin", "hf")}
	if err := os.MkdirAll(filepath.Join(dir, "hello"), 0o755); err != nil {
		return nil, err
	}
	source := filepath.Join(dir, "hello", "main.go")
	if err := os.WriteFile(source, []byte(hello), 0o600); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"-o", b.hello, source},
		{"-o", filepath.Dir(b.hf) + "/", "./cmd/hf", "./cmd/hfd"},
	} {
		argv := append([]string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"}, args...)
		if err := xec.Run(ctx, xec.Cmd{Argv: argv, Env: append(os.Environ(), "CGO_ENABLED=0")}); err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
	}
	return b, nil
}

// world is the home of a user of its own, with a daemon of its own.
type world struct {
	hf   string
	dir  string
	repo string
	env  []string
}

// world makes a home with a repository of so many files, in one commit.
func (b *built) world(ctx context.Context, name string, files int) (*world, error) {
	dir := filepath.Join(b.dir, name)
	w := &world{hf: b.hf, dir: dir, repo: filepath.Join(dir, "repo"), env: []string{
		"HOME=" + dir, "HF_STATE_DIR=" + filepath.Join(dir, "s"), "HF_DATA_DIR=" + filepath.Join(dir, "d"),
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TERM=dumb", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=b", "GIT_AUTHOR_EMAIL=b@example.invalid", "GIT_COMMITTER_NAME=b", "GIT_COMMITTER_EMAIL=b@example.invalid",
	}}
	for i := range max(files, 1) {
		// 100 files a directory, 2 KiB each: what sources look like.
		path := filepath.Join(w.repo, "d"+strconv.Itoa(i/100), "f"+strconv.Itoa(i)+".txt")
		if i%100 == 0 {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, "%2048d\n", i), 0o600); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-q", "-m", "start"}} {
		if err := w.git(ctx, args...); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// fill puts so many tasks into the database of a daemon that does not run yet:
// tasks with all that a list shows, and without agents.
func (w *world) fill(ctx context.Context, tasks int) (err error) {
	state := filepath.Join(w.dir, "s")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return err
	}
	st, err := store.Open(ctx, filepath.Join(state, "hf.db"), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	now := time.Now()
	return st.Update(ctx, func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace("default"); err != nil {
			return err
		}
		repo := &task.Repo{ID: ids.New(), Workspace: "default", Name: "repo", Path: w.repo, GitDir: filepath.Join(w.repo, ".git"), State: api.RepoReady, CreatedAt: now}
		if err := tx.PutRepo(repo); err != nil {
			return err
		}
		for i := range tasks {
			t := &task.Task{
				ID: ids.New(), Workspace: "default", RepoID: repo.ID, Title: "Fix the flaky test number " + strconv.Itoa(i), Prompt: "Fix it.",
				Branch: "fix/the-flaky-test-" + strconv.Itoa(i), Base: "main", Agent: "demo", Provider: "worktree",
				Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle, ActivitySince: now,
				Diff: &api.DiffStat{Files: 3, Added: 120, Removed: 7}, CreatedAt: now, UpdatedAt: now,
			}
			if err := tx.PutTask(t); err != nil {
				return err
			}
			if _, err := tx.Event(api.EventTaskCreated, t.Workspace, t.ID, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// git runs git in the repository.
func (w *world) git(ctx context.Context, args ...string) error {
	return xec.Run(ctx, xec.Cmd{Argv: append([]string{"git"}, args...), Dir: w.repo, Env: w.env})
}

// ask runs hf in the repository and decodes what it prints.
func (w *world) ask(ctx context.Context, into any, args ...string) error {
	out, err := xec.Output(ctx, xec.Cmd{Argv: append([]string{w.hf}, args...), Dir: w.repo, Env: w.env})
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// stop ends the daemon.
func (w *world) stop(ctx context.Context) error { return w.ask(ctx, nil, "backend", "stop") }

// command is a program to measure, from its start to its end.
type command struct {
	argv []string
	dir  string
	env  []string
}

func (w *world) command(args ...string) command {
	return command{append([]string{w.hf}, args...), w.repo, w.env}
}

// time runs a command once. It starts the process by the barest means: what
// os/exec and a pipe cost would be added to both sides of every ratio.
func (c command) time() (time.Duration, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	attr := &os.ProcAttr{Dir: c.dir, Env: c.env, Files: []*os.File{null, null, null}}
	began := time.Now()
	p, err := os.StartProcess(c.argv[0], c.argv, attr)
	if err != nil {
		return 0, err
	}
	state, err := p.Wait()
	took := time.Since(began)
	if err == nil && !state.Success() {
		err = fmt.Errorf("%v: %s", c.argv, state)
	}
	return took, err
}
