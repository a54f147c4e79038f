package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/cli/browser"
	"github.com/hf-dev/hf/internal/cli/editor"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/screen"
	"github.com/hf-dev/hf/internal/xec"
)

// programs runs other programs in the place of the screen, or behind it.
type programs struct {
	ctx     context.Context
	hf      string
	environ []string
	tty     *os.File
	screen  *screen.Screen
	editor  string
	env     *command.Env // says which workspace is looked at
}

// takeover is something that has the terminal for a while.
type takeover struct {
	screen *screen.Screen
	run    func() error
}

// Run gives the terminal to it and takes it back.
func (t *takeover) Run() error {
	t.screen.Leave()
	err := t.run()
	return errors.Join(err, t.screen.Enter())
}

// The terminal is what the program gets, whatever Bubble Tea reads it through.
func (t *takeover) SetStdin(io.Reader)  {}
func (t *takeover) SetStdout(io.Writer) {}
func (t *takeover) SetStderr(io.Writer) {}

func (p *programs) foreground(done func(error) tea.Msg, argv ...string) tea.Cmd {
	return tea.Exec(&takeover{p.screen, func() error {
		err := xec.Foreground(p.ctx, xec.Cmd{Argv: argv, Env: p.environ, Stdin: p.tty, Stdout: p.tty, Stderr: p.tty})
		if e, ok := errors.AsType[*xec.Error](err); ok && e.Cause == nil {
			return p.linger() // it said why itself, and that is to be read
		}
		return err
	}}, done)
}

// linger waits for a key: what a program said last would be gone at once.
func (p *programs) linger() error {
	if _, err := p.tty.WriteString("\r\npress enter to go back to hf "); err != nil {
		return err
	}
	_, err := p.tty.Read(make([]byte, 128)) // the terminal gives whole lines
	return err
}

// unstopped is after how long it is clear that nothing stopped us: without a shell
// that could continue us the system does not.
const unstopped = time.Second

// Suspend stops the group of processes that the shell knows as hf.
func (p *programs) Suspend() tea.Cmd {
	return tea.Exec(&takeover{p.screen, func() error {
		continued := make(chan os.Signal, 1)
		signal.Notify(continued, syscall.SIGCONT)
		defer signal.Stop(continued)
		if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
			return err
		}
		// A process that sent itself a signal goes on for a moment. It must not take
		// the terminal back in that time.
		select {
		case <-continued:
		case <-time.After(unstopped):
		}
		return nil
	}}, ended)
}

// HF gives the terminal to hf.
func (p *programs) HF(args ...string) tea.Cmd {
	return p.foreground(ended, append([]string{p.hf}, p.scoped(args)...)...)
}

// Shell gives the terminal to a shell command.
func (p *programs) Shell(line string, args ...string) tea.Cmd {
	return p.foreground(ended, append([]string{"/bin/sh", "-c", line + ` "$@"`, "sh"}, args...)...)
}

// scoped names the workspace to hf.
func (p *programs) scoped(args []string) []string {
	if p.env.Workspace == "" {
		return args
	}
	return append([]string{"--workspace", p.env.Workspace}, args...)
}

// back is the message that the terminal is ours again, as large as it now is.
type back struct{ err error }

func ended(err error) tea.Msg { return back{err} }

// Behind runs hf without the terminal and shows the last line it said.
func (p *programs) Behind(what string, args ...string) tea.Cmd {
	argv := append([]string{p.hf, "--no-input"}, p.scoped(args)...)
	return func() tea.Msg {
		var out, errOut bytes.Buffer
		err := xec.Run(p.ctx, xec.Cmd{Argv: argv, Env: p.environ, Stdout: &out, Stderr: &errOut})
		if e, ok := errors.AsType[*xec.Error](err); ok && e.Cause == nil {
			return command.Failed{Err: errors.New(spoken(e.Stderr, what+" failed"))}
		}
		if err != nil {
			return command.Failed{Err: err}
		}
		said := strings.TrimSpace(out.String())
		return command.Done{Text: what + ": " + lastLine(said, "done")}
	}
}

// Browse shows a page in the person's browser, or its address where there is
// none.
func (p *programs) Browse(page string) tea.Cmd {
	return func() tea.Msg {
		switch err := browser.Open(p.environ, page); {
		case errors.Is(err, browser.ErrNone):
			return command.Done{Text: "there is no browser here: " + page}
		case err != nil:
			return command.Failed{Err: err}
		}
		return command.Done{Text: "opened " + page}
	}
}

// spoken makes one line of what hf says of an error. The steps that it went
// through before are left out.
func spoken(text, otherwise string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return otherwise
	}
	if i := strings.LastIndex("\n"+text, "\nhf: "); i >= 0 {
		text = text[i:]
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(lines[i]), "hf: "), "hint: ")
	}
	return strings.Join(lines, ". ")
}

func lastLine(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// Edit lets the person edit text in their editor. The file is made and read by
// commands, not by Update.
func (p *programs) Edit(text string, edited func(string, error) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		dir, err := os.MkdirTemp("", "hf-edit-*") // 0700
		if err != nil {
			return edited(text, fmt.Errorf("make a file to edit: %w", err))
		}
		file := filepath.Join(dir, "message.md")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return edited(text, errors.Join(err, os.RemoveAll(dir)))
		}
		done := func(err error) tea.Msg {
			defer os.RemoveAll(dir) //nolint:errcheck // in the directory for such files
			if err != nil {
				return edited(text, err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return edited(text, fmt.Errorf("read what was edited: %w", err))
			}
			return edited(string(b), nil)
		}
		name := p.editor
		if name == "" {
			name = editor.Name(p.environ)
		}
		// tea.Exec is a command that makes a message of its own kind.
		return p.foreground(done, "/bin/sh", "-c", name+` "$@"`, "editor", file)()
	}
}
