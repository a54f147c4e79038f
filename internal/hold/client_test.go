package hold

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/journal"
)

// A client copies the journal and is killed 20 times on the way: no byte is
// missing, none is there twice.
func TestNoByteIsLostWhenClientsDie(t *testing.T) {
	t.Parallel()
	const total, kills = 50 << 20, 20
	s := hold(t, self(t), "flood", strconv.Itoa(total))
	path := filepath.Join(t.TempDir(), "copy")
	size := func() int64 {
		st, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return st.Size()
	}
	for i := range kills {
		c := spawn(t, self(t), "client-follow", s.dir, path)
		at := int64(i+1) * total / (kills + 1)
		eventually(t, "the copy to grow", func() bool { return size() >= at })
		c.kill(t)
	}
	c := spawn(t, self(t), "client-follow", s.dir, path)
	if ended := s.awaitExit(); ended.Code != 0 {
		t.Fatalf("ended: %+v", ended)
	}
	eventually(t, "the client's end", func() bool { return !c.lives() })
	want, err := os.ReadFile(s.journal())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("the copy of %d bytes differs from the journal of %d", len(got), len(want))
	}
	s.checkFlood(total)
}

// checkInputs compares the inputs 1 to n in the journal, and what the process
// (a cat) made of them.
func (s *session) checkInputs(n uint64) {
	s.t.Helper()
	var want strings.Builder
	var seq uint64
	for _, rec := range s.records() {
		if rec.Kind != journal.In {
			continue
		}
		seq++
		fmt.Fprintln(&want, seq)
		if rec.Seq != seq || string(rec.Data) != strconv.FormatUint(seq, 10)+"\n" {
			s.t.Fatalf("input %d stands where %d should: %q", rec.Seq, seq, rec.Data)
		}
	}
	if seq != n {
		s.t.Fatalf("%d inputs, not %d", seq, n)
	}
	eventually(s.t, "all output", func() bool { return len(s.output(journal.Out)) >= want.Len() })
	if out := s.output(journal.Out); out != want.String() {
		s.t.Fatalf("the process got something else: %d bytes, not %d", len(out), want.Len())
	}
}

