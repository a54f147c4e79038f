package launcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// What a probe may find besides an answer, a refusal and, as an *api.Error,
// another user's socket.
var (
	errNoHello = errors.New("connected, but there was no hello")
	errHung    = errors.New("hello was not answered in time")
	errBusy    = errors.New("alive, but cannot take a connection now")
)

// probe connects to a socket and says hello.
func probe(ctx context.Context, socket string) (net.Conn, api.Hello, error) {
	conn, err := connect(ctx, socket)
	if err != nil {
		return nil, api.Hello{}, err
	}
	hello, err := sayHello(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, api.Hello{}, fmt.Errorf("%w: %w", errNoHello, err)
	}
	return conn, hello, nil
}

func connect(ctx context.Context, socket string) (net.Conn, error) {
	d := net.Dialer{Timeout: connectLimit}
	conn, err := d.DialContext(ctx, "unix", socket)
	switch {
	case errors.Is(err, syscall.EAGAIN): // its backlog is full
		return nil, errBusy
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errHung
	case err != nil:
		return nil, err
	}
	if err := checkPeer(conn, socket); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// checkPeer refuses a socket that another user listens on: a request carries
// the person's prompt and variables.
func checkPeer(conn net.Conn, socket string) error {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return err
	}
	var cred *syscall.Ucred
	var gerr error
	if err := raw.Control(func(fd uintptr) {
		cred, gerr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return err
	}
	if gerr != nil {
		return fmt.Errorf("ask who listens on %s: %w", socket, gerr)
	}
	if int(cred.Uid) == os.Geteuid() {
		return nil
	}
	e := &api.Error{
		Code:    api.CodeInvalid,
		Message: fmt.Sprintf("user %d listens on %s, and hf runs as user %d", cred.Uid, socket, os.Geteuid()),
		Hint:    "nothing was sent; remove the socket, or set HF_STATE_DIR to a directory of your own",
	}
	if os.Geteuid() == 0 {
		e.Hint = "run hf without sudo"
	}
	return e
}

// sayHello asks who answers. It leaves the connection ready for a request.
func sayHello(ctx context.Context, conn net.Conn) (api.Hello, error) {
	limited, cancel := context.WithTimeoutCause(ctx, helloLimit, errHung)
	defer cancel()
	return over(conn).Hello(limited)
}

// over is a client for single requests on a connection of ours.
func over(conn net.Conn) *client.Client {
	dial := func(context.Context) (net.Conn, api.Hello, error) { return conn, api.Hello{}, nil }
	return client.New(dial, client.Options{Once: true})
}
