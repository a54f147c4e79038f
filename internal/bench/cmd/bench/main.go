// Command bench measures what has a speed goal; `just bench` runs it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/hf-dev/hf/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(bench.Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
