package operation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// The crash test runs itself as a child that carries out one operation on a
// real database and dies by SIGKILL at a numbered point.
const (
	crashDir   = "HF_TEST_CRASH_DIR"
	crashPoint = "HF_TEST_CRASH_POINT"
)

// points counts the places where the child can die: before and after every
// transaction, and before and after every effect.
type points struct{ left int }

func (p *points) pass() {
	p.left--
	if p.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	}
}

// mortal is a store that may die around each transaction.
type mortal struct {
	*store.Store
	points *points
}

func (m mortal) Update(ctx context.Context, fn func(*store.Tx) error) error {
	m.points.pass()
	err := m.Store.Update(ctx, fn)
	m.points.pass()
	return err
}

// effects makes a step whose effect is a file of a known name, so that it can
// be probed.
func effects(dir string, p *points, name string) operation.Definition {
	return operation.Definition{Name: name, Run: func(_ context.Context, run *operation.Run) error {
		run.SetResult(name)
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil
		}
		p.pass()
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		p.pass()
		return f.Close()
	}}
}

// prompts makes a step whose effect cannot be probed: a line in a file that it
// never reads.
func prompts(dir string, p *points) operation.Definition {
	return operation.Definition{Name: "prompt", Resume: operation.Halt, Run: func(_ context.Context, run *operation.Run) error {
		var earlier string
		if !run.Done("branch", &earlier) || earlier != "branch" {
			return errors.New("the result of an earlier step was lost")
		}
		p.pass()
		f, err := os.OpenFile(filepath.Join(dir, "prompts"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if _, err := f.WriteString("prompt\n"); err != nil {
			return err
		}
		p.pass()
		return f.Close()
	}}
}

func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("run by TestKilledAtEveryBoundary")
	}
	point, err := strconv.Atoi(os.Getenv(crashPoint))
	if err != nil {
		t.Fatal(err)
	}
	p := &points{left: point}
	s, err := store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := operation.New(operation.Config[*store.Tx]{
		Store: mortal{s, p},
		Plans: []operation.Plan[*store.Tx]{{
			Kind:  "create",
			Steps: []operation.Definition{effects(dir, p, "branch"), effects(dir, p, "sandbox"), prompts(dir, p), effects(dir, p, "last")},
			Changed: func(tx *store.Tx, op *operation.Operation, _ *operation.Step) error {
				t, err := tx.Task(op.Task)
				if err != nil {
					return err
				}
				t.Reason = string(op.State) // what a list would show
				return tx.PutTask(t)
			},
		}},
	})
	defer r.Close()
	woken, stop := s.Watch()
	defer stop()
	if err := insert(mortal{s, p}); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		op := stored(t, s)
		if op.State != api.OperationPending && op.State != api.OperationRunning {
			break
		}
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Fatal("no end")
		}
	}
	r.Close()
	fmt.Println("ended")
}

// insert stores the operation and its task, once.
func insert(s mortal) error {
	return s.Update(context.Background(), func(tx *store.Tx) error {
		if _, found, err := tx.Replay("request"); found || err != nil {
			return err
		}
		for _, f := range []func() error{
			func() error { return tx.EnsureWorkspace("default") },
			func() error { return tx.PutRepo(&task.Repo{ID: "repo", Workspace: "default", Name: "repo"}) },
			func() error {
				return tx.PutTask(&task.Task{ID: "task", Workspace: "default", RepoID: "repo", Lifecycle: api.LifecycleQueued})
			},
			func() error {
				return tx.PutOperation(&operation.Operation{ID: "op", Task: "task", Workspace: "default", Kind: "create", State: api.OperationPending})
			},
			func() error { return tx.Remember("request", []byte("done")) },
		} {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
}

func stored(t *testing.T, s *store.Store) (op *operation.Operation) {
	t.Helper()
	err := s.View(t.Context(), func(tx *store.Tx) (err error) {
		op, err = tx.Operation("op")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// runChild (whose race detector need not wait for other reports) runs the child to its end or its death, and reports which it was.
func runChild(t *testing.T, dir string, point int) (killed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", crashDir+"="+dir, crashPoint+"="+strconv.Itoa(point))
	out, err := cmd.CombinedOutput()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil || !strings.Contains(string(out), "ended") {
		t.Fatalf("child at point %d: %v\n%s", point, err, out)
	}
	return false
}

func TestKilledAtEveryBoundary(t *testing.T) {
	halted := 0
	for point := 1; ; point++ {
		dir := t.TempDir()
		if !runChild(t, dir, point) {
			if point < 25 {
				t.Fatalf("only %d points", point)
			}
			t.Logf("%d points, %d of them halted", point-1, halted)
			break
		}
		runChild(t, dir, 0)
		if checkAfterCrash(t, dir, point) {
			halted++
		}
	}
	// In doubt it halts: killed after the step was stored as started and
	// before it was stored as done.
	if halted != 4 {
		t.Errorf("halted at %d points, want 4", halted)
	}
}

// checkAfterCrash looks at what a crash and a second life left behind.
func checkAfterCrash(t *testing.T, dir string, point int) (halted bool) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	op := stored(t, s)
	sent, err := os.ReadFile(filepath.Join(dir, "prompts"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	halted = op.State == api.OperationHalted
	switch n := strings.Count(string(sent), "\n"); {
	case op.State == api.OperationDone && n == 1:
		if _, err := os.Stat(filepath.Join(dir, "last")); err != nil {
			t.Errorf("point %d: the last effect is missing", point)
		}
	case halted && n <= 1 && op.Error.Code == api.CodeHalted:
	default:
		t.Errorf("point %d: operation %s (%v), %d prompts sent", point, op.State, op.Error, n)
	}
	err = s.View(t.Context(), func(tx *store.Tx) error {
		tk, err := tx.Task("task")
		if err != nil {
			return err
		}
		if tk.Reason != string(op.State) {
			t.Errorf("point %d: the task shows %q, the operation is %q", point, tk.Reason, op.State)
		}
		return checkEvents(tx, point, op)
	})
	if err != nil {
		t.Fatal(err)
	}
	return halted
}

// checkEvents compares the events with what they tell of: no number is
// missing, and each step began before it ended, exactly once.
func checkEvents(tx *store.Tx, point int, op *operation.Operation) error {
	events, err := tx.Events(0, "", 0)
	if err != nil {
		return err
	}
	ended := make(map[string]int)
	for i, e := range events {
		if e.Seq != int64(i+1) {
			return fmt.Errorf("point %d: event %d has number %d", point, i+1, e.Seq)
		}
		var data api.StepEvent
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return err
		}
		if e.Kind == api.EventStepDone || e.Kind == api.EventStepFailed || e.Kind == api.EventOperationDone || e.Kind == api.EventOperationFailed {
			ended[data.Step]++
		}
	}
	want := 1 // the operation itself
	for _, s := range op.Steps {
		if s.State == api.StepDone || s.State == api.StepFailed {
			want++
		}
	}
	for step, n := range ended {
		if n != 1 {
			return fmt.Errorf("point %d: %q ended %d times", point, step, n)
		}
	}
	if len(ended) != want {
		return fmt.Errorf("point %d: %d ends in the events, want %d", point, len(ended), want)
	}
	return nil
}
