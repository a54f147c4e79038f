package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// A column is bound to the field of a Go value by a pointer, or by one of the
// types below where SQLite's types are not Go's. The same binding writes and
// reads.

// micros binds a time as microseconds; the zero time is 0. What is finer than
// a microsecond is lost, and so is the zone: it is UTC.
type micros struct{ at *time.Time }

// Value implements driver.Valuer.
func (c micros) Value() (driver.Value, error) {
	if c.at.IsZero() {
		return int64(0), nil
	}
	return c.at.UnixMicro(), nil
}

// Scan implements sql.Scanner.
func (c micros) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("time stored as %T", src)
	}
	*c.at = time.Time{}
	if n != 0 {
		*c.at = time.UnixMicro(n).UTC()
	}
	return nil
}

// optMicros binds a time that may be nil.
type optMicros struct{ at **time.Time }

// Value implements driver.Valuer.
func (c optMicros) Value() (driver.Value, error) {
	if *c.at == nil {
		return nil, nil
	}
	return micros{*c.at}.Value()
}

// Scan implements sql.Scanner.
func (c optMicros) Scan(src any) error {
	*c.at = nil
	if src == nil {
		return nil
	}
	*c.at = new(time.Time)
	return micros{*c.at}.Scan(src)
}

// asJSON binds any value as JSON; what JSON calls null is NULL.
type asJSON[T any] struct{ at *T }

// Value implements driver.Valuer.
func (c asJSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(c.at)
	if err != nil || string(b) == "null" {
		return nil, err
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (c asJSON[T]) Scan(src any) error {
	*c.at = *new(T)
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(src), c.at)
	default:
		return fmt.Errorf("JSON stored as %T", src)
	}
}

func jsonOf[T any](at *T) asJSON[T] { return asJSON[T]{at} }

// rawJSON binds JSON that is kept as it is.
type rawJSON struct{ at *json.RawMessage }

// Value implements driver.Valuer.
func (c rawJSON) Value() (driver.Value, error) {
	if len(*c.at) == 0 {
		return nil, nil
	}
	return string(*c.at), nil
}

// Scan implements sql.Scanner.
func (c rawJSON) Scan(src any) error {
	*c.at = nil
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		*c.at = json.RawMessage(src)
		return nil
	default:
		return fmt.Errorf("JSON stored as %T", src)
	}
}

// orNull binds a text that names a row of another table, or none: "" is NULL.
type orNull struct{ at *string }

// Value implements driver.Valuer.
func (c orNull) Value() (driver.Value, error) {
	if *c.at == "" {
		return nil, nil
	}
	return *c.at, nil
}

// Scan implements sql.Scanner.
func (c orNull) Scan(src any) error {
	*c.at = ""
	if src == nil {
		return nil
	}
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("name stored as %T", src)
	}
	*c.at = text
	return nil
}

// optJSON binds a fact that may be unknown, which is NULL, or known to be
// nothing, which is the JSON text null.
type optJSON[T any] struct{ at *api.Opt[T] }

// Value implements driver.Valuer.
func (c optJSON[T]) Value() (driver.Value, error) {
	if c.at.IsZero() {
		return nil, nil
	}
	b, err := json.Marshal(c.at)
	return string(b), err
}

// Scan implements sql.Scanner.
func (c optJSON[T]) Scan(src any) error {
	*c.at = api.Opt[T]{}
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(src), c.at)
	default:
		return fmt.Errorf("JSON stored as %T", src)
	}
}
