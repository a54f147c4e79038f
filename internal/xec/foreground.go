package xec

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Foreground runs a command that talks to the person at the terminal: it stays
// in this process's group, so that the terminal is its own while it runs. When
// ctx ends the command is asked to end.
func Foreground(ctx context.Context, c Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	built, err := build(c)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, built.Path)
	cmd.Args, cmd.Dir, cmd.Env, cmd.ExtraFiles = built.Args, built.Dir, built.Env, built.ExtraFiles
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace(c.Grace)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(c.Argv[0]), err)
	}
	if err := cmd.Wait(); err != nil {
		return failure(c, cmd, &tailWriter{}, context.Cause(ctx))
	}
	return nil
}
