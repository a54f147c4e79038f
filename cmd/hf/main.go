// Command hf runs a fleet of coding agents from a terminal. It is thin: hfd,
// which it finds or starts, does the work.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/hf-dev/hf/internal/cli"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/iostreams"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		os.Exit(hold.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends hf at once
	os.Exit(cli.Main(ctx, os.Args[1:], iostreams.System(os.Getenv), os.Environ()))
}
