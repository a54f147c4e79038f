package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

func TestChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		shown, lines []string
		want         string
	}{
		"first":     {nil, []string{"ab", "c"}, begin + eraseAll + "\x1b[1;1Hab" + reset + "\x1b[2;1Hc" + reset + eraseRest + end},
		"same":      {[]string{"ab"}, []string{"ab"}, ""},
		"one line":  {[]string{"ab", "cd"}, []string{"ab", "xy"}, begin + "\x1b[2;1Hxy" + reset + end},
		"fewer":     {[]string{"ab", "cd"}, []string{"ab"}, begin + "\x1b[2;1H" + eraseRest + end},
		"wide line": {[]string{"ab"}, []string{"日"}, begin + "\x1b[1;1H日" + reset + end},
	} {
		if got := changes(tt.shown, tt.lines, 2); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// What was asked of the terminal is taken back, also between.
func TestTheTerminalIsGivenBack(t *testing.T) {
	ours, tty, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	defer ours.Close()
	read := make(chan string, 100)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := ours.Read(buf)
			if err != nil {
				close(read)
				return
			}
			read <- string(buf[:n])
		}
	}()
	var all strings.Builder
	until := func(want string) {
		t.Helper()
		limit := time.After(20 * time.Second)
		for !strings.Contains(all.String(), want) {
			select {
			case text := <-read:
				all.WriteString(text)
			case <-limit:
				t.Fatalf("%q does not come: %q", want, all.String())
			}
		}
	}
	s, err := Open(tty, true)
	if err != nil {
		t.Fatal(err)
	}
	s.Draw([]string{"first"}, 20)
	until("first")
	s.Leave()
	until("\x1b[?1049l")
	s.Draw([]string{"second"}, 20)
	if err := s.Enter(); err != nil {
		t.Fatal(err)
	}
	s.Write("\a")
	until("second")
	until("\a")
	s.Close()
	s.Close()
	_ = tty.Close()
	for text := range read {
		all.WriteString(text)
	}
	for _, mode := range []string{"?1049", "?2004", "?1004", "?1002", "?1006"} {
		on, off := strings.LastIndex(all.String(), "\x1b["+mode+"h"), strings.LastIndex(all.String(), "\x1b["+mode+"l")
		if on < 0 || off < on {
			t.Errorf("%s is left on", mode)
		}
	}
	if strings.LastIndex(all.String(), "\x1b[?25h") < strings.LastIndex(all.String(), "\x1b[?25l") {
		t.Error("the cursor is left hidden")
	}
}
