package hold

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/xec"
)

// The test binary is also the holder, the agents and the clients that are
// killed: its first argument says which.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		role := map[string]func(args []string) error{
			"flood": flood, "lines": longLines, "client-follow": clientFollow, "client-input": clientInput,
			"client-torn": clientTorn, "client-stuck": clientStuck, "client-other": clientOther, "squatter": squatter,
		}[os.Args[1]]
		switch {
		case os.Args[1] == "hold":
			os.Exit(Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
		case role != nil:
			if err := role(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// session is a holder under test.
type session struct {
	Info
	t        *testing.T
	dir, cwd string
}

// sockets returns a directory whose path is short enough for a socket.
func sockets(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hold")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func specOf(t *testing.T, argv ...string) Spec {
	t.Helper()
	dir := t.TempDir()
	return Spec{
		Session: "s1", Dir: filepath.Join(dir, "session"), Socket: filepath.Join(sockets(t), "s1.sock"),
		Argv: argv, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "COLOUR=blue"}, Cwd: dir,
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// hold starts a holder with a process, and ends both with the test.
func hold(t *testing.T, argv ...string) *session {
	t.Helper()
	return holdSpec(t, specOf(t, argv...))
}

func sh(t *testing.T, script string) *session {
	t.Helper()
	return hold(t, "/bin/sh", "-c", script)
}

func holdSpec(t *testing.T, spec Spec) *session {
	t.Helper()
	info, err := Start(t.Context(), StartOptions{HF: self(t), Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{Info: info, t: t, dir: spec.Dir, cwd: spec.Cwd}
	t.Cleanup(s.end)
	return s
}

func (s *session) end() {
	if b, err := os.ReadFile(filepath.Join(s.dir, errFile)); err == nil && len(b) > 0 {
		s.t.Logf("the holder's words:\n%s", b)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if holder := (process{pid: s.PID, start: s.StartTime}); !holder.lives() {
		eventually(s.t, "the holder to be reaped", func() bool { return gone(s.Info) })
		return
	}
	err := errors.Join(Stop(ctx, s.dir, 0), once(ctx, s.Info, request{Op: opAckExit}), awaitEnd(ctx, s.Info))
	if err != nil {
		s.t.Error(err)
		process{pid: s.PID, start: s.StartTime}.signal(syscall.SIGKILL)
	}
}

func (s *session) dial() *Conn {
	s.t.Helper()
	c, err := Dial(s.t.Context(), s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *session) journal() string { return filepath.Join(s.dir, JournalFile) }

// records reads the journal as far as it goes; damage fails the test.
func (s *session) records() []journal.Record {
	s.t.Helper()
	r, err := journal.Open(s.journal())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var all []journal.Record
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if rec.Kind == journal.Start != (len(all) == 0) {
			s.t.Fatalf("record %d is of kind %c", len(all), rec.Kind)
		}
		all = append(all, rec)
	}
}

// output joins the data of all records of a kind.
func (s *session) output(kind journal.Kind) string {
	s.t.Helper()
	var b strings.Builder
	for _, rec := range s.records() {
		if rec.Kind == kind {
			b.Write(rec.Data)
		}
	}
	return b.String()
}

// awaitOutput waits until the process has said something.
func (s *session) awaitOutput(want string) string {
	s.t.Helper()
	var out string
	eventually(s.t, "output "+want, func() bool {
		out = s.output(journal.Out)
		return strings.Contains(out, want)
	})
	return out
}

// awaitExit waits for the recorded exit, also for the journal's.
func (s *session) awaitExit() journal.Ended {
	s.t.Helper()
	var ended journal.Ended
	eventually(s.t, "the exit", func() bool {
		e, ok, err := ReadExit(s.dir)
		if err != nil {
			s.t.Fatal(err)
		}
		ended = e
		return ok
	})
	eventually(s.t, "the exit record", func() bool {
		f, err := os.Open(s.journal())
		if err != nil {
			s.t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		st, _ := f.Stat()
		tail := make([]byte, min(200, st.Size()))
		_, _ = f.ReadAt(tail, st.Size()-int64(len(tail)))
		return bytes.Contains(tail, []byte("\nx ")) && bytes.HasSuffix(tail, []byte("}\n"))
	})
	return ended
}

// eventually waits for what makes no event.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(3 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// child is a process of the test, not of a holder.
type child struct {
	process
	out *bufio.Reader
}

// spawn starts a process that ends with the test at the latest.
func spawn(t *testing.T, argv ...string) *child {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := xec.StartSession(xec.Cmd{Argv: argv, Env: []string{"PATH=/usr/bin:/bin"}, Stdout: w, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	id, err := lookUp(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Wait()
	}()
	t.Cleanup(func() {
		id.signal(syscall.SIGKILL)
		<-done
		_ = r.Close()
	})
	return &child{process: id, out: bufio.NewReader(r)}
}

// kill ends the child by SIGKILL and waits until it is no more.
func (c *child) kill(t *testing.T) {
	t.Helper()
	c.signal(syscall.SIGKILL)
	eventually(t, "the client's end", func() bool { return !c.lives() })
}

func (p process) lives() bool {
	now, err := lookUp(p.pid)
	return err == nil && now.start == p.start && now.state != 'Z'
}

// floodLine is line i of what flood writes.
func floodLine(i int) []byte {
	return fmt.Appendf(nil, "%d %s\n", i, strings.Repeat("abcdefghij"[i%10:i%10+1], i*7919%3000))
}

// flood writes numbered lines until it has written so many bytes.
func flood(args []string) error {
	total, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(os.Stdout, 50_000)
	for i, n := 0, 0; n < total; i++ {
		line := floodLine(i)
		n += len(line)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// checkFlood compares a journal's output with what flood writes.
func (s *session) checkFlood(total int) {
	s.t.Helper()
	out := s.output(journal.Out)
	i, n := 0, 0
	for ; n < total; i++ {
		want := floodLine(i)
		if !strings.HasPrefix(out[n:], string(want)) {
			s.t.Fatalf("the journal differs in line %d, byte %d of %d", i, n, len(out))
		}
		n += len(want)
	}
	if n != len(out) {
		s.t.Fatalf("%d bytes instead of %d", len(out), n)
	}
}

// longLines writes one line of each length it is given.
func longLines(args []string) error {
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil {
			return err
		}
		if _, err := fmt.Printf("%s\n", strings.Repeat("L", n)); err != nil {
			return err
		}
	}
	return nil
}

// clientFollow copies a session's journal to a file, from where the file ends.
func clientFollow(args []string) error {
	f, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return Follow(context.Background(), args[0], st.Size(), f)
}

// clientInput gives the inputs up to a number, each with its own as its text.
func clientInput(args []string) error {
	last, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := Dial(ctx, args[0])
	if err != nil {
		return err
	}
	for seq := c.Info().LastSeq + 1; seq <= last; seq++ {
		if err := c.Input(ctx, seq, fmt.Appendf(nil, "%d\n", seq)); err != nil {
			return err
		}
	}
	return nil
}

// clientTorn takes control, sends half an input and waits to be killed.
func clientTorn(args []string) error {
	info, err := readInfo(args[0])
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := connect(ctx, info)
	if err != nil {
		return err
	}
	a, err := exchange(ctx, c, bufio.NewReader(c), request{Op: opHello})
	if err != nil {
		return err
	}
	half := append(line(request{Op: opInput, Seq: a.Info.LastSeq + 1, Len: 1000}), strings.Repeat("torn", 125)...)
	if _, err := c.Write(half); err != nil {
		return err
	}
	fmt.Println("sent")
	select {}
}

// clientStuck takes control and follows, until it is stopped.
func clientStuck(args []string) error {
	if _, err := Dial(context.Background(), args[0]); err != nil {
		return err
	}
	return clientFollow(args)
}

// clientOther becomes another user and tries to have a word.
func clientOther(args []string) error {
	if err := errors.Join(syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
		return err
	}
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: args[0], Net: "unix"})
	if err != nil {
		return err
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = c.Write(line(request{Op: opHello}))
	b, err := io.ReadAll(c)
	if errors.Is(err, syscall.ECONNRESET) {
		err = nil
	}
	fmt.Printf("connected, %d bytes, %v\n", len(b), err)
	return nil
}

// squatter becomes another user and listens where a holder should.
func squatter(args []string) error {
	if err := errors.Join(syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: args[0], Net: "unix"})
	if err != nil {
		return err
	}
	fmt.Println("listening")
	c, err := l.AcceptUnix()
	if err != nil {
		return err
	}
	b, err := io.ReadAll(c)
	fmt.Printf("heard %d bytes, %v\n", len(b), err)
	return nil
}
