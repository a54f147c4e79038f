package iostreams

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ErrGone ends what nobody reads any more.
var ErrGone = errors.New("nobody reads the output any more")

// WhileRead returns a context that ends, with ErrGone, when the other end of
// the pipe or terminal that Out is has gone. What only follows something and
// has nothing to write would never learn that else.
func (s *IOStreams) WhileRead(ctx context.Context) context.Context {
	f, ok := s.Out.(*os.File)
	if !ok {
		return ctx
	}
	ctx, cancel := context.WithCancelCause(ctx)
	fd := int32(f.Fd())
	go func() { // ends with the process: a descriptor cannot be waited for otherwise
		for {
			p := []unix.PollFd{{Fd: fd}} // errors are told unasked
			_, err := unix.Poll(p, -1)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err == nil && p[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0:
				cancel(ErrGone)
			}
			return
		}
	}()
	return ctx
}
