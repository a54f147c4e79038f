//go:build !fault

package fault

import "time"

// Enabled reports whether this program has points.
const Enabled = false

// Point is a moment at which the program can be made to die or to meet an
// error, which the caller returns as it would that of the side effect.
func Point(string) error { return nil }

// Pass is a Point where there is nobody to return an error to.
func Pass(string) {}

// Around calls do between the points name.before and name.after. An error of
// the first one is returned instead of calling do.
func Around(_ string, do func() error) error { return do() }

// Now is the time, of a clock that a test can set.
func Now() time.Time { return time.Now() }

// Environ is what a child that is one of hf's own programs needs in its
// environment, so that its points count too.
func Environ() []string { return nil }
