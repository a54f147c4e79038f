//go:build fault

package fault_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hf-dev/hf/internal/fault"
)

func plan(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv(fault.Variable, dir)
	if err := os.WriteFile(filepath.Join(dir, fault.PlanFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPlanStrikesOnce(t *testing.T) {
	plan(t, "a 3 enospc")
	var struck atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if err := fault.Point("a"); errors.Is(err, syscall.ENOSPC) {
					struck.Add(1)
				}
				fault.Pass("aa")
			}
		})
	}
	wg.Wait()
	if n := struck.Load(); n != 1 {
		t.Errorf("it struck %d times", n)
	}
}

func TestAround(t *testing.T) {
	for _, at := range []string{"a.before", "a.after"} {
		plan(t, at+" 1 eio")
		done := false
		err := fault.Around("a", func() error { done = true; return nil })
		if !errors.Is(err, syscall.EIO) || done != (at == "a.after") {
			t.Errorf("%s: %v, done: %v", at, err, done)
		}
	}
}
