// Package exitcode decides with which status hf ends. It holds the one table
// from the error codes of the contract to exit codes.
package exitcode

import (
	"context"
	"errors"
	"fmt"

	"github.com/hf-dev/hf/pkg/api"
)

// The exit codes of hf.
const (
	OK           = 0
	Failed       = 1
	Usage        = 2
	Agent        = 3
	Auth         = 4
	Check        = 5
	MergeStopped = 6
	Waiting      = 8
	Limit        = 9
	NotFound     = 10
	Conflict     = 11
	Daemon       = 12
	Timeout      = 124
	Interrupted  = 130
)

// Meaning is one row of `hf help exit-codes`.
type Meaning struct {
	Code int
	Text string
}

// Meanings lists every exit code, in order.
func Meanings() []Meaning {
	return []Meaning{
		{OK, "it worked"},
		{Failed, "it failed"},
		{Usage, "the command line is wrong, or names something impossible"},
		{Agent, "the task's agent failed, or is not installed"},
		{Auth, "not authenticated"},
		{Check, "the task's check failed"},
		{MergeStopped, "a rebase or merge stopped on a conflict"},
		{Waiting, "waiting for a person: a permission, an answer, or a decision how to go on"},
		{Limit, "a usage limit was reached: of the agent, or of the forge"},
		{NotFound, "not found"},
		{Conflict, "the state does not allow it, or something of that name exists"},
		{Daemon, "hfd is unavailable, or too old"},
		{Timeout, "timed out"},
		{Interrupted, "interrupted"},
	}
}

// Of returns the exit code of an error code. One that this build does not know
// is a plain failure, and ok is false.
func Of(code api.Code) (exit int, ok bool) {
	switch code {
	case api.CodeInternal, api.CodeGit, api.CodeForge, api.CodeSetup, api.CodeDiskFull, api.CodeReadOnly:
		return Failed, true
	case api.CodeInvalid, api.CodeAmbiguous:
		return Usage, true
	case api.CodeAgent, api.CodeAgentMissing:
		return Agent, true
	case api.CodeUnauthorized:
		return Auth, true
	case api.CodeCheck:
		return Check, true
	case api.CodeMergeStopped:
		return MergeStopped, true
	case api.CodeHalted, api.CodeUntrusted:
		return Waiting, true
	case api.CodeLimit:
		return Limit, true
	case api.CodeNotFound:
		return NotFound, true
	case api.CodeConflict, api.CodeExists:
		return Conflict, true
	case api.CodeUnavailable, api.CodeTooOld, api.CodeSchemaNewer, api.CodeCorrupt:
		return Daemon, true
	case api.CodeTimeout:
		return Timeout, true
	}
	return Failed, false
}

// UsageError is a command line that is wrong. The root prints the command's
// usage line with it.
type UsageError struct {
	Message string
	Hint    string
}

func (e *UsageError) Error() string { return e.Message }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Message: fmt.Sprintf(format, args...)}
}

// SilentError ends hf with a code and says nothing more: the answer was printed.
type SilentError int

func (s SilentError) Error() string { return fmt.Sprintf("exit code %d", int(s)) }

// For returns the exit code of what a command returned.
func For(err error) int {
	var silent SilentError
	var usage *UsageError
	var e *api.Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &silent):
		return int(silent)
	case errors.As(err, &usage):
		return Usage
	case errors.As(err, &e):
		exit, _ := Of(e.Code)
		return exit
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Failed
}
