package api

import "errors"

// Error is what went wrong, for a person and for a program. It is the body of
// every answer that is not a success, and the `error` of operations and turns.
type Error struct {
	Code      Code   `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"` // what to do next
	Retryable bool   `json:"retryable,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// IsCode reports whether an error is, or wraps, an *Error with that code.
func IsCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// Code is the closed set of reasons a request or operation fails.
type Code string

// The error codes.
const (
	CodeInvalid      Code = "invalid_argument"
	CodeUnauthorized Code = "needs_auth"
	CodeNotFound     Code = "not_found"
	CodeAmbiguous    Code = "ambiguous"
	CodeConflict     Code = "conflict"  // the state does not allow it, or a live operation exists
	CodeExists       Code = "exists"    // a branch, repo or task of that name is there already
	CodeUntrusted    Code = "untrusted" // a repo's own commands were not allowed yet
	CodeTooOld       Code = "daemon_too_old"
	CodeUnavailable  Code = "unavailable" // stopping, starting or hung; retried by the client
	CodeTimeout      Code = "timeout"
	CodeAgent        Code = "agent_failed"
	CodeAgentMissing Code = "agent_missing"
	CodeCheck        Code = "check_failed"
	CodeSetup        Code = "setup_failed" // a repo's own set-up command
	CodeGit          Code = "git_failed"
	CodeForge        Code = "forge_failed"  // GitHub cannot be reached, broke off or answers with a fault
	CodeMergeStopped Code = "merge_stopped" // a rebase or merge stopped on a conflict
	CodeLimit        Code = "usage_limit"
	CodeHalted       Code = "halted" // only a person can decide how to go on
	CodeSchemaNewer  Code = "schema_newer"
	CodeCorrupt      Code = "database_corrupt"
	CodeDiskFull     Code = "disk_full" // hf goes on by itself when there is space again
	CodeReadOnly     Code = "read_only" // the state directory: what is known can be read
	CodeInternal     Code = "internal"
)

// Codes lists every code, for tables that must be exhaustive.
func Codes() []Code {
	return []Code{
		CodeInvalid, CodeUnauthorized, CodeNotFound, CodeAmbiguous, CodeConflict, CodeExists, CodeUntrusted,
		CodeTooOld, CodeUnavailable, CodeTimeout, CodeAgent, CodeAgentMissing, CodeCheck, CodeSetup, CodeGit,
		CodeForge, CodeMergeStopped, CodeLimit, CodeHalted, CodeSchemaNewer, CodeCorrupt,
		CodeDiskFull, CodeReadOnly, CodeInternal,
	}
}
