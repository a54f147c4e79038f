// Command hfd is the daemon behind hf. People do not run it: hf does.
package main

import (
	"context"
	"os"

	"github.com/hf-dev/hf/internal/daemon"
)

func main() {
	os.Exit(daemon.Main(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
