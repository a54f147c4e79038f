package change

import (
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Settings are the choices a user's configuration makes for changes.
type Settings struct {
	MergeMethod        api.MergeMethod // "" = squash, or the first that the forge allows
	DeleteRemoteBranch bool            // hf's own, once merged
	CheckLimit         time.Duration   // of a task's check
	AutoRestack        bool            // branches whose bases moved, when nobody works on them
	AutoFix            []api.FixKind   // what agents are asked to mend without anybody asking
	FixRounds          int             // how often in a row, until a person is waited for
	FixPush            bool            // what they mended is pushed
}
