package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/ttytest"
	"github.com/hf-dev/hf/pkg/api"
)

// onto returns the machine for a part of a test.
func (m *machine) onto(t *testing.T) *machine {
	other := *m
	other.t = t
	return &other
}

// screens is how many processes show a screen.
func (m *machine) screens() (n int) {
	for _, pid := range m.processes() {
		if strings.Contains(cmdline(pid), "\x00tui\x00") {
			n++
		}
	}
	return n
}

// What happens to a terminal and to hfd while the screen stands open.
func TestScreenStandsFaults(t *testing.T) {
	m := newMachine(t)
	m.writeConfig("agent = \"demo\"\n")
	first := m.create("say: one", "--title", "First task")
	m.create("say: two", "--title", "Second task")
	m.hf("wait", first)
	for _, tt := range []struct {
		name string
		run  func(m *machine)
	}{
		{"the terminal is gone", testHangUp},
		{"suspended", testSuspended},
		{"resized all the time", testResized},
		{"hfd dies", testHfdDies},
		{"hfd is stopped", testHfdStopped},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(m.onto(t)) })
	}
}

// A window is closed: the screen ends, and nothing else does.
func testHangUp(m *machine) {
	s := m.sit(80, 24)
	s.sees("First task", "Second task", "2 idle")
	hfd := m.backend().PID
	if m.screens() != 1 {
		m.t.Errorf("%d processes show a screen", m.screens())
	}
	if err := s.term.Close(); err != nil {
		m.t.Fatal(err)
	}
	s.ends(129)
	if m.screens() != 0 || m.backend().PID != hfd {
		m.t.Errorf("%d screens are left, hfd is %d and was %d", m.screens(), m.backend().PID, hfd)
	}
	s.clean()
}

// Ctrl-Z gives the terminal to the shell, fg takes it back.
func testSuspended(m *machine) {
	s := m.sitAt(80, 24, "bash", "--norc", "--noprofile", "--noediting", "-i")
	s.presses("hf", "enter")
	s.sees("First task", "2 idle")
	for turn := range 2 {
		s.presses("ctrl+z")
		s.sees("Stopped")
		s.restored()
		s.presses("echo back $((40+"+strconv.Itoa(turn)+"))", "enter")
		s.sees("back 4" + strconv.Itoa(turn))
		s.presses("fg", "enter")
		s.untilSeen(func(sc *ttytest.Screen) bool {
			return sc.Mode(ttytest.ModeScreen) && strings.Contains(sc.Text(), "First task")
		})
	}
	s.presses("q")
	s.restored()
	s.presses("exit", "enter")
	s.ends(0)
	s.clean()
}

// However often the window changes its size, the last frame is right.
func testResized(m *machine) {
	s := m.sit(80, 24)
	s.sees("First task")
	for i := range 1000 {
		if err := s.term.Resize(1+i%170, 1+i%60); err != nil {
			m.t.Fatal(err)
		}
	}
	for _, size := range [][2]int{{40, 12}, {120, 40}} {
		if err := s.term.Resize(size[0], size[1]); err != nil {
			m.t.Fatal(err)
		}
		s.untilSeen(func(sc *ttytest.Screen) bool {
			return strings.HasPrefix(sc.Line(0), " hf") && strings.Contains(sc.Text(), "First task") && strings.Contains(sc.Line(size[1]-1), "c create")
		})
	}
	s.presses("q")
	s.ends(0)
	s.restored()
}

// selects goes to a task of the list.
func (s *seat) selects(title string) {
	s.t.Helper()
	s.presses("g")
	for range 3 {
		if s.selected(s.term.Text()) == title {
			return
		}
		before := s.selected(s.term.Text())
		s.presses("j")
		s.untilSeen(func(sc *ttytest.Screen) bool { return s.selected(sc.Text()) != before })
	}
	s.t.Fatalf("%s cannot be selected:\n%s", title, s.term.Text())
}

// selected is the title of the task with the cursor.
func (s *seat) selected(text string) string {
	_, row, _ := strings.Cut(text, "\n› ○ ")
	title, _, _ := strings.Cut(row, "  ")
	return title
}

// hfd dies and is there again, and the screen is where it was.
func testHfdDies(m *machine) {
	s := m.sit(80, 24)
	s.sees("First task", "Second task", "2 idle")
	s.selects("First task")
	was := m.backend().PID
	m.killDaemon()
	m.until("hfd is back", patience, func() bool { b := m.backend(); return b.Running && b.PID != was })
	id := m.create("say: three", "--title", "Third task")
	s.sees("Third task", "3 idle")
	if got := s.selected(s.term.Text()); got != "First task" {
		m.t.Errorf("selected is %q:\n%s", got, s.term.Text())
	}
	m.hf("kill", id, "--yes")
	s.loses("Third task")
	s.presses("q")
	s.ends(0)
	s.clean()
}

