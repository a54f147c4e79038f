package api

import "encoding/json"

// Opt is a fact that may be unknown (absent), known to be nothing (null) or
// known. Fields of this type carry `omitzero`. The zero value is unknown.
type Opt[T any] struct {
	known bool
	value *T
}

// Some returns a known fact.
func Some[T any](v T) Opt[T] { return Opt[T]{known: true, value: &v} }

// None returns a fact known to be nothing.
func None[T any]() Opt[T] { return Opt[T]{known: true} }

// IsZero reports whether the fact is unknown; encoding/json then leaves it out.
func (o Opt[T]) IsZero() bool { return !o.known }

// Get returns the value, and whether there is one.
func (o Opt[T]) Get() (T, bool) {
	if o.value == nil {
		var zero T
		return zero, false
	}
	return *o.value, true
}

// MarshalJSON writes the value or null.
func (o Opt[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// UnmarshalJSON reads a value or null; both make the fact known.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	o.known = true
	o.value = nil
	return json.Unmarshal(b, &o.value)
}
