package api

// HistoryEntry is one line of GET history: an event that means something to a
// person, with what they need to understand it.
type HistoryEntry struct {
	Schema int `json:"schema"`
	Event
	Title  string `json:"title,omitempty"`  // of the task, as it is called now
	Branch string `json:"branch,omitempty"` // of the task
	Text   string `json:"text"`             // what happened, in words
}

// RenameTask gives a task another title. Its branch and its directory keep
// their names. Answer: Accepted, without an operation.
type RenameTask struct {
	Title string `json:"title"`
}

// TaskRename is the data of EventTaskRenamed.
type TaskRename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// BackendUpgrade is the data of EventBackendUpgraded.
type BackendUpgrade struct {
	From    int64  `json:"from"` // the build that was replaced
	Build   int64  `json:"build"`
	Version string `json:"version"`
}

// Resolver says who ended a permission request.
type Resolver string

// Who may end one.
const (
	ResolvedByPerson Resolver = "person"
	ResolvedByPolicy Resolver = "policy" // the task's permission policy
	ResolvedByAgent  Resolver = "agent"  // it asks no longer: it withdrew, or its turn or process ended
)
