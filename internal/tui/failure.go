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
func (f *failure) guardView(screen *string) {
	if r := recover(); r != nil {
		f.note(r)
		*screen = ""
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

// report turns the end of the program into an error for the person, nil when
// they ended it.
func (f *failure) report(err error, state string) error {
	if f.what == nil {
		switch {
		case err == nil, errors.Is(err, tea.ErrInterrupted), errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrProgramPanic):
			return nil
		}
		return fmt.Errorf("the screen ended: %w", err)
	}
	log := filepath.Join(state, "tui.log")
	text := fmt.Sprintf("%s %v\n%s\n", time.Now().UTC().Format(time.RFC3339), f.what, f.stack)
	file, oerr := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if oerr == nil {
		_, oerr = file.WriteString(text)
		oerr = errors.Join(oerr, file.Close())
	}
	if oerr != nil {
		return fmt.Errorf("the screen failed, the tasks go on: %v\n%s", f.what, f.stack)
	}
	return fmt.Errorf("the screen failed, the tasks go on: %v\nhint: %s says more", f.what, log)
}
