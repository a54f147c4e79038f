package operation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

func ok(context.Context, *Run) error { return nil }

func TestStepsRunInOrderAndSeeEarlierResults(t *testing.T) {
	m := &memory{}
	type branch struct{ Name string }
	r := start(t, m,
		Definition{Name: "branch", Run: func(_ context.Context, run *Run) error {
			run.SetResult(branch{"fix/it"})
			return nil
		}},
		Definition{Name: "sandbox", Run: func(_ context.Context, run *Run) error {
			var b branch
			if !run.Done("branch", &b) || b.Name != "fix/it" {
				return fmt.Errorf("result of branch: %+v", b)
			}
			if run.Done("sandbox", &b) {
				return errors.New("a step in progress has a result")
			}
			return nil
		}},
	)
	m.insert(t, "a")
	op := run(t, m, r, "a")
	if op.State != api.OperationDone || op.Error != nil {
		t.Fatalf("operation is %s: %v", op.State, op.Error)
	}
	for _, s := range op.Steps {
		if s.State != api.StepDone || s.StartedAt == nil || s.EndedAt == nil {
			t.Errorf("step %+v", s)
		}
	}
	want := []string{"step.started branch", "step.done branch", "step.started sandbox", "step.done sandbox", "operation.done"}
	if got := m.kinds(t); !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
}

func TestFailureKeepsItsCauseAndIsRetriedFromItsStep(t *testing.T) {
	m := &memory{}
	var first, second int
	broken := true
	r := start(t, m,
		Definition{Name: "first", Run: func(context.Context, *Run) error { first++; return nil }},
		Definition{Name: "second", Run: func(_ context.Context, run *Run) error {
			second++
			run.Log("kept when the error has no log")
			if broken {
				return WithLog(fmt.Errorf("install: %w", &api.Error{Code: api.CodeAgentMissing, Message: "no npm", Hint: "install it"}), "line 1\nline 2")
			}
			return nil
		}},
	)
	m.insert(t, "a")
	op := run(t, m, r, "a")
	want := api.Error{Code: api.CodeAgentMissing, Message: "install: no npm", Hint: "install it"}
	if op.State != api.OperationFailed || *op.Error != want {
		t.Fatalf("operation is %s: %+v", op.State, op.Error)
	}
	if s := op.Steps[1]; s.State != api.StepFailed || s.Log != "line 1\nline 2" || s.EndedAt == nil {
		t.Errorf("failed step %+v", s)
	}
	if got := m.kinds(t); !slices.Equal(got[len(got)-2:], []string{"step.failed second", "operation.failed"}) {
		t.Errorf("events %q", got)
	}

	r.Enqueue("a")
	settle(r)
	if second != 1 {
		t.Fatal("a failed operation ran without being reset")
	}
	broken = false
	err := m.Update(t.Context(), func(tx memoryTx) error {
		op, err := r.Retry(t.Context(), tx, "a")
		if err == nil && (op.State != api.OperationPending || op.Error != nil || op.Steps[1].Log != "") {
			t.Errorf("reset operation %+v", op)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if op = run(t, m, r, "a"); op.State != api.OperationDone || first != 1 || second != 2 {
		t.Fatalf("after the retry: %s, first ran %d times, second %d", op.State, first, second)
	}
	err = m.Update(t.Context(), func(tx memoryTx) error { _, err := r.Retry(t.Context(), tx, "a"); return err })
	if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.CodeConflict {
		t.Errorf("retry of one that is done: %v", err)
	}
}

func TestErrorsOfSteps(t *testing.T) {
	for name, c := range map[string]struct {
		run   func(context.Context, *Run) error
		state api.OperationState
		code  api.Code
		text  string
		log   string
	}{
		"plain":   {func(context.Context, *Run) error { return errors.New("boom") }, api.OperationFailed, api.CodeInternal, "boom", ""},
		"panic":   {func(context.Context, *Run) error { panic("boom") }, api.OperationFailed, api.CodeInternal, "panicked: boom", "runner_test.go"},
		"time":    {func(context.Context, *Run) error { return context.DeadlineExceeded }, api.OperationFailed, api.CodeTimeout, "deadline", ""},
		"halt":    {func(context.Context, *Run) error { return &api.Error{Code: api.CodeHalted, Message: "you decide"} }, api.OperationHalted, api.CodeHalted, "you decide", ""},
		"run.Log": {func(_ context.Context, r *Run) error { r.Log("tail"); return errors.New("boom") }, api.OperationFailed, api.CodeInternal, "boom", "tail"},
		"result":  {func(_ context.Context, r *Run) error { r.SetResult(func() {}); return nil }, api.OperationFailed, api.CodeInternal, "encode the result", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			r := start(t, m, Definition{Name: "only", Run: c.run})
			m.insert(t, "a")
			op := run(t, m, r, "a")
			if op.State != c.state || op.Error == nil || op.Error.Code != c.code || !strings.Contains(op.Error.Message, c.text) {
				t.Fatalf("%s: %+v", op.State, op.Error)
			}
			if log := op.Steps[0].Log; !strings.Contains(log, c.log) || c.log == "" && log != "" {
				t.Errorf("log %q", log)
			}
		})
	}
}

func TestLimitNamesTheStepAndTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r := start(t, m, Definition{Name: "agent", Limit: 30 * time.Second, Run: func(ctx context.Context, _ *Run) error {
			<-ctx.Done()
			return WithLog(fmt.Errorf("handshake: %w", ctx.Err()), "stderr")
		}})
		m.insert(t, "a")
		began := time.Now()
		op := run(t, m, r, "a")
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %s", took)
		}
		if op.Error == nil || op.Error.Code != api.CodeTimeout || !strings.Contains(op.Error.Message, `"agent"`) || !strings.Contains(op.Error.Message, "30s") {
			t.Errorf("error %+v", op.Error)
		}
		if s := op.Steps[0]; s.Limit != 30*time.Second || s.Log != "stderr" {
			t.Errorf("step %+v", s)
		}
	})
}

func TestProgressIsThrottledAndTheNewestIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r := start(t, m, Definition{Name: "sandbox", Run: func(_ context.Context, run *Run) error {
			for i := range 2000 {
				run.Progress(fmt.Sprintf("%d/2000", i))
				time.Sleep(time.Millisecond)
			}
			run.Progress("waiting")
			time.Sleep(time.Second)
			if got := m.get(t, "a").Steps[0].Detail; got != "waiting" {
				t.Errorf("stored while it waits: %q", got)
			}
			run.Progress("done at last")
			return nil
		}})
		m.insert(t, "a")
		op := run(t, m, r, "a")
		if got := op.Steps[0].Detail; got != "done at last" {
			t.Errorf("detail %q", got)
		}
		n := 0
		for _, k := range m.kinds(t) {
			if k == "step.progress sandbox" {
				n++
			}
		}
		if n < 10 || n > 13 {
			t.Errorf("%d progress events in 2 s, want about 11", n)
		}
	})
}

func TestParkStopsAtAStepBoundaryAndResumeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		var waits, halts, last int
		r := start(t, m,
			Definition{Name: "wait", Run: func(ctx context.Context, run *Run) error {
				waits++
				if waits > 1 {
					return nil
				}
				ctx, cancel := run.Parkable(ctx)
				defer cancel()
				<-ctx.Done()
				return context.Cause(ctx)
			}},
			Definition{Name: "halt", Resume: Halt, Run: func(_ context.Context, run *Run) error {
				halts++
				if halts > 1 {
					return nil
				}
				<-run.Parking()
				return ErrParked
			}},
			Definition{Name: "last", Run: func(context.Context, *Run) error {
				last++
				time.Sleep(time.Second) // knows nothing of parking: ends, and is recorded
				return nil
			}},
			Definition{Name: "never", Run: ok},
		)
		m.insert(t, "a")
		r.Enqueue("a")
		for i, want := range []struct {
			step  int
			state api.StepState
		}{{0, api.StepStarted}, {1, api.StepPending}, {2, api.StepDone}} {
			synctest.Wait()
			if err := r.Park(t.Context()); err != nil {
				t.Fatal(err)
			}
			op := m.get(t, "a")
			if op.State != api.OperationRunning || op.Steps[want.step].State != want.state {
				t.Fatalf("park %d: operation %s, step %+v", i, op.State, op.Steps[want.step])
			}
			r.Enqueue("a")
			if len(r.active) > 0 {
				t.Fatal("work began while parked")
			}
			if err := r.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		settle(r)
		if op := m.get(t, "a"); op.State != api.OperationDone || waits != 2 || halts != 2 || last != 1 {
			t.Errorf("operation %s %+v; the steps ran %d, %d, %d times", op.State, op.Error, waits, halts, last)
		}
	})
}

func TestParkGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r := start(t, m, Definition{Name: "deaf", Run: func(context.Context, *Run) error {
			time.Sleep(time.Minute)
			return nil
		}}, Definition{Name: "next", Run: ok})
		m.insert(t, "a")
		r.Enqueue("a")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Park(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("park: %v", err)
		}
		if err := r.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		settle(r)
		if op := m.get(t, "a"); op.State != api.OperationDone {
			t.Errorf("the operation was lost between parking and resuming: %s", op.State)
		}
	})
}

func TestAStepInProgressAtTheEndIsResumedOrHalted(t *testing.T) {
	for resume, want := range map[Resume]api.OperationState{Retry: api.OperationDone, Halt: api.OperationHalted} {
		t.Run(string(want), func(t *testing.T) {
			m := &memory{}
			begun := make(chan struct{})
			first := start(t, m, Definition{Name: "prompt", Resume: resume, Run: func(ctx context.Context, _ *Run) error {
				close(begun)
				<-ctx.Done()
				return ctx.Err()
			}})
			m.insert(t, "a")
			first.Enqueue("a")
			<-begun
			first.Close()
			if op := m.get(t, "a"); op.State != api.OperationRunning || op.Steps[0].State != api.StepStarted {
				t.Fatalf("after the end: %s, %+v", op.State, op.Steps[0])
			}

			runs := 0
			second := start(t, m, Definition{Name: "prompt", Resume: resume, Run: func(context.Context, *Run) error { runs++; return nil }})
			settle(second)
			op := m.get(t, "a")
			if op.State != want {
				t.Fatalf("operation is %s, want %s", op.State, want)
			}
			if resume == Retry {
				return
			}
			if runs != 0 || op.Error.Code != api.CodeHalted || op.Steps[0].State != api.StepFailed {
				t.Fatalf("ran %d times, error %+v, step %+v", runs, op.Error, op.Steps[0])
			}
			err := m.Update(t.Context(), func(tx memoryTx) error { _, err := second.Retry(t.Context(), tx, "a"); return err })
			if err != nil {
				t.Fatal(err)
			}
			if op := run(t, m, second, "a"); op.State != api.OperationDone || runs != 1 {
				t.Errorf("after a person retried: %s, ran %d times", op.State, runs)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	m := &memory{}
	begun := make(chan struct{})
	r := start(t, m, Definition{Name: "slow", Run: func(ctx context.Context, _ *Run) error {
		close(begun)
		<-ctx.Done()
		return errors.New("something that was cut off")
	}})
	m.insert(t, "a")
	r.Enqueue("a")
	<-begun
	for range 2 { // the second has nothing to do
		if err := r.Cancel(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if op := m.get(t, "a"); op.State != api.OperationFailed || op.Error.Message != "cancelled" || op.Steps[0].State != api.StepFailed {
			t.Fatalf("operation %s %+v, step %+v", op.State, op.Error, op.Steps[0])
		}
	}
	m.insert(t, "b") // nobody began it
	if err := r.Cancel(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if op := m.get(t, "b"); op.State != api.OperationFailed {
		t.Errorf("operation %s", op.State)
	}
	if err := r.Cancel(t.Context(), "none"); err == nil {
		t.Error("an operation that does not exist was cancelled")
	}
}

// A retry that comes the moment a failure is stored must not be lost because
// the goroutine of the failed run has not left yet.
func TestRetryAtOnceIsNeverLost(t *testing.T) {
	const rounds = 200
	m := &memory{}
	var runs atomic.Int32
	failed := make(chan struct{}, rounds)
	done := make(chan struct{})
	r := New(Config[memoryTx]{Store: m, Plans: []Plan[memoryTx]{{
		Kind: "test",
		Steps: []Definition{{Name: "only", Run: func(context.Context, *Run) error {
			if runs.Add(1) < rounds {
				return errors.New("not yet")
			}
			return nil
		}}},
		Changed: func(_ memoryTx, op *Operation, _ *Step) error {
			switch op.State {
			case api.OperationFailed:
				failed <- struct{}{}
			case api.OperationPending, api.OperationRunning, api.OperationHalted:
			case api.OperationDone:
				close(done)
			}
			return nil
		},
	}}})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m.insert(t, "a")
	r.Enqueue("a")
	for {
		select {
		case <-failed:
			err := m.Update(t.Context(), func(tx memoryTx) error { _, err := r.Retry(t.Context(), tx, "a"); return err })
			if err != nil {
				t.Fatal(err)
			}
			r.Enqueue("a")
		case <-done:
			return
		case <-time.After(10 * time.Second):
			t.Fatalf("a retry was lost after %d runs", runs.Load())
		}
	}
}

func TestMaxConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		var now, most atomic.Int32
		r := New(Config[memoryTx]{Store: m, MaxConcurrent: 3, Plans: []Plan[memoryTx]{{Kind: "test", Steps: []Definition{{
			Name: "only", Run: func(context.Context, *Run) error {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				now.Add(-1)
				return nil
			},
		}}}}})
		for i := range 10 {
			m.insert(t, fmt.Sprint(i))
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		settle(r)
		if most.Load() != 3 {
			t.Errorf("%d at a time, want 3", most.Load())
		}
		for i := range 10 {
			if op := m.get(t, fmt.Sprint(i)); op.State != api.OperationDone {
				t.Errorf("operation %d is %s", i, op.State)
			}
		}
	})
}

func TestAFaultThatPassesIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		runs := 0
		r := start(t, m, Definition{Name: "only", Run: func(context.Context, *Run) error { runs++; return nil }})
		m.insert(t, "a")
		full := time.Now().Add(time.Hour)
		m.fail = func() error {
			if time.Now().Before(full) {
				return &api.Error{Code: api.CodeUnavailable, Message: "the disk is full", Retryable: true}
			}
			return nil
		}
		op := run(t, m, r, "a")
		if op.State != api.OperationDone || runs != 1 {
			t.Errorf("operation %s, the step ran %d times", op.State, runs)
		}
		want := []string{"step.started only", "step.done only", "operation.done"}
		if got := m.kinds(t); !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestChangedSeesEveryChange(t *testing.T) {
	m := &memory{}
	var seen []string
	r := New(Config[memoryTx]{Store: m, Plans: []Plan[memoryTx]{{
		Kind:  "test",
		Steps: []Definition{{Name: "one", Run: ok}, {Name: "two", Run: func(context.Context, *Run) error { return errors.New("no") }}},
		Changed: func(_ memoryTx, op *Operation, step *Step) error {
			s := string(op.State)
			if step != nil {
				s += " " + step.Name + " " + string(step.State)
			}
			seen = append(seen, s)
			return nil
		},
	}}})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m.insert(t, "a")
	run(t, m, r, "a")
	want := []string{"running", "running one started", "running one done", "running two started", "failed two failed"}
	if !slices.Equal(seen, want) {
		t.Errorf("saw %q, want %q", seen, want)
	}
}

func TestEventsAreOfTheTaskAnOperationOnARepoIsAbout(t *testing.T) {
	m := &memory{}
	plans := []Plan[memoryTx]{{
		Kind:  "test",
		Steps: []Definition{{Name: "one", Run: ok}, {Name: "two", Run: func(context.Context, *Run) error { return errors.New("no") }}},
		About: func(op *Operation) string { return "of-" + op.ID },
	}}
	r := New(Config[memoryTx]{Store: m, Plans: Lift(plans, func(tx memoryTx) memoryTx { return tx })})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m.insert(t, "a")
	m.mu.Lock()
	m.ops[0].Task, m.ops[0].Repo = "", "repo"
	m.mu.Unlock()
	run(t, m, r, "a")
	if len(m.events) == 0 {
		t.Error("there are no events")
	}
	for _, e := range m.events {
		if e.Task != "of-a" {
			t.Errorf("%s is an event of task %q", e.Kind, e.Task)
		}
	}
	if m.ops[0].Task != "" {
		t.Errorf("the operation is on task %q now", m.ops[0].Task)
	}
}

func TestAnOperationItsPlanCannotFollowEnds(t *testing.T) {
	m := &memory{}
	r := New(Config[memoryTx]{Store: m, Plans: []Plan[memoryTx]{{
		Kind:  "test",
		Steps: []Definition{{Name: "one", Run: ok}},
		Changed: func(_ memoryTx, op *Operation, _ *Step) error {
			if op.State == api.OperationRunning {
				return nil
			}
			return errors.New("no such task")
		},
	}}})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m.insert(t, "a")
	op := run(t, m, r, "a")
	if op.State != api.OperationFailed || op.Error.Message != "no such task" || op.Steps[0].State != api.StepFailed {
		t.Errorf("operation %s %+v, step %+v", op.State, op.Error, op.Steps[0])
	}
}

func TestAnOperationThatCannotBeBegunEnds(t *testing.T) {
	m := &memory{}
	r := start(t, m, Definition{Name: "one", Run: ok})
	m.insert(t, "a")
	failed := false
	m.fail = func() error {
		if failed {
			return nil
		}
		failed = true
		return errors.New("no")
	}
	op := run(t, m, r, "a")
	if op.State != api.OperationFailed || op.Error == nil {
		t.Errorf("operation %s, %+v", op.State, op.Error)
	}
}

func TestUnknownKindFails(t *testing.T) {
	m := &memory{}
	r := New(Config[memoryTx]{Store: m})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m.insert(t, "a")
	if op := run(t, m, r, "a"); op.State != api.OperationFailed || !strings.Contains(op.Error.Message, `"test"`) {
		t.Errorf("operation %s %+v", op.State, op.Error)
	}
}

// The log of a step can be read while it grows and after it went well, but only
// the event of a failure carries it.
func TestLogOfARunningStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r := start(t, m, Definition{Name: "setup", Run: func(_ context.Context, run *Run) error {
			run.Log("line 1")
			time.Sleep(2 * progressPause)
			if s := m.get(t, "a").Steps[0]; s.State != api.StepStarted || s.Log != "line 1" {
				t.Errorf("while it runs: %+v", s)
			}
			run.Log(run.Logged() + "\nline 2")
			return nil
		}})
		m.insert(t, "a")
		if s := run(t, m, r, "a").Steps[0]; s.State != api.StepDone || s.Log != "line 1\nline 2" {
			t.Errorf("at the end: %+v", s)
		}
		for _, e := range m.events {
			if strings.Contains(string(e.Data), "line 1") {
				t.Errorf("%s carries the log: %s", e.Kind, e.Data)
			}
		}
	})
}
