package api

import "time"

// Task is one row of `hf list --json` and the document of `hf show --json`.
type Task struct {
	Schema    int                     `json:"schema"`
	ID        string                  `json:"id"`
	Title     string                  `json:"title"`
	Prompt    string                  `json:"prompt,omitempty"`
	Workspace string                  `json:"workspace"`
	Repo      string                  `json:"repo"` // the repo's name in its workspace
	Branch    string                  `json:"branch,omitempty"`
	Base      string                  `json:"base,omitempty"`  // the branch it started from
	Parent    Opt[string]             `json:"parent,omitzero"` // the task below it in the stack
	Status    Status                  `json:"status"`
	Reason    string                  `json:"reason,omitempty"`
	Activity  Activity                `json:"activity,omitempty"`
	Lifecycle Lifecycle               `json:"lifecycle"`
	Step      Opt[string]             `json:"step,omitzero"` // the step a live or failed operation is at
	Agent     string                  `json:"agent"`
	Model     string                  `json:"model,omitempty"` // what the agent was told to use; absent: its own choice
	Mode      string                  `json:"mode,omitempty"`  // the agent's own mode; absent: the one the permission policy means
	Provider  string                  `json:"provider"`
	Isolation string                  `json:"isolation,omitempty"` // none, or the kind of wall around the sandbox
	Path      string                  `json:"path,omitempty"`      // the sandbox's directory on this machine
	Target    string                  `json:"target,omitempty"`    // the machine or container, where the provider has one
	Session   string                  `json:"session,omitempty"`
	Diff      *DiffStat               `json:"diff,omitempty"` // against the merge base with Base
	Ahead     *int                    `json:"ahead,omitempty"`
	Behind    *int                    `json:"behind,omitempty"`
	Restack   *bool                   `json:"needsRestack,omitempty"` // its base moved
	Conflicts []Conflict              `json:"conflicts,omitzero"`     // what merging its branch would stop at
	Unpushed  *int                    `json:"unpushed,omitempty"`     // commits that its upstream does not have
	Pull      Opt[PullRequestSummary] `json:"pullRequest,omitzero"`
	Rebase    *StoppedRebase          `json:"rebase,omitempty"` // that waits in the worktree for somebody to resolve it
	CreatedAt time.Time               `json:"createdAt"`
	UpdatedAt time.Time               `json:"updatedAt"`
	TurnStart *time.Time              `json:"turnStartedAt,omitempty"` // only while a turn is in progress
	LastEvent int64                   `json:"lastEvent,omitempty"`     // seq of the task's newest event
	Result    *TurnResult             `json:"result,omitempty"`        // of the last finished turn
}

// DiffStat counts a difference. Lines of binary files count as zero.
type DiffStat struct {
	Files     int `json:"files"`
	Added     int `json:"added"`
	Removed   int `json:"removed"`
	Untracked int `json:"untracked"` // files git does not track, counted in Files and Added too
}

// TurnResult is how the last turn ended.
type TurnResult struct {
	StopReason StopReason   `json:"stopReason"`
	Message    string       `json:"message,omitempty"` // the error, when StopReason is error or limit
	EndedAt    time.Time    `json:"endedAt"`
	Check      *CheckResult `json:"check,omitempty"`
}

// CheckResult is what the task's check command answered. ExitCode is -1 when
// a signal or the time limit ended it.
type CheckResult struct {
	Command  string `json:"command"`
	ExitCode int    `json:"exitCode"`
	Output   string `json:"output,omitempty"` // the last lines
}

// TaskList answers GET tasks. Seq is the event after which the list was read:
// a client that follows events from there misses nothing.
type TaskList struct {
	Schema int    `json:"schema"`
	Tasks  []Task `json:"tasks"`
	Seq    int64  `json:"seq"`
}

