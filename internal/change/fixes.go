package change

import (
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Fix is something that a task's agent was asked to mend.
type Fix struct {
	Task      string
	Kind      api.FixKind
	Signature string // tells one failure from another
	Round     int    // how many of the kind in a row, this one included
	Auto      bool   // hf asked by itself
	Message   string // the id of the message
	CreatedAt time.Time
}
