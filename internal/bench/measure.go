package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// starts measures whole processes: from the start of hf to its end, with a
// daemon that runs.
func starts(ctx context.Context, b *built, o options, log io.Writer) ([]*row, error) {
	rows := []*row{
		{what: "hf version", rival: "a Go hello world", goal: 2},
		{what: "hf list, 10 tasks, warm", rival: "a Go hello world", goal: 3.2},
		{what: "hf list, 1000 tasks, warm", rival: "a Go hello world", goal: 6},
	}
	if !o.wanted(rows...) {
		return nil, nil
	}
	fmt.Fprintln(log, "filling databases")
	few, err := b.listed(ctx, "few", 10)
	if err != nil {
		return nil, err
	}
	defer func() { _ = few.stop(context.WithoutCancel(ctx)) }()
	many, err := b.listed(ctx, "many", 1000)
	if err != nil {
		return nil, err
	}
	defer func() { _ = many.stop(context.WithoutCancel(ctx)) }()
	fmt.Fprintln(log, "measuring starts")
	floor := command{argv: []string{b.hello}}
	ours := []command{few.command("version"), few.command("list"), many.command("list")}
	for round := range o.rounds + 3 {
		for i, c := range ours {
			if err := turns(rows[i], round >= 3, floor, c); err != nil { // the first rounds fill caches
				return rows, err
			}
		}
		if err := ctx.Err(); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// listed is a world with so many tasks and a daemon that has shown them.
func (b *built) listed(ctx context.Context, name string, tasks int) (*world, error) {
	w, err := b.world(ctx, name, 1)
	if err != nil {
		return nil, err
	}
	if err := w.fill(ctx, tasks); err != nil {
		return nil, fmt.Errorf("fill %s: %w", name, err)
	}
	var list []api.Task
	if err := w.ask(ctx, &list, "list", "--json"); err != nil {
		return nil, err
	}
	if len(list) != tasks {
		return nil, fmt.Errorf("hf list shows %d tasks of %d", len(list), tasks)
	}
	return w, nil
}

// turns measures both sides of a row once, one right after the other.
func turns(r *row, keep bool, rival, ours command) error {
	its, err := rival.time()
	if err != nil {
		return err
	}
	our, err := ours.time()
	if err != nil {
		return err
	}
	if keep {
		r.its, r.ours = append(r.its, its), append(r.ours, our)
	}
	return nil
}

// creates measures how soon a task is accepted. Each is finished and removed
// before the next, so that none is measured beside another's work.
func creates(ctx context.Context, b *built, o options, log io.Writer) ([]*row, error) {
	r := &row{what: "hf create --no-wait, accepted", rival: "a Go hello world", goal: 4}
	if !o.wanted(r) {
		return nil, nil
	}
	w, err := b.world(ctx, "create", 20)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.stop(context.WithoutCancel(ctx)) }()
	fmt.Fprintln(log, "measuring creation")
	floor := command{argv: []string{b.hello}}
	for round := range o.rounds/4 + 2 {
		create := w.command("create", "--agent", "demo", "--no-wait", "say: round "+strconv.Itoa(round))
		if err := turns(r, round >= 2, floor, create); err != nil {
			return []*row{r}, err
		}
		if err := w.finish(ctx); err != nil {
			return []*row{r}, err
		}
	}
	return []*row{r}, nil
}

// finish waits for the task used last and removes it.
func (w *world) finish(ctx context.Context) error {
	if err := w.ask(ctx, nil, "wait", "-", "--for", "idle", "--timeout", "60s"); err != nil {
		return err
	}
	return w.ask(ctx, nil, "kill", "-", "--yes")
}

// sandboxes measures how soon a sandbox is ready: from the start of hf until
// the daemon says that the step is done, against git doing it alone.
func sandboxes(ctx context.Context, b *built, o options, log io.Writer) ([]*row, error) {
	r := &row{what: fmt.Sprintf("sandbox ready, cold, %d files", o.files), rival: "git worktree add", goal: 0.8}
	if !o.wanted(r) {
		return nil, nil
	}
	fmt.Fprintln(log, "making a repository of", o.files, "files")
	w, err := b.world(ctx, "sandbox", o.files)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.stop(context.WithoutCancel(ctx)) }()
	git, err := xec.LookPath("git", w.env)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(log, "measuring sandboxes")
	for round := range max(o.rounds/10, 3) + 1 {
		name := "plain" + strconv.Itoa(round)
		path := filepath.Join(w.dir, name)
		its, err := command{[]string{git, "worktree", "add", "-q", "-b", name, path}, w.repo, w.env}.time()
		if err != nil {
			return []*row{r}, err
		}
		if err := w.git(ctx, "worktree", "remove", "--force", path); err != nil {
			return []*row{r}, err
		}
		ours, err := w.sandbox(ctx, round)
		if err != nil {
			return []*row{r}, err
		}
		if round > 0 {
			r.its, r.ours = append(r.its, its), append(r.ours, ours)
		}
	}
	return []*row{r}, nil
}

// sandbox makes one task and says how long its sandbox took.
func (w *world) sandbox(ctx context.Context, round int) (time.Duration, error) {
	began := time.Now()
	if err := w.ask(ctx, nil, "create", "--agent", "demo", "--no-wait", "say: round "+strconv.Itoa(round)); err != nil {
		return 0, err
	}
	if err := w.ask(ctx, nil, "wait", "-", "--for", "idle", "--timeout", "120s"); err != nil {
		return 0, err
	}
	var d api.TaskDetail
	if err := w.ask(ctx, &d, "show", "-", "--json"); err != nil {
		return 0, err
	}
	if err := w.ask(ctx, nil, "kill", "-", "--yes"); err != nil {
		return 0, err
	}
	if d.Operation == nil {
		return 0, errors.New("hf show has no operation")
	}
	for _, s := range d.Operation.Steps {
		if s.Name == "sandbox" && s.EndedAt != nil {
			return s.EndedAt.Sub(began), nil
		}
	}
	return 0, fmt.Errorf("no sandbox was made: %+v", d.Operation.Steps)
}
