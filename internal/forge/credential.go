package forge

import (
	"log/slog"

	"github.com/hf-dev/hf/pkg/api"
)

// Secret is a token. It is handed to what needs it as a string, and prints as
// stars everywhere else.
type Secret string

const stars = "***"

func (s Secret) String() string { return stars }

// GoString is what %#v prints.
func (s Secret) GoString() string { return stars }

// LogValue is what a log gets.
func (s Secret) LogValue() slog.Value { return slog.StringValue(stars) }

// MarshalJSON keeps a token out of documents. Who means to write one down
// converts it first.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + stars + `"`), nil }

// Source says where a token comes from.
type Source string

// The sources of tokens. A variable of the caller is its name.
const (
	SourceGH    Source = "gh" // gh's own login
	SourceStore Source = "hf" // hf auth login
)

// Credential is a way to speak for somebody to a host.
type Credential struct {
	Host   string
	Token  Secret
	Source Source
	// Network are the variables that say how the network is reached from where the
	// caller is: proxies, and certificates to trust.
	Network api.Env
}
