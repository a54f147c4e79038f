package forge

import (
	"errors"
	"time"
)

// LimitError is a rate limit. It wraps the *api.Error.
type LimitError struct {
	Until     time.Time
	Secondary bool // too much at once, rather than too much in all
	Err       error
}

func (e *LimitError) Error() string { return e.Err.Error() }

func (e *LimitError) Unwrap() error { return e.Err }

// RetryAt returns when a request that a rate limit refused may be sent again.
func RetryAt(err error) (until time.Time, ok bool) {
	limit, ok := errors.AsType[*LimitError](err)
	if !ok {
		return time.Time{}, false
	}
	return limit.Until, true
}
