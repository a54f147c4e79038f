package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// fleet is how many agents are at work while a crash and memory are measured.
const fleet = 20

// What hfd and one holder may take, in bytes.
const (
	hfdMemory    = 60 << 20
	holderMemory = 2 << 20
)

// crashes measures the first command after hfd was killed in the middle of its
// work, against the same command with a daemon that runs; and what hfd and the
// holders take of the memory.
func crashes(ctx context.Context, b *built, o options, log io.Writer) ([]*row, error) {
	first := &row{what: fmt.Sprintf("hf list after kill -9, %d agents", fleet), rival: "hf list, warm", goal: 10}
	rss := &row{what: fmt.Sprintf("hfd, resident, %d agents", fleet), rival: "60 MB", goal: 1, format: megabytes, its: []time.Duration{hfdMemory}}
	pss := &row{what: "holder, its share of memory", rival: "2 MB", goal: 1, format: megabytes, its: []time.Duration{holderMemory}}
	rows := []*row{first, rss, pss}
	if !o.wanted(rows...) {
		return nil, nil
	}
	w, err := b.world(ctx, "crash", 20)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.end(context.WithoutCancel(ctx)) }()
	fmt.Fprintln(log, "starting", fleet, "agents")
	for i := range fleet {
		if err := w.ask(ctx, nil, "create", "--agent", "demo", "say: agent "+strconv.Itoa(i)+"\nstream: 1000000 every 1s"); err != nil {
			return nil, err
		}
	}
	fmt.Fprintln(log, "measuring crashes")
	for round := range max(o.rounds/6, 5) + 1 {
		warm, err := w.command("list").time()
		if err != nil {
			return rows, err
		}
		seen, err := w.inspect(ctx)
		if err != nil {
			return rows, err
		}
		if len(seen.Sessions) != fleet {
			return rows, fmt.Errorf("hfd has %d agents of %d", len(seen.Sessions), fleet)
		}
		rss.ours = append(rss.ours, memory(seen.Backend.PID, "status", "VmRSS:"))
		for _, s := range seen.Sessions {
			pss.ours = append(pss.ours, memory(s.HolderPID, "smaps_rollup", "Pss:"))
		}
		if err := kill(ctx, seen.Backend.PID); err != nil {
			return rows, err
		}
		again, err := w.command("list").time()
		if err != nil {
			return rows, err
		}
		if round > 0 {
			first.its, first.ours = append(first.its, warm), append(first.ours, again)
		}
	}
	return rows, nil
}

func (w *world) inspect(ctx context.Context) (seen api.Inspect, err error) {
	return seen, w.ask(ctx, &seen, "backend", "inspect")
}

// end ends all tasks and the daemon.
func (w *world) end(ctx context.Context) error {
	var tasks []api.Task
	if err := w.ask(ctx, &tasks, "list", "--json"); err != nil {
		return err
	}
	args := []string{"kill", "--yes"}
	for _, t := range tasks {
		args = append(args, t.ID)
	}
	if err := w.ask(ctx, nil, args...); err != nil {
		return err
	}
	return w.stop(ctx)
}

// kill ends a process as a crash does and returns when it has ended.
func kill(ctx context.Context, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill hfd %d: %w", pid, err)
	}
	for {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if _, state, _ := strings.Cut(string(b), ") "); err != nil || strings.HasPrefix(state, "Z") {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// memory reads a line of a file of /proc that is in kB, and returns bytes. They
// are put beside durations, of which rows are made.
func memory(pid int, file, name string) time.Duration {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			kb, _ := strconv.Atoi(f[1])
			return time.Duration(kb) << 10
		}
	}
	return 0
}

// megabytes writes bytes.
func megabytes(bytes time.Duration) string { return fmt.Sprintf("%.2f MB", float64(bytes)/(1<<20)) }
