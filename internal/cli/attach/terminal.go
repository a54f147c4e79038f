package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// opener is what the agent's own terminal asks of the daemon.
type opener interface {
	Terminal(ctx context.Context, task string, in api.OpenTerminal) (api.Terminal, error)
}

// settle bounds what is still drawn of the agent's terminal after a person has
// left it: a slow line must not keep them.
const settle = time.Second

// ownTerminal attaches the person's terminal to the agent's own.
func ownTerminal(ctx context.Context, opts *Options) error {
	if !opts.IO.InTTY() || !opts.IO.CanDraw() || opts.IO.NoInput {
		return &api.Error{
			Code: api.CodeInvalid, Message: "the agent's own terminal is for a person at a terminal",
			Hint: "Without --terminal hf takes messages line by line; `hf send` sends one.",
		}
	}
	var chosen key
	if opts.DetachKey != "" {
		var err error
		if chosen, err = parseKey(opts.DetachKey); err != nil {
			return err
		}
	}
	size, err := sizeOf(opts.IO)
	if err != nil {
		return err
	}
	c, err := opts.Opener()
	if err != nil {
		return err
	}
	env, err := opts.Env(ctx)
	if err != nil {
		return err
	}
	at, err := c.Terminal(ctx, opts.Task, api.OpenTerminal{Env: env, Columns: size.Columns, Rows: size.Rows})
	if err != nil {
		return err
	}
	if opts.DetachKey == "" {
		if chosen, err = parseKey(at.DetachKey); err != nil {
			return err
		}
	}
	view, err := hold.Attach(ctx, at.Dir, size)
	if err != nil {
		return err
	}
	tell := opts.IO.ErrStyle()
	if at.Note != "" {
		_, _ = fmt.Fprintln(opts.IO.Err, tell.Yellow("── "+sanitize.Line(at.Note)))
	}
	_, _ = fmt.Fprintln(opts.IO.Err, tell.Dim(fmt.Sprintf("── the agent's own terminal · %s leaves it running", chosen.name)))
	s := &seat{io: opts.IO, view: view, key: chosen}
	end, err := s.sit(ctx)
	if err != nil {
		return err
	}
	return s.tell(at.Task, end)
}

func sizeOf(streams *iostreams.IOStreams) (hold.Size, error) {
	columns, rows, err := streams.Size()
	return hold.Size{Columns: columns, Rows: rows}, err
}

// seat is a person in front of an agent's terminal.
type seat struct {
	io   *iostreams.IOStreams
	view *hold.View
	key  key
}

// ending is how a person came to leave an agent's terminal.
type ending struct {
	left bool // they wanted to, or theirs has gone
	code int
	by   string // the signal that ended the process
	err  error
}

// sit shows the terminal and passes on what is typed, until the person leaves or
// the process ends. Whatever happens, their terminal is as it was before.
func (s *seat) sit(ctx context.Context) (end ending, err error) {
	restore, err := s.io.Raw()
	if err != nil {
		return ending{}, errors.Join(err, s.view.Close())
	}
	defer restore()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGHUP, syscall.SIGCONT)
	defer signal.Stop(signals)

	over := make(chan ending, 1)
	go guarded(restore, func() {
		how, err := s.view.Show(s.io.Out)
		over <- ending{code: how.Code, by: how.Signal, err: err}
	})
	defer s.leave(over)
	left := make(chan struct{})
	go guarded(restore, func() { s.typing(left) }) // it ends with this process: nothing ends a read of a terminal
	for {
		select {
		case end = <-over:
			over <- end
			return end, nil
		case <-left:
			return ending{left: true}, nil
		case <-ctx.Done():
			return ending{}, context.Cause(ctx)
		case sig := <-signals:
			switch sig {
			case syscall.SIGHUP:
				return ending{left: true}, nil
			case syscall.SIGCONT: // a shell put the terminal back meanwhile
				if _, err := s.io.Raw(); err != nil {
					return ending{}, err
				}
			}
			if size, err := sizeOf(s.io); err == nil {
				_ = s.view.Resize(size) // it has ended, which is shown
			}
		}
	}
}

// guarded puts the terminal back before a panic ends this process: what that says
// is to be read.
func guarded(restore, do func()) {
	defer func() {
		if p := recover(); p != nil {
			restore()
			panic(p)
		}
	}()
	do()
}

// leave ends the view and puts the person's terminal back.
func (s *seat) leave(over <-chan ending) {
	_ = s.view.Close()
	select {
	case <-over:
		_ = s.view.Undo(s.io.Out)
	case <-time.After(settle): // nobody takes in what is drawn
	}
}

// typing passes keys on until the one that leaves.
func (s *seat) typing(left chan<- struct{}) {
	defer close(left)
	buf := make([]byte, 4<<10)
	for {
		n, err := s.io.In.Read(buf)
		keys, leaves := s.key.cut(buf[:n])
		if len(keys) > 0 && s.view.Type(keys) != nil {
			<-make(chan struct{}) // it has ended, and how is about to be shown
		}
		if leaves || err != nil {
			return
		}
	}
}

// tell says how it ended.
func (s *seat) tell(task string, end ending) error {
	say := func(text string) error {
		_, err := io.WriteString(s.io.Err, "\r\n"+s.io.ErrStyle().Dim("── "+text)+"\n")
		return err
	}
	if end.err != nil || end.by != "" || end.code != 0 {
		_, _ = io.WriteString(s.io.Err, "\r\n") // what it drew last may have no end of line
	}
	switch {
	case end.left:
		return say(fmt.Sprintf("left; the agent's terminal goes on: hf attach --terminal %s", task))
	case errors.Is(end.err, hold.ErrTaken):
		return say("somebody attached from elsewhere; the terminal goes on there")
	case end.err != nil:
		return &api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("the agent's terminal is gone: %v", end.err), Hint: fmt.Sprintf("`hf show %s` says more.", task)}
	case end.by != "":
		return &api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("the agent's terminal was ended by %s", end.by), Hint: fmt.Sprintf("`hf show %s` says more.", task)}
	case end.code != 0:
		return &api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("the agent's terminal ended with exit code %d", end.code), Hint: fmt.Sprintf("`hf attach --terminal %s` starts it again.", task)}
	}
	return say("the agent's terminal has ended; the next message starts the agent")
}
