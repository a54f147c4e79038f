package forge

import "time"

// DeviceCode is the beginning of a sign-in by a code that a person types into a
// page of the forge.
type DeviceCode struct {
	Host      string
	ClientID  string
	Secret    Secret // names this sign-in to the forge; whoever has it gets the token
	UserCode  string // what the person types
	URL       string // where
	ExpiresAt time.Time
	Interval  time.Duration // between two questions
}

// DeviceAnswer is how far such a sign-in is.
type DeviceAnswer struct {
	Token    Secret        // "" while it goes on
	Scopes   []string      // that the person granted
	Interval time.Duration // how long to wait before the next question
}