// TaskDetail answers GET task.
type TaskDetail struct {
	Task
	Operation   *Operation          `json:"operation,omitempty"` // the newest
	Permissions []PermissionRequest `json:"permissions"`         // open ones
	Messages    []Message           `json:"messages"`            // not yet done, oldest first
	PullDetail  *PullRequest        `json:"pullRequestDetail,omitempty"`
	Facts       []Fact              `json:"facts,omitempty"` // with --explain (explain=1)
	Env         []string            `json:"env,omitempty"`   // with --explain (explain=1): names of the variables its processes get
}

// Fact is one thing hfd knows that led to a task's status.
type Fact struct {
	Name       string    `json:"name"`
	Value      string    `json:"value"`
	Source     string    `json:"source"` // database, journal, holder, git
	ObservedAt time.Time `json:"observedAt"`
}

// Operation is a long piece of daemon work on a task or a repo.
type Operation struct {
	ID        string         `json:"id"`
	Task      string         `json:"task,omitempty"` // absent for one on a repo
	Repo      string         `json:"repo,omitempty"` // the id, for one on a repo
	Kind      string         `json:"kind"`
	State     OperationState `json:"state"`
	Error     *Error         `json:"error,omitempty"`
	Steps     []Step         `json:"steps"`
	CreatedAt time.Time      `json:"createdAt"`
	UpdatedAt time.Time      `json:"updatedAt"`
}

// Step is one recorded effect of an operation.
type Step struct {
	Name      string     `json:"name"`
	State     StepState  `json:"state"`
	Detail    string     `json:"detail,omitempty"` // what it is at, or what it did
	Log       string     `json:"log,omitempty"`    // the tail of its output so far
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	LimitMS   int64      `json:"limitMs,omitempty"` // milliseconds it may take, 0 = no limit
}

// Message is one prompt on its way to an agent.
type Message struct {
	ID          string       `json:"id"`
	Task        string       `json:"task"`
	State       MessageState `json:"state"`
	Text        string       `json:"text"`
	Attachments []Attachment `json:"attachments,omitempty"`
	StopReason  StopReason   `json:"stopReason,omitempty"`
	Error       string       `json:"error,omitempty"`
	CreatedAt   time.Time    `json:"createdAt"`
}

// PermissionRequest is a question an agent waits on.
type PermissionRequest struct {
	ID         string             `json:"id"`
	Task       string             `json:"task"`
	State      PermissionState    `json:"state"`
	Title      string             `json:"title"`             // what the agent wants to do
	Kind       string             `json:"kind,omitempty"`    // edit, execute, read, … as the agent says
	Command    string             `json:"command,omitempty"` // the command line, where it is one
	Paths      []string           `json:"paths,omitempty"`   // the files it names
	Diff       string             `json:"diff,omitempty"`    // the edit it shows, as text
	Options    []PermissionOption `json:"options"`
	Question   *Question          `json:"question,omitempty"` // kind input: answered by a message
	CreatedAt  time.Time          `json:"createdAt"`
	ResolvedAt *time.Time         `json:"resolvedAt,omitempty"`
	ResolvedBy Resolver           `json:"resolvedBy,omitempty"`
}

// PermissionOption is one answer the agent offers.
type PermissionOption struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // allow_once, allow_always, reject_once, reject_always
	Name string `json:"name"`
}

// PermissionKindInput is the kind of a request that is a question.
const PermissionKindInput = "input"

// Question is what an agent wants to know: a form, or a page that the person is
// to visit.
type Question struct {
	URL    string          `json:"url,omitempty"`
	Fields []QuestionField `json:"fields"`
}

// QuestionField is one value of a form.
type QuestionField struct {
	Name        string           `json:"name"`
	Title       string           `json:"title,omitempty"`
	Description string           `json:"description,omitempty"`
	Type        string           `json:"type"` // string, number, integer, boolean, array
	Required    bool             `json:"required,omitempty"`
	Choices     []QuestionChoice `json:"choices,omitempty"`
}

// QuestionChoice is one value that a field may have.
type QuestionChoice struct {
	Value       string `json:"value"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}
