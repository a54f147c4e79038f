package api

import "time"

// Hello is the first thing asked of a daemon. Its handler touches neither the
// database nor a lock.
type Hello struct {
	ProtoMin int      `json:"protoMin"`
	ProtoMax int      `json:"protoMax"`
	Level    int      `json:"level"`
	Build    int64    `json:"build"` // monotonic; higher is newer
	Version  string   `json:"version"`
	PID      int      `json:"pid"`
	Phase    string   `json:"phase"` // starting, migrating, serving, draining
	Env      []string `json:"env"`   // names and NAME* patterns of the variables a client sends with work
}

// The phases of a daemon.
const (
	PhaseStarting  = "starting"
	PhaseMigrating = "migrating"
	PhaseServing   = "serving"
	PhaseDraining  = "draining"
)

// Backend answers GET backend. When nothing answers, hf fills what it can see
// and Running is false.
type Backend struct {
	Schema    int        `json:"schema"`
	Running   bool       `json:"running"`
	PID       int        `json:"pid,omitempty"`
	Version   string     `json:"version,omitempty"`
	Build     int64      `json:"build,omitempty"`
	Hash      string     `json:"hash,omitempty"` // sha256 of the running binary
	Exe       string     `json:"exe,omitempty"`
	Outdated  bool       `json:"outdated"`
	Why       string     `json:"why,omitempty"` // why outdated, or why not running
	Phase     string     `json:"phase,omitempty"`
	Socket    string     `json:"socket"`
	StateDir  string     `json:"stateDir"`
	Database  string     `json:"database"`
	Log       string     `json:"log"`
	Config    string     `json:"config,omitempty"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	UptimeMS  int64      `json:"uptimeMs,omitempty"`
	Sessions  int        `json:"sessions"`           // live agents
	RSSBytes  int64      `json:"rssBytes,omitempty"` // resident memory of hfd
	Upgrades  int        `json:"upgrades,omitempty"` // in place, since the process began
	Notices   []string   `json:"notices,omitempty"`  // what a person should know: a full disk, a rebuilt database
}

// Upgrade asks the daemon to exec the binary at Path in its own place.
type Upgrade struct {
	Path  string `json:"path"`
	Build int64  `json:"build"`
}

// Stop asks the daemon to end. Agents and their holders go on.
type Stop struct {
	Wait bool `json:"wait,omitempty"` // answer only when it is about to exit
}

// Inspect answers GET backend/inspect: what the daemon is doing now.
type Inspect struct {
	Backend    Backend         `json:"backend"`
	Operations []Operation     `json:"operations"`
	Sessions   []SessionStatus `json:"sessions"`
	Pollers    []PollerStatus  `json:"pollers"`
	Requests   int             `json:"requests"` // in flight
	Streams    int             `json:"streams"`
	Goroutines []string        `json:"goroutines"` // one stack a value
}

// SessionStatus is one supervised session.
type SessionStatus struct {
	ID        string    `json:"id"`
	Task      string    `json:"task"`
	Agent     string    `json:"agent"`
	Activity  Activity  `json:"activity"`
	HolderPID int       `json:"holderPid,omitempty"`
	AgentPID  int       `json:"agentPid,omitempty"`
	Offset    int64     `json:"offset"` // bytes of the journal understood and stored
	Size      int64     `json:"size"`   // bytes of the journal
	Since     time.Time `json:"since"`  // when the activity began
}

// PollerStatus is one background poller.
type PollerStatus struct {
	Name    string    `json:"name"`
	LastRun time.Time `json:"lastRun"`
	NextRun time.Time `json:"nextRun"`
	Error   string    `json:"error,omitempty"`
}
