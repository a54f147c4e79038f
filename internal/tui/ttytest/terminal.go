package ttytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Terminal is a PTY with a screen. Its methods may be called from several
// goroutines.
type Terminal struct {
	ours *os.File

	mu      sync.Mutex
	screen  *Screen
	changed chan struct{} // closed and replaced when something was drawn
	ended   bool          // nobody has the terminal open any more
	tee     io.Writer
	down    sync.WaitGroup
}

// Open makes a terminal. A program gets tty, which the caller closes when the
// program has it. tee gets all that is drawn; nil = nobody does.
func Open(width, height int, tee io.Writer) (t *Terminal, tty *os.File, err error) {
	blocking, tty, err := pty.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("make a terminal: %w", err)
	}
	ours, err := waking(blocking)
	if err != nil {
		return nil, nil, errors.Join(err, tty.Close())
	}
	t = &Terminal{ours: ours, screen: NewScreen(width, height), changed: make(chan struct{}), tee: tee}
	if err := t.Resize(width, height); err != nil {
		return nil, nil, errors.Join(err, ours.Close(), tty.Close())
	}
	t.down.Go(t.read)
	return t, tty, nil
}

// waking is the same file as one whose readers Close wakes.
func waking(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("make a terminal: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

func (t *Terminal) read() {
	buf := make([]byte, 32<<10)
	for {
		n, err := t.ours.Read(buf)
		t.mu.Lock()
		_, _ = t.screen.Write(buf[:n]) // it never fails
		if t.tee != nil {
			_, _ = t.tee.Write(buf[:n])
		}
		t.ended = err != nil
		close(t.changed)
		t.changed = make(chan struct{})
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Close hangs up, as a terminal whose window is closed does.
func (t *Terminal) Close() error {
	err := t.ours.Close()
	t.down.Wait()
	return err
}

// Resize changes the size of the window.
func (t *Terminal) Resize(width, height int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.screen.Resize(width, height)
	if err := setSize(t.ours, width, height); err != nil {
		return fmt.Errorf("resize the terminal: %w", err)
	}
	return nil
}

// setSize leaves the file as it is, which what pty has for it does not.
func setSize(f *os.File, width, height int) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	size := unix.Winsize{Row: uint16(height), Col: uint16(width)} //nolint:gosec // no screen is that large
	var failed error
	err = conn.Control(func(fd uintptr) { failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &size) })
	return errors.Join(err, failed)
}

// Type types text as it is.
func (t *Terminal) Type(text string) error {
	_, err := io.WriteString(t.ours, text)
	return err
}

// Press presses keys by the names that hf has for them: "j", "ctrl+a", "enter".
func (t *Terminal) Press(names ...string) error {
	for _, name := range names {
		if err := t.Type(Key(name)); err != nil {
			return err
		}
	}
	return nil
}

// Key is what a terminal sends for a key.
func Key(name string) string {
	if rest, ok := strings.CutPrefix(name, "alt+"); ok {
		return "\x1b" + Key(rest)
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok && len(rest) == 1 {
		return string(rest[0] & 0x1f)
	}
	switch name {
	case "enter":
		return "\r"
	case "esc":
		return "\x1b"
	case "tab":
		return "\t"
	case "shift+tab":
		return "\x1b[Z"
	case "backspace":
		return "\x7f"
	case "up":
		return "\x1b[A"
	case "down":
		return "\x1b[B"
	case "right":
		return "\x1b[C"
	case "left":
		return "\x1b[D"
	case "pgup":
		return "\x1b[5~"
	case "pgdown":
		return "\x1b[6~"
	}
	return name
}

// Do has f look at the screen while nothing is drawn.
func (t *Terminal) Do(f func(s *Screen)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(t.screen)
}

// Text is what is shown.
func (t *Terminal) Text() (text string) {
	t.Do(func(s *Screen) { text = s.Text() })
	return text
}

// Until waits for a whole frame of which ok holds.
func (t *Terminal) Until(ctx context.Context, ok func(s *Screen) bool) error {
	for {
		t.mu.Lock()
		changed, ended := t.changed, t.ended
		seen := t.screen.Whole() && ok(t.screen)
		t.mu.Unlock()
		switch {
		case seen:
			return nil
		case ended:
			return fmt.Errorf("the program ended, and what was waited for did not come:\n%s", t.Text())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("what is waited for does not come: %w\n%s", context.Cause(ctx), t.Text())
		}
	}
}