// hfd was told to stop: a screen that stands open does not start it again. What
// the person does next does.
func testHfdStopped(m *machine) {
	s := m.sit(80, 24)
	s.sees("First task", "Second task")
	s.selects("Second task")
	m.hf("backend", "stop")
	s.sees("hfd was stopped")
	s.presses("tab", "tab", "shift+tab", "shift+tab", "k", "j")
	s.sees("hfd was stopped")
	if b := m.backend(); b.Running {
		m.t.Errorf("hfd runs again: %+v", b)
	}
	s.presses("m", "say: I am back", "enter")
	s.loses("hfd was stopped")
	s.sees("I am back", "2 idle")
	if got := s.selected(s.term.Text()); got != "Second task" {
		m.t.Errorf("selected is %q:\n%s", got, s.term.Text())
	}
	s.presses("ctrl+c")
	s.ends(0)
	s.clean()
}

// evil is what a terminal would obey or be misled by.
const evil = "\x1b[2J\x1b[31mred\x1b]52;c;aGk=\a\x1b]0;owned\a\x1b[6n\x1bPq\x1b\\\u202etxet\u2066\u009b2J\x07\x08\x0d\xff\xfe\x00日本👩‍💻é"

// Whatever agents, files and their names say, the terminal hears nothing of it
// but letters.
func TestScreenShowsHostileText(t *testing.T) {
	m := newMachine(t)
	m.writeConfig("agent = \"demo\"\n")
	said := strings.NewReplacer("\x00", "", "\xff", "", "\xfe", "").Replace(evil) // what hf takes at all
	m.write("evil.txt", evil+"\n"+strings.Repeat("wide 日本 ", 80<<10)+"\n"+strings.Repeat(evil+"\n", 100))
	m.git("add", ".")
	m.git("commit", "-q", "-m", said)
	id := m.create(strings.Join([]string{
		"say: " + said, "think: " + said, "plan: " + said + "; b",
		"write a" + strings.ReplaceAll(strings.ReplaceAll(said, " ", ""), "\x07", "") + ".txt: " + said,
		"append evil.txt: " + said + strings.Repeat(" long", 4<<10), "read evil.txt", "run: cat evil.txt", "say: " + strings.Repeat("long日", 8<<10), "say: the end",
	}, "\n"), "--permission", "all")
	m.untilStatus(id, api.StatusIdle)
	asks := m.create("ask: "+said, "--title", said)
	m.untilStatus(asks, api.StatusWaiting)
	s := m.sit(100, 30)
	s.sees("asks to be allowed", "1 idle")
	for _, key := range []string{"v", ":", "/"} {
		s.changes(key)
		s.drawn()
		s.changes("esc") // alone: with what follows it would be another key
	}
	s.changes("ctrl+n")
	for view := range 5 {
		s.presses("alt+" + strconv.Itoa(view+1))
		for _, key := range []string{"G", "g", "x", "pgdown", "]", "enter", "z", "z"} {
			s.presses(key)
			s.drawn()
		}
	}
	for _, size := range [][2]int{{40, 12}, {160, 50}} {
		if err := s.term.Resize(size[0], size[1]); err != nil {
			t.Fatal(err)
		}
		s.drawn()
	}
	s.presses("ctrl+c")
	s.ends(0)
	s.restored()
	s.clean()
	if odd, err := os.ReadFile(filepath.Join(m.dir, "state", "tui.log")); err == nil && len(odd) > 0 {
		t.Errorf("the log of the screen says\n%s", tail(odd, 2000))
	}
}

// drawn waits until all that was pressed is on the screen: redraw begins a frame anew.
func (s *seat) drawn() {
	s.t.Helper()
	before := 0
	s.term.Do(func(sc *ttytest.Screen) { before = sc.Cleared })
	s.presses("ctrl+l")
	s.untilSeen(func(sc *ttytest.Screen) bool { return sc.Cleared > before })
}

// changes presses a key that changes what is seen.
func (s *seat) changes(key string) {
	s.t.Helper()
	before := s.term.Text()
	s.presses(key)
	s.untilSeen(func(sc *ttytest.Screen) bool { return sc.Text() != before })
}
