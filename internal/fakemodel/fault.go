package fakemodel

import (
	"encoding/json"
	"fmt"
	"time"
)

// FaultKind is a way in which a model server fails.
type FaultKind string

// The faults.
const (
	Unauthorized FaultKind = "401"      // the key is not accepted
	BadRequest   FaultKind = "400"      // the request is not accepted
	RateLimited  FaultKind = "429"      // a usage limit, with the headers that tell when it resets
	ServerError  FaultKind = "500"      // the server broke
	Overloaded   FaultKind = "529"      // the server has too much to do
	Hang         FaultKind = "hang"     // the request is accepted and never answered
	Truncate     FaultKind = "truncate" // the stream ends in the middle
)

func (k FaultKind) known() bool {
	switch k {
	case Unauthorized, BadRequest, RateLimited, ServerError, Overloaded, Hang, Truncate:
		return true
	}
	return false
}

// status is the HTTP status of a fault, 0 for one that is no answer.
func (k FaultKind) status() int {
	switch k {
	case Unauthorized:
		return 401
	case BadRequest:
		return 400
	case RateLimited:
		return 429
	case ServerError:
		return 500
	case Overloaded:
		return 529
	case Hang, Truncate:
	}
	return 0
}

// Fault is a failure to play. The zero Fault is none.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	Times int       `json:"times,omitempty"` // how many requests fail; 0 = all until the next call of Fail
	Reset Duration  `json:"reset,omitempty"` // RateLimited: when the limit ends, from the request on
}

// Duration is a time.Duration that reads and writes as "90s" in JSON.
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// defaultReset is how long a usage limit lasts when the fault does not say.
const defaultReset = time.Hour

func (f Fault) resetAt() time.Time {
	reset := time.Duration(f.Reset)
	if reset == 0 {
		reset = defaultReset
	}
	return time.Now().Add(reset)
}

func (f Fault) message() string {
	switch f.Kind {
	case Unauthorized:
		return "invalid API key"
	case RateLimited:
		return "The usage limit has been reached"
	case Overloaded:
		return "Overloaded"
	case BadRequest:
		return "the request was refused"
	case ServerError, Hang, Truncate:
	}
	return "internal server error"
}

// problem is a failed answer: a status, headers and a JSON body.
type problem struct {
	status int
	header map[string]string
	body   any
}

func (p problem) encode() []byte {
	body, err := json.Marshal(p.body)
	if err != nil {
		return fmt.Appendf(nil, "%q", err.Error())
	}
	return body
}
