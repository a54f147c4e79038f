package hold

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// abortGrace is how long a holder that is given up may take to end its process
// by itself.
const abortGrace = endGrace + 2*time.Second

// StartOptions says which holder to start. All fields are required.
type StartOptions struct {
	HF   string // path of the hf binary
	Spec Spec
}

// Start starts a holder and its process, in a session of their own, and
// returns when both run. On error, an end of ctx among them, nothing is left
// running. The error wraps an *api.Error where the process could not be
// started.
func Start(ctx context.Context, o StartOptions) (Info, error) {
	info, err := start(ctx, o)
	if err != nil {
		return Info{}, fmt.Errorf("start the holder of session %s: %w", o.Spec.Session, err)
	}
	return info, nil
}

func start(ctx context.Context, o StartOptions) (Info, error) {
	if err := ctx.Err(); err != nil {
		return Info{}, context.Cause(ctx)
	}
	for _, s := range o.Spec.Argv {
		if !utf8.ValidString(s) {
			return Info{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("the command is not UTF-8: %.40q", s)}
		}
	}
	for _, s := range o.Spec.Env {
		if !utf8.ValidString(s) { // the value may be a secret
			name, _, _ := strings.Cut(s, "=")
			return Info{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("the variable %.40q of the command is not UTF-8", name)}
		}
	}
	if err := rundir.MakeDir(o.Spec.Dir); err != nil {
		return Info{}, err
	}
	errOut, err := os.OpenFile(filepath.Join(o.Spec.Dir, errFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = errOut.Close() }()
	inR, inW, err := os.Pipe()
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = inR.Close(); _ = inW.Close() }()
	outR, outW, err := os.Pipe()
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = outR.Close(); _ = outW.Close() }()

	if err := fault.Point("hold.spawn.before"); err != nil {
		return Info{}, err
	}
	p, err := xec.StartSession(xec.Cmd{
		Argv: []string{o.HF, "hold"}, Dir: "/", Env: holderEnv(), Stdin: inR, Stdout: outW, Stderr: errOut,
	})
	if err != nil {
		return Info{}, err
	}
	fault.Pass("hold.spawn.after") // it runs, and does not know what to hold
	_, _ = inR.Close(), outW.Close()
	// The end of ctx closes our ends: writing and reading return.
	stop := context.AfterFunc(ctx, func() {
		past := time.Unix(1, 0)
		_, _ = inW.SetWriteDeadline(past), outR.SetReadDeadline(past)
	})
	defer stop()
	info, err := handshake(o.Spec, inW, outR)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		abort(p)
		return Info{}, err
	}
	fault.Pass("hold.start.after")
	// From here on it is its own, and reaped when it is acknowledged.
	return info, p.Release()
}

// holderEnv is a holder's own environment, not its process's: one processor is
// enough for copying bytes, and a traceback goes to hold.err.
func holderEnv() []string {
	return append([]string{"GOMAXPROCS=1", "GOTRACEBACK=single"}, fault.Environ()...)
}

func handshake(spec Spec, in, out *os.File) (Info, error) {
	_, writeErr := in.Write(line(spec))
	_ = in.Close()
	var v verdict
	if err := readLine(bufio.NewReaderSize(out, readSize), &v); err != nil {
		err = errors.Join(writeErr, err)
		return Info{}, fmt.Errorf("it ended before it was ready (see %s): %w", filepath.Join(spec.Dir, errFile), err)
	}
	switch {
	case v.Problem != nil:
		return Info{}, v.Problem
	case v.Ready == nil:
		return Info{}, &api.Error{Code: api.CodeInternal, Message: "the holder's answer is not understood"}
	}
	return *v.Ready, nil
}

// abort ends a holder that is still this process's child: by asking, so that
// it takes everything below it along, and by force after a while.
func abort(p *xec.Process) {
	// The handle is to this very process, whoever reaps it meanwhile.
	handle, err := os.FindProcess(p.PID())
	if err != nil {
		handle = nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = p.Wait()
	}()
	if handle == nil {
		<-ended
		return
	}
	defer func() { _ = handle.Release() }()
	if err := handle.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		<-ended
		return
	}
	select {
	case <-ended:
	case <-time.After(abortGrace):
		_ = handle.Signal(syscall.SIGKILL)
		<-ended
	}
}
