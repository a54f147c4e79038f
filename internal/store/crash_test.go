package store

import (
	"bufio"
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/hf-dev/hf/pkg/api"
)

// The tests of this file run themselves as a child that dies by SIGKILL.
const (
	childPath  = "HF_TEST_CHILD_DB"
	childDeath = "HF_TEST_CHILD_DEATH" // number of the statement of a migration
)

// child returns a command that runs one test of this binary as a child.
func child(t *testing.T, test, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0", childPath+"="+path), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestCommitChild(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("run by TestAckedRowsSurviveSIGKILL")
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				var seq int64
				update(t, s, func(tx *Tx) (err error) {
					seq, err = tx.Event(api.EventWarning, "", "", api.Error{Message: strings.Repeat("x", 100)})
					if err != nil {
						return err
					}
					return tx.PutSetting(strconv.FormatInt(seq, 10), "v")
				})
				out.Lock()
				fmt.Println("acked", seq)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestAckedRowsSurviveSIGKILL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hf.db")
	acked := make(map[int64]bool)
	for round := range 8 {
		cmd := child(t, "TestCommitChild", path)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		before := len(acked)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			var seq int64
			if n, _ := fmt.Sscanf(lines.Text(), "acked %d", &seq); n == 1 {
				acked[seq] = true
			}
			if len(acked) == before+50+18*round { // in the middle of the next commits
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || len(acked) == before {
			t.Fatalf("round %d: the child was not killed at work: %v", round, err)
		}

		s := openAt(t, path) // checks the structure of the file
		view(t, s, func(tx *Tx) error {
			events, err := tx.Events(0, "", 0)
			if err != nil {
				return err
			}
			stored := make(map[int64]bool)
			for i, e := range events {
				stored[e.Seq] = true
				if e.Seq != int64(i+1) {
					t.Fatalf("round %d: event %d has number %d", round, i+1, e.Seq)
				}
				if _, found, err := tx.Setting(strconv.FormatInt(e.Seq, 10)); !found || err != nil {
					t.Fatalf("round %d: half of the transaction of event %d is missing: %v", round, e.Seq, err)
				}
			}
			for seq := range acked {
				if !stored[seq] {
					t.Fatalf("round %d: event %d was acknowledged and is lost", round, seq)
				}
			}
			return nil
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rows acknowledged, none lost", len(acked))
}

// upgrade is a migration of many kinds of statement.
const upgrade = `CREATE TABLE extra (x TEXT NOT NULL) STRICT;
ALTER TABLE tasks ADD COLUMN extra TEXT NOT NULL DEFAULT '';
UPDATE tasks SET extra = title;
INSERT INTO extra SELECT title FROM tasks;
DROP TABLE sandboxes;
CREATE INDEX extra_x ON extra (x);
`

// deadly puts a statement that kills the process before each statement of a
// migration and after the last; the one that is to kill is chosen by number.
func deadly(text string) (out string, points int) {
	var b strings.Builder
	for stmt := range strings.SplitAfterSeq(text, ";\n") {
		fmt.Fprintf(&b, "SELECT die(%d);\n%s", points, stmt)
		points++
	}
	return b.String(), points
}

func TestMigrationChild(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("run by TestKilledInAMigration")
	}
	death, err := strconv.ParseInt(os.Getenv(childDeath), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlite.RegisterScalarFunction("die", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if args[0] == death {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute) // until the signal arrives
		}
		return int64(0), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := deadly(upgrade)
	s, err := open(t.Context(), path, Options{}, withMigration(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Killed before or after any statement of a migration, the schema is the old
// one or the new one, the rows are there, a backup is kept, and the next start
// finishes the upgrade.
func TestKilledInAMigration(t *testing.T) {
	_, points := deadly(upgrade)
	for death := range points + 1 { // the last one kills nobody
		path := filepath.Join(t.TempDir(), "hf.db")
		s := openAt(t, path)
		seed(t, s, "a", "b")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := child(t, "TestMigrationChild", path, childDeath+"="+strconv.Itoa(death))
		err := cmd.Run()
		if killed := err != nil; killed != (death < points) {
			t.Fatalf("point %d of %d: %v", death, points, err)
		}

		s, err = Open(t.Context(), path, Options{})
		if death == points {
			wantCode(t, err, api.CodeSchemaNewer)
		} else {
			if err != nil {
				t.Fatalf("point %d: %v", death, err)
			}
			if has, rows := shape(t, s); has || rows != 2 {
				t.Errorf("point %d: half of the new schema: extra %v, %d tasks", death, has, rows)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if kept := backups(t, path); len(kept) != 1 || !strings.HasSuffix(kept[0], ".db") {
			t.Errorf("point %d: backups %v", death, kept)
		}
		s, err = open(t.Context(), path, Options{}, withMigration(upgrade))
		if err != nil {
			t.Fatalf("point %d: %v", death, err)
		}
		if has, rows := shape(t, s); !has || rows != 2 {
			t.Errorf("point %d: after the next start: extra %v, %d tasks", death, has, rows)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// shape reports whether the table of the upgrade is there, and the number of
// tasks.
func shape(t *testing.T, s *Store) (extra bool, tasks int) {
	t.Helper()
	view(t, s, func(tx *Tx) error {
		if err := tx.scan(`SELECT count(*) FROM tasks`, nil, &tasks); err != nil {
			return err
		}
		return tx.scan(`SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'extra'`, nil, &extra)
	})
	return extra, tasks
}

// The first start of all, killed at any moment, leaves nothing that the next
// one cannot begin from.
func TestKilledInTheFirstStart(t *testing.T) {
	for round := range 8 {
		path := filepath.Join(t.TempDir(), "hf.db")
		cmd := child(t, "TestCommitChild", path)
		cmd.Stdout = io.Discard
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		for ctx.Err() == nil { // as soon as there is a file, or a little later
			if _, err := os.Stat(path); err == nil {
				break
			}
		}
		cancel()
		time.Sleep(time.Duration(round) * 500 * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		s, err := Open(t.Context(), path, Options{Sessions: filepath.Join(filepath.Dir(path), "sessions")})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		seed(t, s, "a")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
