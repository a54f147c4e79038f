// Command fakemodel runs a fake model server for scripts. It prints the
// server's URL on one line and ends when its standard input does, or by
// SIGINT or SIGTERM.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hf-dev/hf/internal/fakemodel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fakemodel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	server, err := fakemodel.Start(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, server.URL()); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, stdin) // an unreadable input has ended, too
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	return server.Close()
}
