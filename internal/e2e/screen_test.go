package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/tui/ttytest"
)

// seat is a person at a terminal that hf runs on.
type seat struct {
	*machine
	term  *ttytest.Terminal
	cmd   *exec.Cmd
	ended chan struct{} // closed when the program has ended
}

// sit runs hf on a terminal.
func (m *machine) sit(width, height int, args ...string) *seat {
	m.t.Helper()
	return m.sitAt(width, height, filepath.Join(m.dir, "bin", "hf"), args...)
}

// sitAt runs any program on a terminal.
func (m *machine) sitAt(width, height int, program string, args ...string) *seat {
	m.t.Helper()
	term, tty, err := ttytest.Open(width, height, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = m.repo, append(append([]string(nil), m.env...), "TERM=xterm-256color")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	_ = tty.Close()
	s := &seat{machine: m, term: term, cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
		close(s.ended)
	}()
	m.t.Cleanup(func() {
		_ = term.Close()
		_ = cmd.Process.Kill()
		<-s.ended
	})
	return s
}

// patience is how long anything may take on a machine that has much else to do.
const patience = 30 * time.Second

// until waits for a frame.
func (s *seat) untilSeen(ok func(*ttytest.Screen) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.term.Until(ctx, ok); err != nil {
		s.t.Fatal(err)
	}
}

// sees waits until all of the texts are on the screen.
func (s *seat) sees(texts ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	err := s.term.Until(ctx, func(sc *ttytest.Screen) bool { return missing(sc.Text(), texts) == "" })
	if err != nil {
		s.t.Fatalf("%q: %v", missing(s.term.Text(), texts), err)
	}
}

func missing(text string, texts []string) string {
	for _, want := range texts {
		if !strings.Contains(text, want) {
			return want
		}
	}
	return ""
}

// loses waits until a text is not on the screen any more.
func (s *seat) loses(text string) {
	s.t.Helper()
	s.untilSeen(func(sc *ttytest.Screen) bool { return !strings.Contains(sc.Text(), text) })
}

// presses presses keys.
func (s *seat) presses(names ...string) {
	s.t.Helper()
	if err := s.term.Press(names...); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the program to end.
func (s *seat) ends(code int) {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("hf does not end:\n%s", s.term.Text())
	}
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("hf ended with %d, want %d", got, code)
	}
}

// restored fails the test unless the terminal is as the shell left it.
func (s *seat) restored() {
	s.t.Helper()
	s.untilSeen(func(sc *ttytest.Screen) bool { return !sc.Mode(ttytest.ModeScreen) })
	s.term.Do(func(sc *ttytest.Screen) {
		for _, mode := range []int{ttytest.ModePaste, ttytest.ModeFocus, ttytest.ModeDrag, ttytest.ModeMouse} {
			if sc.Mode(mode) {
				s.t.Errorf("the mode %d is left on", mode)
			}
		}
		if !sc.Mode(ttytest.ModeCursor) || !sc.Mode(ttytest.ModeWrap) {
			s.t.Error("the cursor is left hidden, or lines do not wrap")
		}
	})
}

// clean fails the test when anything reached the terminal that hf has no
// business to say.
func (s *seat) clean() {
	s.t.Helper()
	s.term.Do(func(sc *ttytest.Screen) {
		if odd := sc.Strange(); len(odd) > 0 {
			s.t.Errorf("on the terminal arrived %s", odd[:min(len(odd), 20)])
		}
	})
}

// newShared is a machine whose repository is one of a fake GitHub, where the
// person is signed in.
func newShared(t *testing.T) (*machine, *forgetest.Hub, *forgetest.Repo) {
	t.Helper()
	m := newMachine(t)
	h := forgetest.New(t, forgetest.Options{})
	r, err := h.CreateRepo("acme/demo", forgetest.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	m.writeConfig(fmt.Sprintf("agent = \"demo\"\n[forge.\"github.com\"]\napi = %q\n", h.URL()))
	if err := os.WriteFile(filepath.Join(m.dir, "home", ".gitconfig"), []byte("[user]\n\tname = t\n\temail = t@example.invalid\n"+h.GitConfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "GH_TOKEN="+h.Token("ada"))
	m.git("clone", "-q", r.SSH(), filepath.Join(m.dir, "demo"))
	m.repo = filepath.Join(m.dir, "demo")
	return m, h, r
}

// A task from its first word to the archive, by keys alone.
func TestScreenFromCreateToArchive(t *testing.T) {
	m, _, _ := newShared(t)
	s := m.sit(120, 40)
	s.sees("There are no tasks yet")

	s.presses("c")
	s.sees("new task")
	s.presses("say: I am on it.", "enter", "stream: 30 every 10ms", "enter", "run: echo checked", "enter", "write hello.txt: Hello", "enter", "commit: Say hello")
	s.sees("commit: Say hello")
	s.presses("ctrl+s")
	s.sees("I am on it.", "line 3 of 30")
	s.sees("asks to be allowed", "echo checked", "1 waiting")
	s.presses("a")
	s.sees("1 idle", "Commit: Say hello", "+1 -0")

	s.presses("alt+2")
	s.sees("hello.txt new", "1 +Hello")
	s.presses("G", "v", "w")
	s.sees("comment on hello.txt")
	s.presses("append hello.txt: a full stop", "enter")
	s.sees("1 comment")
	s.presses("M")
	s.sees("a-comment-on-your-changes", "+8 -0") // the demo agent notes what is no script

	s.presses("m", "append hello.txt: again", "ctrl+j", "commit: Say it again", "enter")
	s.sees("Commit: Say it again", "1 idle")
	s.presses("esc")
	s.loses("── message")

	s.presses("P")
	s.sees("pull request", "draft")
	s.presses("enter")
	s.sees("#1")
	s.loses("╭─ pull request")
	s.presses("ctrl+y")
	s.sees("merge?", "#1")
	s.presses("k", "y")
	s.sees("#1 merged")
	s.loses("╭─ merge?")
	s.presses("ctrl+x")
	s.sees("There are no tasks yet")
	s.presses("q")
	s.ends(0)
	s.restored()
	s.clean()
}
