package tui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// failure is a fault of ours that ends the program: the terminal is restored
// first, then the person is told where to read of it.
type failure struct {
	what  any
	stack []byte
	quit  func()
}

// guard is deferred by Update.
func (f *failure) guard(cmd *tea.Cmd) {
	if r := recover(); r != nil {
		f.note(r)
	}
	if f.what != nil {
		*cmd = tea.Quit
	}
}

// guardView is deferred by View, which cannot end the program by itself.
func (f *failure) guardView(lines *[]string) {
	if r := recover(); r != nil {
		f.note(r)
		*lines = nil
		if f.quit != nil {
			f.quit()
		}
	}
}

func (f *failure) note(r any) {
	if f.what == nil {
		f.what, f.stack = r, debug.Stack()
	}
}

// logSize is how large the log may be before it is begun anew, in bytes.
const logSize = 1 << 20

// openLog opens the file that what the libraries and the runtime say of a fault
// is written to, instead of into the screen.
func openLog(state string) (*os.File, error) {
	name := filepath.Join(state, "tui.log")
	if fi, err := os.Stat(name); err == nil && fi.Size() > logSize {
		_ = os.Remove(name) // at worst it grows
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return file, nil
}

// report turns the end of the program into an error for the person, nil when
// they ended it.
func (f *failure) report(err error, log *os.File) error {
	switch {
	case f.what != nil:
		err = fmt.Errorf("%v", f.what)
		if log != nil {
			_, _ = fmt.Fprintf(log, "%s %v\n%s\n", time.Now().UTC().Format(time.RFC3339), f.what, f.stack) // what is said below is all there is then
		}
	case errors.Is(err, tea.ErrProgramPanic): // it was told to standard error, which is the log
	case err == nil, errors.Is(err, tea.ErrInterrupted), errors.Is(err, tea.ErrProgramKilled):
		return nil
	}
	where := "nothing could be written of it"
	if log != nil {
		where = log.Name() + " says more"
	}
	return fmt.Errorf("the screen failed: %w\nhint: the tasks go on; %s", err, where)
}
