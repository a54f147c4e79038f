package api

import "time"

// DatabaseState says whether hfd can store anything.
type DatabaseState string

// The states of the database.
const (
	DatabaseOK       DatabaseState = "ok"
	DatabaseFull     DatabaseState = "full"      // no space: what is in progress is recorded, no new task is taken
	DatabaseReadOnly DatabaseState = "read_only" // what is known can be read, nothing can be changed
)

// Database answers GET db.
type Database struct {
	Schema   int           `json:"schema"`
	Path     string        `json:"path"`
	Version  int           `json:"schemaVersion"`
	State    DatabaseState `json:"state"`
	Size     int64         `json:"sizeBytes"`
	Dir      string        `json:"backupDir"`
	Backups  []BackupFile  `json:"backups"`       // newest first
	EveryMS  int64         `json:"backupEveryMs"` // between automatic backups, 0 = none
	KeepMS   int64         `json:"backupKeepMs"`  // how long these are kept, 0 = for ever
	Recovery *Recovery     `json:"recovery,omitempty"`
}

// BackupFile is one copy of the database.
type BackupFile struct {
	Path   string    `json:"path"`
	Size   int64     `json:"sizeBytes"`
	MadeAt time.Time `json:"madeAt"`
}

// Recovery is how hfd came to its database after it found the one before
// damaged or lost.
type Recovery struct {
	At       time.Time  `json:"at"`
	What     string     `json:"what"`               // was wrong: "the database …"
	Dir      string     `json:"dir"`                // where the damaged files are
	Base     string     `json:"base,omitempty"`     // the copy it was rebuilt from; "" = none was left
	BaseAt   *time.Time `json:"baseAt,omitempty"`   // when that was made
	Tasks    []string   `json:"tasks,omitempty"`    // brought back from what else is on disk
	Sessions int        `json:"sessions,omitempty"` // likewise
	Problems []string   `json:"problems,omitempty"` // what could not be brought back
	Pending  bool       `json:"pending,omitempty"`  // not all of that is done
	Seen     bool       `json:"seen,omitempty"`     // a person was told by `hf db check`
}

// DatabaseCheck answers POST db/check.
type DatabaseCheck struct {
	Schema   int         `json:"schema"`
	OK       bool        `json:"ok"`
	Path     string      `json:"path"`
	Checks   []CheckItem `json:"checks"`
	Recovery *Recovery   `json:"recovery,omitempty"`
}

// CheckItem is one thing that was looked at.
type CheckItem struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // what was found
	Hint   string `json:"hint,omitempty"`   // how to mend it
}

// BackupRequest asks for a copy of the database. Path is absolute; "" = a new
// file beside the automatic backups.
type BackupRequest struct {
	Path string `json:"path,omitempty"`
}

// NukeRequest asks hfd to begin anew with an empty database. Force ends the
// agents of live tasks; without it there must be none.
type NukeRequest struct {
	Force bool `json:"force,omitempty"`
}

// Nuked says what was kept of what was.
type Nuked struct {
	Schema int        `json:"schema"`
	Backup BackupFile `json:"backup"`
	Dir    string     `json:"dir"` // where the database and the sessions are now
}
