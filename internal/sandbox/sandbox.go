// Package sandbox is the contract of the places a task can run in. A provider
// turns a command into one that runs inside its sandbox, and creates, probes
// and destroys sandboxes under deterministic names.
package sandbox

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// Spec describes a sandbox to be. The same spec always names the same sandbox.
type Spec struct {
	Task   string // id
	Slug   string // of the title, [a-z0-9-]{0,40}
	Repo   string // the repository's work tree or bare directory
	GitDir string // its common git directory
	Branch string // exists, and is checked out nowhere else
}

// Sandbox is one that exists.
type Sandbox struct {
	Spec
	Path string // its work tree on this machine
}

// Command is a command to run inside a sandbox.
type Command struct {
	Argv []string
	Dir  string   // below the work tree; "" is its root
	Env  []string // NAME=value, the whole environment
	TTY  bool
}

// Capabilities are declared, never guessed.
type Capabilities struct {
	Isolation string // none, or the kind of wall around it
	Local     bool   // its files are on this machine
}

// Provider is an implementation of sandboxes. Every method may be called again
// after a crash in the middle of it.
type Provider interface {
	Name() string
	Capabilities() Capabilities
	// Probe finds the sandbox of a spec; ok is false when there is none.
	Probe(ctx context.Context, spec Spec) (sb Sandbox, ok bool, err error)
	// Create makes the sandbox, or finishes one that was begun.
	Create(ctx context.Context, spec Spec, progress func(detail string)) (Sandbox, error)
	// Wrap returns the command of this machine that runs cmd inside.
	Wrap(sb Sandbox, cmd Command) (api.Command, error)
	// Destroy removes the sandbox. The caller has saved its work. It is not an
	// error when there is none.
	Destroy(ctx context.Context, sb Sandbox) error
}
