package api

import "time"

// Env is what a request gives to the work it starts: the caller's variables
// that Hello.Env named. Values are kept in memory and handed to processes.
type Env map[string]string

// CreateTask asks for a task. Answer: Accepted.
type CreateTask struct {
	Workspace   string     `json:"workspace,omitempty"`
	Cwd         string     `json:"cwd,omitempty"`  // the caller's directory: names the repo when Repo is empty
	Repo        string     `json:"repo,omitempty"` // name, path, URL or owner/name
	Prompt      string     `json:"prompt"`
	Title       string     `json:"title,omitempty"`
	Branch      string     `json:"branch,omitempty"`
	Base        string     `json:"base,omitempty"`
	On          string     `json:"on,omitempty"` // a task or branch to stack on
	Agent       string     `json:"agent,omitempty"`
	Provider    string     `json:"provider,omitempty"`
	Permission  Permission `json:"permission,omitempty"`
	Model       string     `json:"model,omitempty"`       // of those the agent offers
	Mode        string     `json:"mode,omitempty"`        // the agent's own, instead of the one that Permission means
	Attachments []Upload   `json:"attachments,omitempty"` // files that go with the prompt
	Check       string     `json:"check,omitempty"`       // a shell command that must pass after the turn
	Env         Env        `json:"env,omitempty"`
}

// Accepted is the answer to a mutation that goes on in the background.
type Accepted struct {
	Task      Task       `json:"task"`
	Operation *Operation `json:"operation,omitempty"`
	Seq       int64      `json:"seq"` // of the mutation's own first event
	Warnings  []string   `json:"warnings,omitempty"`
}

// SendMessage asks to prompt a task's agent. Answer: Message.
type SendMessage struct {
	Text        string   `json:"text"`
	Attachments []Upload `json:"attachments,omitempty"`
	Env         Env      `json:"env,omitempty"` // for an agent that has to be started again
}

// ResolvePermission answers an open permission request. Option, where given,
// is one of the offered ids and wins over Allow. Answer: PermissionRequest.
type ResolvePermission struct {
	Allow  bool   `json:"allow"`
	Always bool   `json:"always,omitempty"` // prefer the lasting kind of the same answer
	Option string `json:"option,omitempty"`
}

// TaskAction is the body of retry, archive, restore, kill and interrupt.
// Answer: Accepted.
type TaskAction struct {
	Env          Env  `json:"env,omitempty"`
	DeleteBranch bool `json:"deleteBranch,omitempty"` // kill only
	Detach       bool `json:"detach,omitempty"`       // restore only: on no branch
}

// CommandRequest asks how to run a command in a task's sandbox.
type CommandRequest struct {
	Argv []string `json:"argv"`
	Env  Env      `json:"env,omitempty"`
	TTY  bool     `json:"tty,omitempty"`
}

// Command is a command to run on this machine: its first word is the program,
// Env is its whole environment as NAME=value.
type Command struct {
	Argv []string `json:"argv"`
	Dir  string   `json:"dir"`
	Env  []string `json:"env"`
}

// OpenTerminal asks for the agent's own terminal. Answer: Terminal.
type OpenTerminal struct {
	Env     Env `json:"env,omitempty"`
	Columns int `json:"cols"`
	Rows    int `json:"rows"`
}

// Terminal is where the agent's own terminal is held: hf attaches to it without
// hfd in between.
type Terminal struct {
	Task      string `json:"task"`
	Dir       string `json:"dir"`            // its holder's
	DetachKey string `json:"detachKey"`      // which the user's configuration names
	Note      string `json:"note,omitempty"` // what a person should know before they look at it
}

// AddRepo asks to add a repository. Answer: Repo. Adding a known one again is
// not an error.
type AddRepo struct {
	Workspace string `json:"workspace,omitempty"`
	Spec      string `json:"spec"` // path, URL or owner/name
	Cwd       string `json:"cwd,omitempty"`
	Name      string `json:"name,omitempty"`
	Env       Env    `json:"env,omitempty"`
}

// Repo is a repository known to a workspace.
type Repo struct {
	Schema        int       `json:"schema"`
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Workspace     string    `json:"workspace"`
	Path          string    `json:"path,omitempty"`   // the checkout or clone; absent until it is cloned
	Remote        string    `json:"remote,omitempty"` // normalised
	DefaultBranch string    `json:"defaultBranch,omitempty"`
	Managed       bool      `json:"managed"` // hf cloned it and owns the directory
	State         string    `json:"state"`   // cloning, ready, error
	Reason        string    `json:"reason,omitempty"`
	Error         *Error    `json:"error,omitempty"` // why it could not be cloned
	Progress      string    `json:"progress,omitempty"`
	Tasks         int       `json:"tasks"` // live ones
	CreatedAt     time.Time `json:"createdAt"`
}

