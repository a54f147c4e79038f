package task

import (
	"context"
	"log/slog"
	"time"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// Store keeps tasks. Update runs fn in one transaction that is committed when
// fn returns nil; View runs it read-only. Watch wakes after every commit that
// appended an event.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
	Watch() (woken <-chan struct{}, stop func())
}

// Tx is what the service needs of a transaction. A row that does not exist is
// an *api.Error with api.CodeNotFound.
type Tx interface {
	Task(id string) (*Task, error)
	PutTask(t *Task) error
	Tasks(f Filter) ([]Task, error)
	FindTasks(workspace, ref string) ([]Task, error)
	Repo(id string) (*Repo, error)
	PullRequestsOf(repo, branch string) ([]api.PullRequest, error)
	Trusted(repo, hash string) (bool, error)

	Operation(id string) (*operation.Operation, error)
	PutOperation(op *operation.Operation) error
	LiveOperation(task string) (*operation.Operation, error) // nil when there is none
	LastOperation(task string) (*operation.Operation, error) // nil when there is none
	LiveOperations() ([]operation.Operation, error)
	OperationsOf(task string) ([]operation.Operation, error)

	Session(id string) (*session.Session, error)
	Message(id string) (*session.Message, error)
	PutMessage(m *session.Message) error
	MessagesOf(task string) ([]session.Message, error)
	Permission(id string) (*session.Permission, error)
	PutPermission(p *session.Permission) error
	OpenPermissions(task string) ([]session.Permission, error)
	OpenPermissionsIn(workspace string) ([]session.Permission, error)

	Event(kind api.EventKind, workspace, task string, data any) (int64, error)
	LastSeq() (int64, error)
	History(f HistoryFilter) ([]HistoryEvent, error)
	Replay(request string) ([]byte, bool, error)
	Remember(request string, response []byte) error
	Setting(key string) (string, bool, error)
	PutSetting(key, value string) error
}

// Git is what tasks need of git.
type Git interface {
	Open(ctx context.Context, dir string) (git.Repo, error)
	DefaultBranch(ctx context.Context, repo git.Repo) (string, error)
	BranchClash(ctx context.Context, repo git.Repo, name string) (string, error)
	ResolveCommit(ctx context.Context, repo git.Repo, rev string) (string, error)
	Branch(ctx context.Context, repo git.Repo, name string) (commit string, exists bool, err error)
	SeenBranches(gitDir string) func(name string) bool
	FreeBranch(ctx context.Context, repo git.Repo, want string, reserved func(string) bool) (string, error)
	CreateBranch(ctx context.Context, repo git.Repo, branch, commit string) error
	Fetch(ctx context.Context, repo git.Repo, branch string, env []string) error
	StartPoint(ctx context.Context, repo git.Repo, name string, remote bool) (commit string, err error)
	OpenWorktree(ctx context.Context, gitDir, path string) (git.Worktree, error)
	Diff(ctx context.Context, wt git.Worktree, base string, kind api.PatchKind) (api.Diff, error)
	DiffStat(ctx context.Context, wt git.Worktree, base string) (api.DiffStat, error)
	Salvage(ctx context.Context, wt git.Worktree, ref string) (git.Saved, error)
	CheckedOut(repo git.Repo, branch string) (path string, ok bool)
	DeleteBranch(ctx context.Context, repo git.Repo, name, commit string) error
	KeepRef(ctx context.Context, repo git.Repo, ref, commit string) error
	KeptRefs(ctx context.Context, repo git.Repo) ([]git.KeptRef, error)
	DropRef(ctx context.Context, repo git.Repo, ref, commit string) error
	Merged(ctx context.Context, repo git.Repo, commit, base string) (how string, ok bool, err error)
	Dirty(ctx context.Context, wt git.Worktree) (bool, error)
	Unmerged(ctx context.Context, wt git.Worktree) ([]string, error)
}

