package hold

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/pkg/api"
)

// Size is how large a terminal is, in letters.
type Size struct {
	Columns int `json:"cols"`
	Rows    int `json:"rows"`
}

// maxSide bounds a terminal: the kernel counts in 16 bits.
const maxSide = 0xffff

func (s Size) check() error {
	if s.Columns < 1 || s.Rows < 1 || s.Columns > maxSide || s.Rows > maxSide {
		return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("a terminal of %d columns and %d rows cannot be", s.Columns, s.Rows)}
	}
	return nil
}

// redrawPause is how long a terminal has another size, so that its program
// notices and draws all of it anew.
const redrawPause = 50 * time.Millisecond

// tty is our end of the process's terminal.
type tty struct {
	f    *os.File
	mu   sync.Mutex
	size Size
}

// terminal makes the process's terminal: our end, which does not block, and
// three descriptors of the other.
func (a *agent) terminal(size Size, theirs *[3]int) (err error) {
	ours, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("make a terminal: %w", err)
	}
	a.tty = &tty{f: os.NewFile(uintptr(ours), "/dev/ptmx")}
	a.stdin, a.stdout = a.tty.f, a.tty.f
	defer func() {
		if err != nil {
			a.closePipes()
		}
	}()
	if err := unix.IoctlSetPointerInt(ours, unix.TIOCSPTLCK, 0); err != nil {
		return fmt.Errorf("unlock the terminal: %w", err)
	}
	number, err := unix.IoctlGetInt(ours, unix.TIOCGPTN)
	if err != nil {
		return fmt.Errorf("name the terminal: %w", err)
	}
	if modes, err := unix.IoctlGetTermios(ours, unix.TCGETS); err == nil {
		modes.Iflag |= unix.IUTF8 // the erase key takes whole letters
		_ = unix.IoctlSetTermios(ours, unix.TCSETS, modes)
	}
	if err := a.tty.resize(size); err != nil {
		return err
	}
	if theirs[0], err = unix.Open(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open the terminal: %w", err)
	}
	for i := 1; i < len(theirs); i++ {
		if theirs[i], err = unix.FcntlInt(uintptr(theirs[0]), unix.F_DUPFD_CLOEXEC, 0); err != nil {
			for _, fd := range theirs[:i] {
				_ = unix.Close(fd)
			}
			return fmt.Errorf("open the terminal: %w", err)
		}
	}
	return nil
}

// resize makes the terminal another size. Its program is told by SIGWINCH.
func (t *tty) resize(size Size) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size = size
	return t.apply(size)
}

func (t *tty) apply(size Size) error {
	raw, err := t.f.SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	err = raw.Control(func(fd uintptr) {
		setErr = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(size.Columns), Row: uint16(size.Rows)})
	})
	if err == nil {
		err = setErr
	}
	if err != nil {
		return fmt.Errorf("set the size of the terminal: %w", err)
	}
	return nil
}

// redraw makes the program draw everything in a terminal of this size. One that
// has it already gets another for a moment: many programs look at nothing else.
func (t *tty) redraw(size Size) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.size
	t.size = size
	if size != was {
		return t.apply(size)
	}
	other := size
	if other.Rows--; other.Rows == 0 {
		other.Rows = 2
	}
	time.AfterFunc(redrawPause, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		_ = t.apply(t.size) // or it is closed by now
	})
	return t.apply(other)
}

// askToEnd asks the process and its group to end. A program in a terminal is
// also told that this has gone, which shells obey.
func (a *agent) askToEnd() {
	_ = a.signalGroup(syscall.SIGTERM)
	if a.tty != nil {
		_ = a.signalGroup(syscall.SIGHUP)
	}
}
