package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/xec"
)

// terminal is the demo agent's own terminal: it carries out what a person types,
// line by line. It knows fewer directives than the agent, and asks nobody, since
// the person is there.
type terminal struct {
	turn *turn
	in   *os.File
	out  io.Writer
}

// runTerminal talks to the person until they leave, and returns the exit code.
// A conversation that it goes on with it only names: it remembers none.
func runTerminal(ctx context.Context, conversation string, env []string, in *os.File, out io.Writer) int {
	cwd, err := os.Getwd()
	if err != nil {
		_, _ = fmt.Fprintln(out, err)
		return 1
	}
	v := &terminal{in: in, out: out, turn: &turn{server: &server{env: env}, session: &session{cwd: cwd}}}
	v.say("The demo agent's own terminal. It does what the lines of a script say;\nsize tells how large the terminal is, exit leaves.")
	if conversation != "" {
		v.say("conversation " + conversation)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		r := bufio.NewScanner(in)
		for r.Scan() {
			lines <- r.Text()
		}
	}()
	for {
		_, _ = io.WriteString(out, "demo> ")
		select {
		case <-ctx.Done():
			return 130
		case line, ok := <-lines:
			if !ok || strings.TrimSpace(line) == "exit" {
				return 0
			}
			if code, over := v.do(ctx, strings.TrimSpace(line)); over {
				return code
			}
		}
	}
}

func (v *terminal) say(text string) { _, _ = fmt.Fprintln(v.out, text) }

// do carries one line out. over says that the person wants to leave.
func (v *terminal) do(ctx context.Context, line string) (code int, over bool) {
	d, ok := parseLine(line)
	switch {
	case line == "":
	case line == "size":
		v.size()
	case !ok:
		v.say("A real agent would now do this: " + line)
	default:
		return v.carryOut(ctx, d)
	}
	return 0, false
}

func (v *terminal) carryOut(ctx context.Context, d directive) (code int, over bool) {
	var err error
	switch d.verb {
	case "say":
		v.say(d.text)
	case "write", "append":
		if _, err = v.turn.edit(d.path, filepath.Join(v.turn.session.cwd, d.path), d.text+"\n", d.verb == "append"); err == nil {
			v.say("wrote " + d.path)
		}
	case "run":
		err = xec.Run(ctx, xec.Cmd{Argv: []string{"/bin/sh", "-c", d.text}, Dir: v.turn.session.cwd, Env: v.turn.env, Stdout: v.out, Stderr: v.out})
	case "exit":
		code, _ = strconv.Atoi(d.text)
		return code, true
	case "crash":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	default:
		v.say("not in the terminal: " + d.verb)
	}
	if err != nil {
		v.say(err.Error())
	}
	return 0, false
}

func (v *terminal) size() {
	size, err := unix.IoctlGetWinsize(int(v.in.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		v.say(err.Error())
		return
	}
	v.say(fmt.Sprintf("%d columns, %d rows", size.Col, size.Row))
}
