package crash

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// The builds that tests install, each newer than the one before; the last one
// has one more migration.
const (
	oldBuild    = "1000"
	newBuild    = "2000"
	schemaBuild = "3000"
)

// built is where TestMain left the programs, one directory a build. They are
// built with the points of faults in them.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hfb")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = dir
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(dir string) error {
	migration, err := nextMigration(dir)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i, args := range [][]string{{oldBuild}, {newBuild}, {schemaBuild, "-overlay", migration}} {
		wg.Go(func() {
			flags := fmt.Sprintf("-s -w -X github.com/hf-dev/hf/internal/version.build=%s -X github.com/hf-dev/hf/internal/version.version=0.0.%s", args[0], args[0])
			argv := append([]string{"build", "-tags", "fault", "-ldflags", flags, "-o", filepath.Join(dir, args[0]) + "/"}, args[1:]...)
			cmd := exec.Command("go", append(argv, "../../../cmd/hf", "../../../cmd/hfd")...)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as people get it
			if out, err := cmd.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("build %s: %w\n%s", args[0], err, out)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// nextMigration makes the migration of a build that is yet to come, and the
// overlay that adds it to the source.
func nextMigration(dir string) (overlay string, err error) {
	known, err := filepath.Glob("../../../migrations/*.sql")
	if err != nil {
		return "", err
	}
	text := filepath.Join(dir, "next.sql")
	err = os.WriteFile(text, []byte("CREATE TABLE next (task TEXT NOT NULL) STRICT;\nINSERT INTO next SELECT id FROM tasks;\n"), 0o600)
	if err != nil {
		return "", err
	}
	name, err := filepath.Abs(fmt.Sprintf("../../../migrations/%04d_next.sql", len(known)+1))
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {name: text}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}