// The states of a repo.
const (
	RepoCloning = "cloning"
	RepoReady   = "ready"
	RepoError   = "error"
)

// RepoList answers GET repos.
type RepoList struct {
	Schema int    `json:"schema"`
	Repos  []Repo `json:"repos"`
}

// RepoTrust shows a repository's own commands and whether the user allowed
// exactly this content.
type RepoTrust struct {
	Repo     string   `json:"repo"`
	File     string   `json:"file"`
	Hash     string   `json:"hash"`
	Trusted  bool     `json:"trusted"`
	Setup    []string `json:"setup,omitempty"`
	Teardown []string `json:"teardown,omitempty"`
	Content  string   `json:"content"`
}

// TrustRepo allows the content with this hash. Answer: RepoTrust.
type TrustRepo struct {
	Hash string `json:"hash"`
}

// Workspace is a named namespace for repos and tasks.
type Workspace struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	Repos   int    `json:"repos"`
	Tasks   int    `json:"tasks"`
}

// WorkspaceList answers GET workspaces.
type WorkspaceList struct {
	Schema     int         `json:"schema"`
	Workspaces []Workspace `json:"workspaces"`
}

// UseWorkspace makes a workspace the current one, creating it on first use.
type UseWorkspace struct {
	Name string `json:"name"`
}

// PatchKind is how a patch is asked for.
type PatchKind string

// The kinds of patches. An exact one is bytes as git writes them, binary files
// included, for git apply; text is for people and JSON, and shows neither binary
// files nor letters that are no UTF-8.
const (
	PatchNone  PatchKind = "none"
	PatchText  PatchKind = "text"
	PatchExact PatchKind = "exact"
)

// Diff answers GET diff. Which of the patches is there follows from what was
// asked for.
type Diff struct {
	Schema int        `json:"schema"`
	Task   string     `json:"task"`
	Base   string     `json:"base"` // commit: the merge base
	Head   string     `json:"head"` // commit the sandbox is at
	Stat   DiffStat   `json:"stat"`
	Files  []FileDiff `json:"files"`
	Patch  string     `json:"patch,omitempty"`
	Exact  []byte     `json:"exact,omitempty"` // in base64
	Cut    bool       `json:"cut,omitempty"`   // the patch was too long, and has not all of it
}

// FileDiff is one file of a Diff.
type FileDiff struct {
	Path    string `json:"path"`
	OldPath string `json:"oldPath,omitempty"`
	Status  string `json:"status"` // added, modified, deleted, renamed, untracked
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Binary  bool   `json:"binary,omitempty"`
}

// Agent is one agent hfd can start.
type Agent struct {
	Name       string   `json:"name"`
	Builtin    bool     `json:"builtin"`
	Default    bool     `json:"default"`
	Command    []string `json:"command"`
	Installed  bool     `json:"installed"`
	Path       string   `json:"path,omitempty"`
	Version    string   `json:"version,omitempty"`
	SignedIn   *bool    `json:"signedIn,omitempty"`   // absent: cannot be told without starting it
	SignedInBy string   `json:"signedInBy,omitempty"` // login, or the variable with its key
	SignInHint string   `json:"signInHint,omitempty"`
	Install    string   `json:"install,omitempty"`
	Permission string   `json:"permission"`
}

// AgentList answers GET agents.
type AgentList struct {
	Schema int     `json:"schema"`
	Agents []Agent `json:"agents"`
}

// ListAgents asks which agents there are, as this caller would start them.
type ListAgents struct {
	Env Env `json:"env,omitempty"`
}

// TestAgent asks for a real handshake with an agent in an empty directory.
type TestAgent struct {
	Env Env `json:"env,omitempty"`
}

// AgentTest answers TestAgent.
type AgentTest struct {
	Agent        string   `json:"agent"`
	OK           bool     `json:"ok"`
	Info         string   `json:"info,omitempty"` // the agent's own name and version
	Protocol     int      `json:"protocol,omitempty"`
	Modes        []string `json:"modes,omitempty"`
	InitializeMS int64    `json:"initializeMs,omitempty"`
	SessionMS    int64    `json:"sessionMs,omitempty"`
	Error        *Error   `json:"error,omitempty"`
	Stderr       string   `json:"stderr,omitempty"` // the last lines
}

// Summary answers GET status.
type Summary struct {
	Schema    int            `json:"schema"`
	Workspace string         `json:"workspace"`
	Backend   Backend        `json:"backend"`
	Tasks     int            `json:"tasks"`
	ByStatus  map[Status]int `json:"byStatus"`
	ByAgent   map[string]int `json:"byAgent"`
	Providers map[string]int `json:"byProvider"`
	Forges    []ForgePoll    `json:"forges"` // looks at pull requests, of each repo that has any
}
