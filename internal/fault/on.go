//go:build fault

package fault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Enabled reports whether this program has points.
const Enabled = true

// Point is a moment at which the program can be made to die or to meet an
// error, which the caller returns as it would that of the side effect.
func Point(name string) error {
	switch action := hit(name); action {
	case Exit:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	case Sleep:
		time.Sleep(time.Second)
	case Error:
		return errors.New("fault at " + name)
	case ENOSPC:
		return fmt.Errorf("fault at %s: %w", name, syscall.ENOSPC)
	case EIO:
		return fmt.Errorf("fault at %s: %w", name, syscall.EIO)
	}
	return nil
}

// Pass is a Point where there is nobody to return an error to.
func Pass(name string) { _ = Point(name) }

// Around calls do between the points name.before and name.after. An error of
// the first one is returned instead of calling do.
func Around(name string, do func() error) error {
	if err := Point(name + ".before"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return Point(name + ".after")
}

// Now is the time, of a clock that a test can set.
func Now() time.Time {
	now := time.Now()
	b, err := os.ReadFile(filepath.Join(os.Getenv(Variable), ClockFile))
	if err != nil {
		return now
	}
	jump, err := time.ParseDuration(string(b))
	if err != nil {
		return now
	}
	return now.Round(0).Add(jump) // a clock that was set knows nothing of what passed
}

// Environ is what a child that is one of hf's own programs needs in its
// environment, so that its points count too.
func Environ() []string {
	dir := os.Getenv(Variable)
	if dir == "" {
		return nil
	}
	return []string{Variable + "=" + dir}
}

// hit notes that a point was passed and returns the action that is planned for
// it. All programs that share the directory count together, and each line of
// the file has its place in it: so one hit has one number, and a plan strikes
// once, however many processes and threads there are.
func hit(name string) (action string) {
	dir := os.Getenv(Variable)
	if dir == "" {
		return ""
	}
	self := fmt.Sprintf("%s %s %d\n", name, rand.Text(), os.Getpid())
	f, err := os.OpenFile(filepath.Join(dir, HitsFile), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return "" // the test that looked is over
	}
	defer f.Close()
	if _, err := f.WriteString(self); err != nil {
		return ""
	}
	var planned string
	var number int
	plan, err := os.ReadFile(filepath.Join(dir, PlanFile))
	if err != nil {
		return ""
	}
	if n, _ := fmt.Sscan(string(plan), &planned, &number, &action); n != 3 || planned != name {
		return ""
	}
	hits, err := os.ReadFile(f.Name())
	if err != nil || place(hits, name, self) != number {
		return ""
	}
	return action
}

// place is the number of a line among those of the same point.
func place(hits []byte, name, self string) (n int) {
	for line := range bytes.Lines(hits) {
		if bytes.HasPrefix(line, []byte(name+" ")) {
			n++
		}
		if string(line) == self {
			return n
		}
	}
	return -1
}
