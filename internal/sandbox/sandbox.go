// Package sandbox is the contract of the places a task can run in. A provider
// turns a command into one that runs inside its sandbox, and creates, probes
// and destroys sandboxes under deterministic names.
package sandbox

import (
	"context"
	"time"

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
	// Destroy ends the sandbox. The caller has saved its work. It is not an
	// error when there is none.
	Destroy(ctx context.Context, sb Sandbox) error
	// Restore makes the sandbox as it was when its work was saved, or finishes
	// one that was begun.
	Restore(ctx context.Context, spec Spec, how Restore, progress func(detail string)) (Restored, error)
}

// Restore says how a sandbox is brought back.
type Restore struct {
	Detach bool // on no branch, so that nothing about the branch is in the way
}

// Restored is a sandbox that was brought back.
type Restored struct {
	Sandbox
	Detail  string   // what it is on now, in words
	Branch  string   // "" when it is on none
	Missing []string // what was not saved and is gone; a directory ends in a slash
}

// Keeper is a provider that keeps what Destroy took away until it is freed.
type Keeper interface {
	// Kept lists what is kept, and directories of the provider's that it does
	// not know, without their sizes.
	Kept(ctx context.Context) ([]Kept, error)
	// Size returns how many bytes of the disk something kept takes.
	Size(ctx context.Context, k Kept) (int64, error)
	// Free deletes what is kept when all of it is saved. What changed since it
	// was saved is saved first, and what a process works in stays. A stray
	// directory is not deleted: it begins to be kept.
	Free(ctx context.Context, k Kept, how Free) (Freed, error)
}

// Free says how something kept is freed.
type Free struct {
	Force bool // even if not all of it is saved
	Dry   bool // say only what would become of it
}

// Kept is a directory that is kept.
type Kept struct {
	ID      string    // the same at every call
	Task    string    // "" when it is not known whose it is
	Path    string    // where it is
	At      time.Time // when it was taken away; of a stray one when it last changed
	Stray   bool      // a directory where sandboxes are, and not taken away
	Sandbox bool      // of a stray one: it is registered as a sandbox, whoever it is of
}

// Freed says what became of something kept.
type Freed struct {
	Done bool
	Why  string // it was, or was not
}
