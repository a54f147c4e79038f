package lifecycle

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// How an accept that found no free descriptor is repeated.
const (
	acceptPause = 100 * time.Millisecond
	quiet       = 5 * time.Second // between two log lines of one kind
)

// gatedListener accepts connections of this user only, and waits when the
// process or the machine is out of descriptors or memory.
type gatedListener struct {
	*net.UnixListener
	uid    int
	log    *slog.Logger
	done   chan struct{}
	once   sync.Once
	full   rateLimit
	denied rateLimit
}

// newListener accepts on a copy of the listening socket fd. Closing it leaves
// the socket open: those who connect then wait in the kernel.
func newListener(fd int, log *slog.Logger) (*gatedListener, error) {
	copied, err := syscall.Dup(fd)
	if err != nil {
		return nil, fmt.Errorf("copy the listener: %w", err)
	}
	syscall.CloseOnExec(copied)
	f := os.NewFile(uintptr(copied), "hfd.sock")
	defer func() { _ = f.Close() }()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("use the inherited listener: %w", err)
	}
	ul, ok := l.(*net.UnixListener)
	if !ok {
		_ = l.Close()
		return nil, errors.New("the inherited listener is no Unix socket")
	}
	ul.SetUnlinkOnClose(false)
	return &gatedListener{UnixListener: ul, uid: os.Geteuid(), log: log, done: make(chan struct{})}, nil
}

// Accept implements net.Listener.
func (l *gatedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		switch {
		case err == nil && l.admit(conn):
			return conn, nil
		case err == nil:
			_ = conn.Close()
		case exhausted(err):
			if l.full.allow() {
				l.log.Warn("cannot accept connections", "error", err)
			}
			select {
			case <-time.After(acceptPause):
			case <-l.done:
			}
		default:
			return nil, err
		}
	}
}

// Close implements net.Listener.
func (l *gatedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.UnixListener.Close()
}

// admit lets in who runs as the same user. That the directory keeps everybody
// else out is one wall; this is the other. root is somebody else.
func (l *gatedListener) admit(conn *net.UnixConn) bool {
	uid, err := peerUID(conn)
	if err == nil && uid == l.uid {
		return true
	}
	if l.denied.allow() {
		l.log.Warn("refused a connection", "uid", uid, "error", err)
	}
	return false
}

func peerUID(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	var cred *syscall.Ucred
	var gerr error
	err = raw.Control(func(fd uintptr) {
		cred, gerr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err = errors.Join(err, gerr); err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}

func exhausted(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// rateLimit allows one thing every few seconds.
type rateLimit struct {
	mu   sync.Mutex
	last time.Time
}

func (r *rateLimit) allow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() && time.Since(r.last) < quiet {
		return false
	}
	r.last = time.Now()
	return true
}
