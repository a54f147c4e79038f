package lifecycle_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func TestOneDaemonWhateverTheRuntimeDirectory(t *testing.T) {
	w := newWorld(t)
	w.longPath()
	w.install(1, "")
	theirs := filepath.Join(w.dir, "theirs")
	if err := os.MkdirAll(theirs, 0o755); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for _, run := range []string{"", filepath.Join(w.dir, "one"), filepath.Join(w.dir, "two"), filepath.Join(w.dir, strings.Repeat("x", 90)), "relative"} {
		w.env["XDG_RUNTIME_DIR"] = run
		w.resolve()
		got := w.up(1)
		if pid == 0 {
			pid = got
		}
		if got != pid {
			t.Errorf("with XDG_RUNTIME_DIR=%q: pid %d, want %d", run, got, pid)
		}
	}
	w.onlyOne()
}

func TestRuntimeDirectoryOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make another user's directory")
	}
	for _, squat := range []struct {
		name string
		do   func(dir string) error
	}{
		{"a directory", func(dir string) error { return errors.Join(os.Mkdir(dir, 0o777), os.Chown(dir, 65534, 65534)) }},
		{"a link", func(dir string) error { return os.Symlink("/tmp", dir) }},
		{"a file", func(dir string) error { return os.WriteFile(dir, nil, 0o666) }},
	} {
		t.Run(squat.name, func(t *testing.T) {
			w := newWorld(t)
			w.longPath()
			run := filepath.Join(w.dir, "r")
			w.env["XDG_RUNTIME_DIR"] = run
			w.resolve()
			dir, err := w.paths.SocketDir()
			if err != nil || !strings.HasPrefix(dir, run) {
				t.Fatal(dir, err)
			}
			if err := errors.Join(os.RemoveAll(dir), squat.do(dir)); err != nil {
				t.Fatal(err)
			}
			w.install(1, "")
			w.up(1)
			rec, _ := rundir.ReadRecord(w.paths.Lock())
			if strings.HasPrefix(rec.Socket, run) {
				t.Errorf("the socket is %s", rec.Socket)
			}
		})
	}
}

func TestOtherUsersAreRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to be another user")
	}
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	sock := filepath.Join(w.paths.State, "hfd.sock")
	for _, path := range []string{w.dir, w.paths.State} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(sock, 0o666); err != nil { // both walls of the file system are down
		t.Fatal(err)
	}
	if got := w.say(0, "knock", sock); !strings.HasPrefix(got, "answered") {
		t.Errorf("its own user is %s", got)
	}
	if got := w.say(65534, "knock", sock); got != "refused" {
		t.Errorf("another user is %s", got)
	}
	if got := w.up(1); got != pid {
		t.Errorf("pid %d, want %d", got, pid)
	}
}

// say runs the probe as a user and returns the first line it prints.
func (w *world) say(uid int, args ...string) string {
	w.t.Helper()
	r, stdout, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = r.Close() })
	w.run(uid, stdout, args...)
	_ = stdout.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestSquattedSocketGetsNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to be another user")
	}
	w := newWorld(t)
	w.install(1, "")
	theirs := filepath.Join(w.dir, "theirs")
	if err := errors.Join(os.Chmod(w.dir, 0o755), os.Mkdir(theirs, 0o777), os.Chown(theirs, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(theirs, "hfd.sock")
	r, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	squatter := w.run(65534, stdout, "squat", sock)
	_ = stdout.Close()
	said := bufio.NewReader(r)
	if line, err := said.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatal(line, err)
	}
	if err := rundir.MakeDir(w.paths.State); err != nil {
		t.Fatal(err)
	}
	w.record(rundir.Record{PID: squatter.Pid, Socket: sock, Phase: api.PhaseServing})
	// Only looking, and the lock free: nothing runs. With the lock held it is
	// the squatter that is named.
	if _, _, err := w.launcher(1, noSpawn).Ensure(t.Context()); !launcher.IsNotRunning(err) {
		t.Errorf("error %v", err)
	}
	w.up(1)
	_ = squatter.Kill()
	if line, err := said.ReadString('\n'); err == nil {
		t.Errorf("the squatter: %s", line)
	}
}

func TestStateDirectoryOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make another user's directory")
	}
	w := newWorld(t)
	w.install(1, "")
	if err := errors.Join(os.Mkdir(w.paths.State, 0o700), os.Chown(w.paths.State, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	_, err := w.client(1).Tasks(t.Context(), client.TaskFilter{})
	if e := apiError(err); e == nil || !strings.Contains(e.Message, "belongs to user 65534") || !strings.Contains(e.Hint, "sudo") {
		t.Errorf("error %+v", err)
	}
}

func TestBrowsersAreRefused(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	w.up(1)
	for _, tt := range []struct {
		name, host, origin string
		want               int
	}{
		{"hf", api.Host, "", 200},
		{"another host", "localhost", "", 400},
		{"an origin", api.Host, "http://evil.example", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("unix", filepath.Join(w.paths.State, "hfd.sock"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			fmt.Fprintf(c, "GET /v1/hello HTTP/1.1\r\nHost: %s\r\n", tt.host)
			if tt.origin != "" {
				fmt.Fprintf(c, "Origin: %s\r\n", tt.origin)
			}
			fmt.Fprint(c, "\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}
