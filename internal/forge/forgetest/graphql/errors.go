package graphql

import (
	"errors"
	"fmt"
)

// Error is a problem as the answer tells it.
type Error struct {
	Type       string         `json:"type,omitempty"` // NOT_FOUND, FORBIDDEN, UNPROCESSABLE, …
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
	Locations  []Location     `json:"locations,omitempty"`
	Message    string         `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// asError makes any error one of the answer.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		c := *e
		return &c
	}
	return &Error{Message: err.Error()}
}

// wrongf is an error in GitHub's words.
func wrongf(format string, args ...any) error { return &Error{Message: fmt.Sprintf(format, args...)} }
