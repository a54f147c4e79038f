package api

import "time"

// AuthAccount is one way to speak to a forge's host.
type AuthAccount struct {
	Schema    int        `json:"schema,omitempty"`
	Host      string     `json:"host"`
	User      string     `json:"user,omitempty"` // absent while the forge was not asked
	Source    string     `json:"source"`         // where the token comes from: a variable's name, "gh" for gh's own login, "hf" for `hf auth login`
	Active    bool       `json:"active"`         // the one that is used
	Valid     *bool      `json:"valid,omitempty"`
	Scopes    []string   `json:"scopes,omitempty"` // absent when the forge does not say
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	Error     *Error     `json:"error,omitempty"` // why it is not valid, or could not be checked
}

// AuthList is who is signed in where.
type AuthList struct {
	Schema   int           `json:"schema"`
	Accounts []AuthAccount `json:"accounts"`
}

// AuthQuery asks about one host, or all of them.
type AuthQuery struct {
	Host string `json:"host,omitempty"`
	Env  Env    `json:"env,omitempty"`
}

// AuthLogin begins a sign-in by a code that a person types into a page of the
// forge. hfd waits for that, also when whoever asked is gone.
type AuthLogin struct {
	Host   string   `json:"host"`
	Scopes []string `json:"scopes,omitempty"` // absent: what hf needs
	Env    Env      `json:"env,omitempty"`
}

// AuthFlowState is how far a sign-in is.
type AuthFlowState string

// The states of a sign-in.
const (
	AuthFlowPending AuthFlowState = "pending" // the person has not typed the code yet
	AuthFlowDone    AuthFlowState = "done"
	AuthFlowFailed  AuthFlowState = "failed"
)

// AuthFlow is a sign-in in progress.
type AuthFlow struct {
	ID        string        `json:"id"`
	Host      string        `json:"host"`
	State     AuthFlowState `json:"state"`
	Code      string        `json:"code"` // that the person types
	URL       string        `json:"url"`  // where
	ExpiresAt time.Time     `json:"expiresAt"`
	Account   *AuthAccount  `json:"account,omitempty"` // when it is done
	Error     *Error        `json:"error,omitempty"`   // when it failed
}

// AuthStore keeps a token that the caller has. It is kept only when the forge
// accepts it.
type AuthStore struct {
	Host  string `json:"host"`
	Token string `json:"token"`
	Env   Env    `json:"env,omitempty"`
}

// AuthLogout forgets what `hf auth login` stored for a host.
type AuthLogout struct {
	Host string `json:"host"`
	Env  Env    `json:"env,omitempty"`
}

// AuthLoggedOut says what was forgotten, and what else signs in to the host.
type AuthLoggedOut struct {
	Host      string   `json:"host"`
	Forgotten []string `json:"forgotten"`           // the sources
	Remaining []string `json:"remaining,omitempty"` // the sources that hf cannot take away
}

// AuthSecret is the token that is used for a host.
type AuthSecret struct {
	Host   string `json:"host"`
	Source string `json:"source"`
	Token  string `json:"token"`
}