func TestInputsExactlyOnceWhenClientsDie(t *testing.T) {
	t.Parallel()
	const total, kills = 3000, 20
	s := hold(t, "/bin/cat")
	r, err := journal.Open(s.journal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var last uint64
	for i := range kills {
		c := spawn(t, self(t), "client-input", s.dir, strconv.Itoa(total))
		at := uint64(i+1) * total / (kills + 1)
		eventually(t, "inputs", func() bool {
			for {
				rec, err := r.Next()
				if err != nil {
					return last >= at
				}
				last = max(last, rec.Seq)
			}
		})
		c.kill(t)
		if i%4 == 0 {
			torn := spawn(t, self(t), "client-torn", s.dir)
			if line, err := torn.out.ReadString('\n'); line != "sent\n" {
				t.Fatalf("client: %q, %v", line, err)
			}
			torn.kill(t)
		}
	}
	c := spawn(t, self(t), "client-input", s.dir, strconv.Itoa(total))
	eventually(t, "the client's end", func() bool { return !c.lives() })
	s.checkInputs(total)
}

func TestStaleInput(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/cat")
	c := s.dial()
	for seq := uint64(1); seq <= 3; seq++ {
		if err := c.Input(t.Context(), seq, fmt.Appendf(nil, "%d\n", seq)); err != nil {
			t.Fatal(err)
		}
	}
	for _, seq := range []uint64{3, 1, 0} {
		if err := c.Input(t.Context(), seq, []byte("again\n")); !errors.Is(err, ErrStale) {
			t.Errorf("input %d: %v", seq, err)
		}
	}
	if c.Info().LastSeq != 3 {
		t.Errorf("last input %d", c.Info().LastSeq)
	}
	s.checkInputs(3)
	if again := s.dial(); again.Info().LastSeq != 3 {
		t.Errorf("last input %d", again.Info().LastSeq)
	}
}

// What a client had fully sent is carried out before the next one is greeted,
// though the first waits for no answer; then it is out.
func TestSecondClientTakesOver(t *testing.T) {
	t.Parallel()
	const sent = 500
	s := hold(t, "/bin/cat")
	raw, err := connect(t.Context(), s.Info)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	if _, err := exchange(t.Context(), raw, bufio.NewReader(raw), request{Op: opHello}); err != nil {
		t.Fatal(err)
	}
	var b []byte
	for seq := uint64(1); seq <= sent; seq++ {
		data := fmt.Appendf(nil, "%d\n", seq)
		b = append(append(b, line(request{Op: opInput, Seq: seq, Len: len(data)})...), data...)
	}
	b = append(b, line(request{Op: opHello})...)
	b = append(b, line(request{Op: opInput, Seq: sent + 1, Len: 100})...) // and not its data
	if _, err := raw.Write(b); err != nil {
		t.Fatal(err)
	}
	second := s.dial()
	if last := second.Info().LastSeq; last != sent {
		t.Fatalf("the last input is %d when the second is greeted", last)
	}
	if _, err := raw.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the first can still write: %v", err)
	}
	if err := second.Input(t.Context(), sent+1, fmt.Appendf(nil, "%d\n", sent+1)); err != nil {
		t.Fatal(err)
	}
	third := s.dial()
	for range second.Notify() { // closed
	}
	if err := second.Input(t.Context(), sent+2, []byte("x")); err == nil {
		t.Error("the second can still write")
	}
	if err := third.Input(t.Context(), sent+2, fmt.Appendf(nil, "%d\n", sent+2)); err != nil {
		t.Fatal(err)
	}
	s.checkInputs(sent + 2)
	if err := once(t.Context(), s.Info, request{Op: opInput, Seq: 1000}); !errors.Is(err, ErrControl) {
		t.Errorf("input without control: %v", err)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/cat")
	errs := make(chan error)
	for range 16 {
		go func() {
			c, err := Dial(t.Context(), s.dir)
			if err == nil {
				_ = c.Input(t.Context(), c.Info().LastSeq+1, fmt.Appendf(nil, "%d\n", c.Info().LastSeq+1))
				err = c.Close()
			}
			errs <- err
		}()
	}
	for range 16 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s.checkInputs(s.dial().Info().LastSeq)
}

func TestNotify(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/sh", "-c", "read line; echo done")
	c := s.dial()
	seen := func(want journal.Kind) {
		t.Helper()
		timeout := time.After(30 * time.Second)
		for {
			if recs := s.records(); recs[len(recs)-1].Kind == want {
				return
			}
			select {
			case <-c.Notify():
			case <-timeout:
				t.Fatalf("not woken for %c", want)
			}
		}
	}
	seen(journal.Start)
	if err := c.Input(t.Context(), 1, []byte("go\n")); err != nil {
		t.Fatal(err)
	}
	seen(journal.Exit)
	if c.Info().Size == 0 {
		t.Error("the size was not told")
	}
	if err := c.AckExit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range c.Notify() { // closed
	}
}

func TestInputIsGivenUp(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/cat")
	c := s.dial()
	holder := process{pid: s.PID, start: s.StartTime}
	holder.signal(syscall.SIGSTOP)
	eventually(t, "the holder to stop", func() bool { p, err := lookUp(s.PID); return err == nil && p.state == 'T' })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := c.Input(ctx, 1, []byte("1\n"))
	holder.signal(syscall.SIGCONT)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if err := c.Input(t.Context(), 2, []byte("2\n")); err == nil {
		t.Fatal("the connection is used on")
	}
	if again := s.dial(); again.Info().LastSeq != 1 {
		t.Errorf("the last input is %d", again.Info().LastSeq)
	}
	s.checkInputs(1)
}

func rss(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// grewTooMuch is far below what is sent through a holder, and far above what
// it needs, race detector included.
const grewTooMuch = 24 << 20

func TestStoppedClientTakesNoMemory(t *testing.T) {
	t.Parallel()
	const total = 200 << 20
	s := hold(t, "/bin/sh", "-c", "read go; exec "+self(t)+" flood "+strconv.Itoa(total))
	path := filepath.Join(t.TempDir(), "copy")
	stuck := spawn(t, self(t), "client-stuck", s.dir, path)
	eventually(t, "the copy to begin", func() bool { st, err := os.Stat(path); return err == nil && st.Size() > 0 })
	stuck.signal(syscall.SIGSTOP)

	before := rss(t, s.PID)
	if err := s.dial().Input(t.Context(), 1, []byte("go\n")); err != nil {
		t.Fatal(err)
	}
	most := before
	eventually(t, "the flood's end", func() bool {
		most = max(most, rss(t, s.PID))
		_, ended, _ := ReadExit(s.dir)
		return ended
	})
	if most-before > grewTooMuch {
		t.Errorf("the holder grew from %d to %d KiB", before>>10, most>>10)
	}
	stuck.signal(syscall.SIGCONT)
	eventually(t, "the client's end", func() bool { return !stuck.lives() })
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if j, err := os.Stat(s.journal()); err != nil || j.Size() != st.Size() {
		t.Errorf("the copy has %d bytes, the journal %d", st.Size(), j.Size())
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	lengths := []string{"100000", "1", "65535", "65536", "0", "1000000", "5000000", "3"}
	s := hold(t, append([]string{self(t), "lines"}, lengths...)...)
	s.awaitExit()
	lines := strings.Split(s.output(journal.Out), "\n")
	if len(lines) != len(lengths)+1 {
		t.Fatalf("%d lines", len(lines)-1)
	}
	for i, l := range lengths {
		if strconv.Itoa(len(lines[i])) != l {
			t.Errorf("line %d has %d characters, not %s", i, len(lines[i]), l)
		}
	}
	begins := true // an unfinished line must begin a record
	for _, rec := range s.records() {
		if rec.Kind != journal.Out {
			continue
		}
		if cut := bytes.LastIndexByte(rec.Data, '\n') + 1; cut > 0 && cut < len(rec.Data) {
			t.Fatalf("the record at %d goes on behind a line's end", rec.Offset)
		}
		begins = bytes.HasSuffix(rec.Data, []byte("\n"))
	}
	if !begins {
		t.Error("the last line is not finished")
	}
}

func TestLargeInputs(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/sh", "-c", "wc -c; exec sleep 1000")
	c := s.dial()
	var want int
	for i, n := range []int{0, 1, 100_000, 5 << 20, 1 << 20} {
		if err := c.Input(t.Context(), uint64(i+1), bytes.Repeat([]byte("i"), n)); err != nil {
			t.Fatal(err)
		}
		want += n
	}
	if err := c.Input(t.Context(), 9, make([]byte, MaxInput+1)); err == nil {
		t.Error("an input beyond the limit was sent")
	}
	if err := c.CloseInput(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Input(t.Context(), 10, []byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("input behind the end of input: %v", err)
	}
	if out := strings.TrimSpace(s.awaitOutput("\n")); out != strconv.Itoa(want) {
		t.Errorf("the process counted %s bytes, not %d", out, want)
	}
}

// A process that reads nothing holds nobody up, and its input takes no memory.
func TestProcessThatDoesNotRead(t *testing.T) {
	t.Parallel()
	s := sh(t, "echo up; exec sleep 1000")
	s.awaitOutput("up\n")
	c := s.dial()
	before := rss(t, s.PID)
	for seq := uint64(1); seq <= 60; seq++ {
		if err := c.Input(t.Context(), seq, bytes.Repeat([]byte("i"), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if grew := rss(t, s.PID) - before; grew > grewTooMuch {
		t.Errorf("the holder grew by %d KiB", grew>>10)
	}
	if err := c.Signal(t.Context(), syscall.SIGCONT); err != nil {
		t.Error(err)
	}
	if err := c.Stop(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Signal != "SIGTERM" {
		t.Errorf("ended: %+v", ended)
	}
}

func TestProcessThatClosesItsOutput(t *testing.T) {
	t.Parallel()
	s := sh(t, "echo last words; exec >&- 2>&-; read line; exit 4")
	s.awaitOutput("last words\n")
	c := s.dial()
	if err := c.Input(t.Context(), 1, []byte("go\n")); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Code != 4 {
		t.Errorf("ended: %+v", ended)
	}
}

func TestProcessThatClosesItsInput(t *testing.T) {
	t.Parallel()
	s := sh(t, "exec <&-; echo closed; exec sleep 1000")
	s.awaitOutput("closed\n")
	c := s.dial()
	// The first is journaled before anybody can know.
	if err := c.Input(t.Context(), 1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the refusal", func() bool {
		err := c.Input(t.Context(), c.Info().LastSeq+1, []byte("x"))
		return errors.Is(err, ErrClosed)
	})
}

func TestOtherUsersAreRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	s := sh(t, "read wait")
	if err := errors.Join(os.Chmod(filepath.Dir(s.Socket), 0o755), os.Chmod(s.Socket, 0o777)); err != nil {
		t.Fatal(err)
	}
	other := spawn(t, self(t), "client-other", s.Socket)
	if got, err := other.out.ReadString('\n'); !strings.HasPrefix(got, "connected, 0 bytes") {
		t.Errorf("the holder spoke to another user: %q, %v", got, err)
	}

	dir := sockets(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	info := s.Info
	info.Socket = filepath.Join(dir, "s")
	squat := spawn(t, self(t), "squatter", info.Socket)
	if got, err := squat.out.ReadString('\n'); got != "listening\n" {
		t.Fatalf("squatter: %q, %v", got, err)
	}
	_, err := connect(t.Context(), info)
	if !errors.Is(err, errPeer) {
		t.Errorf("the client spoke to another user: %v", err)
	}
	if got, _ := squat.out.ReadString('\n'); !strings.HasPrefix(got, "heard 0 bytes") {
		t.Errorf("the squatter %q", got)
	}
}

// Nonsense ends a connection, not the holder.
func TestNonsense(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/cat")
	for name, nonsense := range map[string]string{
		"no JSON":         "hello\n",
		"a long line":     strings.Repeat("x", 2*maxLine),
		"negative length": `{"op":"input","len":-1}` + "\n",
		"huge length":     `{"op":"input","len":1000000000000}` + "\n",
		"nothing":         "",
	} {
		c, err := connect(t.Context(), s.Info)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(nonsense)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if nonsense != "" {
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := c.Read(make([]byte, maxLine)); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: no answer", name)
			}
		}
		_ = c.Close()
	}
	// What a later client may say is answered, and the connection goes on.
	c, err := connect(t.Context(), s.Info)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	if _, err := exchange(t.Context(), c, r, request{Op: "dance", Len: 0}); err == nil {
		t.Error("an unknown op was carried out")
	}
	if _, err := exchange(t.Context(), c, r, request{Op: opSignal, Name: "SIGNONE"}); err == nil {
		t.Error("an unknown signal was sent")
	}
	if a, err := exchange(t.Context(), c, r, request{Op: opHello, Proto: 99}); err != nil || a.Info.AgentPID != s.AgentPID {
		t.Errorf("hello: %v", err)
	}
}

// More connections than a holder serves wait for their turn.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	s := hold(t, "/bin/cat")
	open := make([]*net.UnixConn, 2*maxPeers)
	for i := range open {
		c, err := connect(t.Context(), s.Info)
		if err != nil {
			t.Fatal(err)
		}
		open[i] = c
	}
	done := make(chan error, 1)
	go func() {
		c, err := Dial(t.Context(), s.dir)
		if err == nil {
			err = c.Close()
		}
		done <- err
	}()
	for _, c := range open {
		_ = c.Close()
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