// Repos finds and adds repositories.
type Repos interface {
	Resolve(ctx context.Context, workspace, ref, cwd string) (*Repo, error)
	Add(ctx context.Context, request string, in api.AddRepo) (Repo, error)
}

// Sessions runs agents.
type Sessions interface {
	Start(ctx context.Context, req session.StartRequest) (string, error)
	WaitReady(ctx context.Context, id string, progress func(phase string)) error
	Stop(ctx context.Context, task string) error
	Interrupt(task string) error
	Wake(task string)
	Current(task string) string
	Stored(ctx context.Context, task string) (bytes int64, err error)
	Drop(ctx context.Context, task string) error
	CheckAnswer(task, text string, files int) error
	CatchUp(ctx context.Context, task string) error
	Heard(task string) (at time.Time, ok bool)
	Hold(ctx context.Context, task string) (release func(), err error)
	Held(task string) int
}

// Agents knows the agent programs.
type Agents interface {
	Profile(name string) (agent.Profile, error)
	Default(env []string) string
}

// Runner carries operations out.
type Runner interface {
	Enqueue(id string)
	Cancel(ctx context.Context, id string) error
}

// RepoConfigs reads a repository's own commands from a commit.
type RepoConfigs interface {
	Load(ctx context.Context, repo git.Repo, commit string) (repoconfig.Config, error)
}

// Commands runs shell commands that outlive the daemon. Run attaches to the
// command of that name when it was started before, gives output the end of what
// it printed so far, and returns how it ended and that end; one that ended well is not run again before
// Stop, which ends and forgets the commands whose names begin with prefix.
type Commands interface {
	Run(ctx context.Context, name string, cmd api.Command, output func(tail string)) (exit int, tail string, err error)
	Stop(ctx context.Context, prefix string) error
}

// Settings are the choices a user's configuration makes for tasks.
type Settings struct {
	Base       string // the branch tasks start from; "" = the default branch
	Repo       func(name string) RepoSettings
	Permission api.Permission
	Provider   string
	AgentLimit time.Duration // of the agent's handshake
	SetupLimit time.Duration
	CheckLimit time.Duration
	FetchLimit time.Duration
	IsSecret   func(name, value string) bool // variables whose values are kept in memory only
	// Reference reads a configured value that stands for a variable of the caller.
	Reference     func(value string) (name string, ok bool)
	ClientVersion string
	DetachKey     string        // leaves an agent's own terminal
	KeepSaved     time.Duration // what is saved of a task, after it was killed
	KeepTrash     time.Duration // what was not saved of a sandbox that was removed
}

// RepoSettings are the choices for the tasks of one repo. What is empty is as
// for all repos.
type RepoSettings struct {
	Agent      string
	Base       string
	Permission api.Permission
}

// Config is what a Service works with. All fields are required.
type Config struct {
	Store     Store
	Git       Git
	Repos     Repos
	Sandboxes map[string]sandbox.Provider
	Sessions  Sessions
	Terminals Terminals
	Agents    Agents
	Runner    func() Runner // the runner needs the service's plans first
	Configs   RepoConfigs
	Commands  Commands
	// Track makes the branch of a task part of a stack.
	Track    func(ctx context.Context, id string, env api.Env) error
	MayBegin func() error // why no new task can be taken now, if so
	Files    string       // the directory of what goes with messages
	Settings func() Settings
	Log      *slog.Logger
	Now      func() time.Time
}

// Service carries out what people ask of tasks.
type Service struct {
	cfg     Config
	vault   *vault
	pruning chan struct{} // holds a token while somebody prunes
	opening chan struct{} // has a token while nobody opens a terminal
}

// NewService returns a service.
func NewService(cfg Config) *Service {
	s := &Service{cfg: cfg, vault: newVault(), pruning: make(chan struct{}, 1), opening: make(chan struct{}, 1)}
	s.opening <- struct{}{}
	return s
}
