package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// stacked is how many branches the repository has whose facts are measured.
const stacked = 200

// refreshes measures how soon hfd knows again all there is to know of the
// branches of a repository after one moved, from the end of the git that moved it
// until it is stored, against the list that git-spice makes anew each time; and
// how many processes that takes.
func refreshes(ctx context.Context, b *built, o options, log io.Writer) (rows []*row, err error) {
	took := &row{what: fmt.Sprintf("facts of %d branches, one moved", stacked), rival: "git-spice log short", goal: 0.1}
	processes := &row{what: "processes of that", rival: "5", goal: 1, format: count, its: []time.Duration{5}}
	rows = []*row{took, processes}
	if !o.wanted(rows...) {
		return nil, nil
	}
	spice := gitSpice(os.Getenv)
	if spice == "" {
		fmt.Fprintln(log, "no git-spice: scripts/git-spice.sh builds it; branches are not measured")
		return nil, nil
	}
	fmt.Fprintln(log, "making", stacked, "branches")
	w, err := b.world(ctx, "branches", 20)
	if err != nil {
		return nil, err
	}
	if err := w.stack(ctx, stacked); err != nil {
		return nil, err
	}
	theirs := filepath.Join(w.dir, "theirs") // git-spice writes whatever it is asked
	if err := os.CopyFS(theirs, os.DirFS(w.repo)); err != nil {
		return nil, err
	}
	p, err := w.polls(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	fmt.Fprintln(log, "measuring branches")
	rival := command{[]string{spice, "--no-prompt", "log", "short", "--all", "--json", "--no-cr-status"}, theirs, w.env}
	out, err := xec.Output(ctx, xec.Cmd{Argv: rival.argv, Dir: rival.dir, Env: rival.env})
	if n := strings.Count(string(out), "\n"); err != nil || n != stacked+1 {
		return rows, fmt.Errorf("git-spice lists %d branches of %d: %w", n, stacked+1, err)
	}
	for round := range max(o.rounds/10, 3) + 1 {
		its, err := rival.time()
		if err != nil {
			return rows, err
		}
		ours, started, err := p.move(ctx, w, round)
		if err != nil {
			return rows, err
		}
		if round > 0 {
			took.its, took.ours = append(took.its, its), append(took.ours, ours)
			processes.ours = append(processes.ours, time.Duration(started))
		}
	}
	return rows, nil
}

func count(n time.Duration) string { return strconv.Itoa(int(n)) }

// gitSpice is the git-spice of tests, else the one that people have; "" for none.
func gitSpice(getenv func(string) string) string {
	if path := getenv("HF_TEST_GIT_SPICE"); path != "" {
		return path
	}
	path, err := xec.LookPath("git-spice", os.Environ())
	if err != nil {
		return ""
	}
	return path
}

// stack makes so many branches in stacks of four, each with a commit, and
// git-spice's record of them.
func (w *world) stack(ctx context.Context, n int) error {
	head, err := xec.Output(ctx, xec.Cmd{Argv: []string{"git", "rev-parse", "main"}, Dir: w.repo, Env: w.env})
	if err != nil {
		return err
	}
	main := strings.TrimSpace(string(head))
	var in strings.Builder
	who := "committer b <b@example.invalid> 1700000000 +0000\ndata 1\nx\n"
	for i := range n {
		from := main
		if i%4 > 0 {
			from = fmt.Sprintf("refs/heads/team/b%d", i-1)
		}
		fmt.Fprintf(&in, "commit refs/heads/team/b%d\n%sfrom %s\nM 100644 inline f%d\ndata 2\nx\n\n", i, who, from, i)
	}
	if err := w.imports(ctx, in.String()); err != nil {
		return err
	}
	in.Reset()
	fmt.Fprintf(&in, "commit refs/spice/data\n%s", who)
	put := func(path, text string) {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
	}
	put("version", "1")
	put("repo", `{"trunk":"main","remote":""}`)
	for i := range n {
		base, at := "main", main
		if i%4 > 0 {
			base = fmt.Sprintf("team/b%d", i-1)
			out, err := xec.Output(ctx, xec.Cmd{Argv: []string{"git", "rev-parse", base}, Dir: w.repo, Env: w.env})
			if err != nil {
				return err
			}
			at = strings.TrimSpace(string(out))
		}
		put(fmt.Sprintf("branches/team/b%d", i), fmt.Sprintf(`{"base":{"name":%q,"hash":%q}}`, base, at))
	}
	return w.imports(ctx, in.String())
}

func (w *world) imports(ctx context.Context, stream string) error {
	return xec.Run(ctx, xec.Cmd{Argv: []string{"git", "fast-import", "--quiet"}, Dir: w.repo, Env: w.env, Stdin: strings.NewReader(stream)})
}

// polled is a repository whose branches are looked at as hfd does.
type polled struct {
	store   *store.Store
	git     *git.Runner
	started atomic.Int64 // processes
	woken   <-chan struct{}
	stop    []func()
	seq     int64
}

// counting counts what a Runner starts.
type counting struct {
	slog.Handler
	n *atomic.Int64
}

func (c counting) Enabled(context.Context, slog.Level) bool { return true }

func (c counting) Handle(context.Context, slog.Record) error {
	c.n.Add(1)
	return nil
}

type branchStore struct{ *store.Store }

func (s branchStore) Update(ctx context.Context, fn func(branch.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s branchStore) View(ctx context.Context, fn func(branch.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// polls begins to look at the repository, and returns when all was seen once.
func (w *world) polls(ctx context.Context) (p *polled, err error) {
	p = &polled{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.store, err = store.Open(ctx, filepath.Join(w.dir, "branches.db"), store.Options{}); err != nil {
		return p, err
	}
	now := time.Now()
	err = p.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace("default"); err != nil {
			return err
		}
		r := &task.Repo{ID: "r", Workspace: "default", Name: "repo", Path: w.repo, GitDir: filepath.Join(w.repo, ".git"), DefaultBranch: "main", State: api.RepoReady}
		if err := tx.PutRepo(r); err != nil {
			return err
		}
		for i := range 10 {
			t := &task.Task{ID: "t" + strconv.Itoa(i), Workspace: "default", RepoID: "r", Branch: "team/b" + strconv.Itoa(4*i), Base: "main", Lifecycle: api.LifecycleReady, CreatedAt: now}
			if err := tx.PutTask(t); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	quiet := slog.New(slog.DiscardHandler)
	p.git = git.New(git.Options{Env: w.env, Views: filepath.Join(w.dir, "views"), Log: slog.New(counting{slog.DiscardHandler, &p.started})})
	s := branch.New(branch.Config{
		Store: branchStore{p.store}, Git: p.git, Stacks: stack.New(stack.Options{Git: p.git, Scratch: filepath.Join(w.dir, "scratch"), Log: quiet}),
		Worktrees: filepath.Join(w.dir, "trees"), Log: quiet, Now: time.Now,
	})
	woken, stop := p.store.Watch()
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	p.woken, p.stop = woken, []func(){cancel, func() { <-done }, stop}
	return p, p.changed(ctx)
}

// changed waits until something of the branches is stored anew.
func (p *polled) changed(ctx context.Context) error {
	for {
		var events []api.Event
		err := p.store.View(ctx, func(tx *store.Tx) (err error) {
			events, err = tx.Events(p.seq, "", 0)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range events {
			p.seq = e.Seq
			if e.Kind == api.EventBranchesChanged {
				return nil
			}
		}
		select {
		case <-p.woken:
		case <-time.After(time.Minute):
			return errors.New("a branch moved and nobody saw it")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// move gives a task's branch another commit, and says how soon all is known
// again, and what was started for it.
func (p *polled) move(ctx context.Context, w *world, round int) (took time.Duration, started int64, err error) {
	name := "team/b" + strconv.Itoa(4*(round%10))
	commit := []string{"git", "commit-tree", "-p", name, "-m", "round " + strconv.Itoa(round), name + "^{tree}"}
	out, err := xec.Output(ctx, xec.Cmd{Argv: commit, Dir: w.repo, Env: w.env})
	if err != nil {
		return 0, 0, err
	}
	p.started.Store(0)
	if err := w.git(ctx, "update-ref", "refs/heads/"+name, strings.TrimSpace(string(out))); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	err = p.changed(ctx)
	return time.Since(began), p.started.Load(), err
}

func (p *polled) close() error {
	for _, stop := range p.stop {
		stop()
	}
	var errs []error
	if p.git != nil {
		errs = append(errs, p.git.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	return errors.Join(errs...)
}
