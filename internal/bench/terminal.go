package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// The size of the terminal, and what the screen says when a frame is complete.
const (
	columns    = 120
	lines      = 40
	screenSize = columns * lines
	frameEnd   = "\x1b[?2026l"
)

// A terminal is asked for its background, and answers.
const (
	asksColor = "\x1b]11;?"
	color     = "\x1b]11;rgb:0000/0000/0000\x1b\\"
)

// patience is how long a frame is waited for.
const patience = 3 * time.Minute

// terminal is hf on a terminal of its own, as a person has it before them.
type terminal struct {
	pty     *os.File
	process *os.Process
	began   time.Time
	frames  chan frame
}

// frame is what was written up to the end of a frame.
type frame struct {
	at   time.Time
	text []byte
}

// open starts hf on a terminal.
func (w *world) open(args ...string) (*terminal, error) {
	ours, tty, err := pty.Open()
	if err != nil {
		return nil, err
	}
	defer tty.Close()
	if err := pty.Setsize(ours, &pty.Winsize{Rows: lines, Cols: columns}); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	t := &terminal{pty: ours, frames: make(chan frame)}
	env := append([]string{"TERM=xterm-256color"}, w.env...) // the first one counts
	attr := &os.ProcAttr{
		Dir: w.repo, Env: env, Files: []*os.File{tty, tty, tty},
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: true},
	}
	t.began = time.Now()
	if t.process, err = os.StartProcess(w.hf, append([]string{w.hf}, args...), attr); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	go t.read()
	return t, nil
}

// read cuts what hf writes into frames until it ends.
func (t *terminal) read() {
	defer close(t.frames)
	var text []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := t.pty.Read(buf)
		if err != nil {
			return
		}
		at := time.Now()
		if bytes.Contains(buf[:n], []byte(asksColor)) {
			_, _ = t.pty.WriteString(color)
		}
		text = append(text, buf[:n]...)
		for {
			end := bytes.Index(text, []byte(frameEnd))
			if end < 0 {
				break
			}
			end += len(frameEnd)
			t.frames <- frame{at, bytes.Clone(text[:end])}
			text = text[:copy(text, text[end:])]
		}
	}
}

// until waits for a frame that has a text, "" for any.
func (t *terminal) until(ctx context.Context, text string) (frame, error) {
	limit := time.After(patience)
	for {
		select {
		case f, ok := <-t.frames:
			switch {
			case !ok:
				return f, errors.New("hf has ended")
			case bytes.Contains(f.text, []byte(text)):
				return f, nil
			}
		case <-limit:
			return frame{}, fmt.Errorf("no frame shows %q within %s", text, patience)
		case <-ctx.Done():
			return frame{}, context.Cause(ctx)
		}
	}
}

// press presses a key once nothing moves, and says how long it takes until the
// next frame is complete, and how large that is.
func (t *terminal) press(ctx context.Context, key string) (took time.Duration, size int, err error) {
	// A task that is gone to is read a moment later.
	if err := t.settle(ctx, 150*time.Millisecond); err != nil {
		return 0, 0, err
	}
	pressed := time.Now()
	if _, err := t.pty.WriteString(key); err != nil {
		return 0, 0, err
	}
	f, err := t.until(ctx, "")
	return f.at.Sub(pressed), len(f.text), err
}

// look looks on for a while, and says how many frames came and their size.
func (t *terminal) look(ctx context.Context, d time.Duration) (frames, size int, err error) {
	end := time.After(d)
	for {
		select {
		case f, ok := <-t.frames:
			if !ok {
				return frames, size, errors.New("hf has ended")
			}
			frames, size = frames+1, size+len(f.text)
		case <-end:
			return frames, size, nil
		case <-ctx.Done():
			return frames, size, context.Cause(ctx)
		}
	}
}

// settle waits until nothing was drawn for a while.
func (t *terminal) settle(ctx context.Context, d time.Duration) error {
	for {
		frames, _, err := t.look(ctx, d)
		if err != nil || frames == 0 {
			return err
		}
	}
}

// close ends hf as a terminal does that is closed.
func (t *terminal) close() {
	go func() {
		for range t.frames { // nobody looks any more
		}
	}()
	_ = t.process.Signal(syscall.SIGHUP)
	_, _ = t.process.Wait()
	_ = t.pty.Close()
}

// processor is how long a process has used one.
func processor(pid int) (time.Duration, error) {
	const tick = time.Second / 100 // of Linux, on every machine
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("the state of process %d makes no sense: %q", pid, b)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}
