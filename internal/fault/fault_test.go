package fault_test

import (
	"errors"
	"os"
	"testing"

	"github.com/hf-dev/hf/internal/fault"
)

// A program without the tag does what it does, whatever a plan says.
func TestPointsAreNothingWithoutTheTag(t *testing.T) {
	if fault.Enabled {
		t.Skip("built with the tag")
	}
	dir := t.TempDir()
	t.Setenv(fault.Variable, dir)
	if err := os.WriteFile(dir+"/"+fault.PlanFile, []byte("a.before 1 error"), 0o600); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	if err := fault.Around("a", func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("Around returns %v, want what the function did", err)
	}
	if err := fault.Point("a.before"); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files after the points: %v, %v", entries, err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = fault.Point("a"); fault.Pass("a") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
