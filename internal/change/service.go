// Package change carries out what brings the work of tasks into its base:
// actions on stacks of branches, pushes, pull requests and merges. Each is an
// operation on a repo, since it may move the branches of several tasks; those
// of one repo are carried out one after another.
package change

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Store keeps what the service works on. Update runs fn in one transaction that
// is committed when fn returns nil; View runs it read-only. Watch wakes after
// every commit that appended an event.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
	Watch() (woken <-chan struct{}, stop func())
}

// Tx is what the service needs of a transaction. A row that does not exist is
// an *api.Error with api.CodeNotFound.
type Tx interface {
	Task(id string) (*task.Task, error)
	PutTask(t *task.Task) error
	Tasks(f task.Filter) ([]task.Task, error)
	Repo(id string) (*task.Repo, error)
	Message(id string) (*session.Message, error)
	Setting(key string) (string, bool, error)
	PutSetting(key, value string) error

	Operation(id string) (*operation.Operation, error)
	PutOperation(op *operation.Operation) error
	LiveOperations() ([]operation.Operation, error)
	Branches(repo string) ([]branch.Branch, error)
	LiveOperation(task string) (*operation.Operation, error) // nil when there is none

	StackAction(operation string) (*Action, error)
	StackActions(repo string, states []ActionState) ([]Action, error) // newest first; "" and nil = any
	PutStackAction(a *Action) error

	RemoteBranch(repo, remote, branch string) (*RemoteBranch, error) // nil when nothing is known
	PutRemoteBranch(b *RemoteBranch) error
	PullRequests(repo string) ([]api.PullRequest, error)
	Fixes(task string) ([]Fix, error) // oldest first
	PutFix(f *Fix) error

	Event(kind api.EventKind, workspace, task string, data any) (int64, error)
	LastSeq() (int64, error)
	Replay(request string) ([]byte, bool, error)
	Remember(request string, response []byte) error
}

// Repos finds repositories.
type Repos interface {
	Resolve(ctx context.Context, workspace, ref, cwd string) (*task.Repo, error)
}

// Runner carries operations out.
type Runner interface {
	Enqueue(id string)
}

// Config is what a Service works with. All fields are required.
type Config struct {
	Store  Store
	Git    Git
	Stacks Stacks
	// Sessions, Tasks and Repos are the services of those.
	Sessions Sessions
	Tasks    Tasks
	Repos    Repos
	Runner   func() Runner // the runner needs the service's plans first
	// Login says who signs in to a remote at an address for a caller. Nil: whoever
	// git asks.
	Login func(ctx context.Context, address string, env api.Env) *git.Login
	// Forge finds the forge of a repo and who speaks to it for a caller: nil for a
	// repo without one.
	Forge func(ctx context.Context, repo *task.Repo, env api.Env) (*Forge, error)
	// Submission says where pull requests of a repo are made for a caller.
	Submission func(ctx context.Context, repo *task.Repo, env api.Env) (Submission, error)
	Scratch    string // a directory for worktrees of hf's own
	Settings   func() Settings
	IsSecret   func(name, value string) bool // variables whose values are kept in memory only
	Pulls      Pulls
	// Look brings what is shown of a repo's branches up to date.
	Look  func(ctx context.Context, repo string) error
	Draft func() bool // pull requests are made as drafts, unless it is said
	Log   *slog.Logger
	Now   func() time.Time
}

// Service carries out what people ask of branches.
type Service struct {
	cfg     Config
	turns   *turns
	callers *callers

	unfinished *unfinished
	tried      *attempts
}

// NewService returns a service.
func NewService(cfg Config) *Service {
	return &Service{cfg: cfg, turns: newTurns(cfg.Store), callers: newCallers(), unfinished: newUnfinished(), tried: newAttempts()}
}

// Plans returns the plans of every kind of operation on a repo.
func (s *Service) Plans() []operation.Plan[Tx] {
	plans := slices.Concat(s.stackPlans(), []operation.Plan[Tx]{s.pushPlan(), s.pullPlan(), s.fixPlan()}, s.syncPlans(), s.mergePlans())
	for i := range plans {
		plans[i].About = aboutTask
	}
	return plans
}

// Receipt is what an accepted request led to.
type Receipt struct {
	Operation *operation.Operation
	Seq       int64 // of the newest event before the operation's own
}

// begin stores an operation on a repo as the answer to a request, and enqueues
// it. The same request again has the same answer. env are the caller's variables;
// see callerEnv.
func (s *Service) begin(ctx context.Context, request string, repo *task.Repo, kind string, env api.Env, args any) (Receipt, error) {
	plain, secrets := s.split(env)
	packed, err := pack(plain, args)
	if err != nil {
		return Receipt{}, fmt.Errorf("pack the arguments of %s: %w", kind, err)
	}
	var r Receipt
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		known, ok, err := replayed(tx, request)
		if ok || err != nil {
			r = known
			return err
		}
		now := s.cfg.Now()
		r.Operation = &operation.Operation{
			ID: ids.New(), Repo: repo.ID, Workspace: repo.Workspace, Kind: kind, Args: packed,
			State: api.OperationPending, Steps: s.steps(kind), CreatedAt: now, UpdatedAt: now,
		}
		if r.Seq, err = tx.LastSeq(); err != nil {
			return err
		}
		if err := tx.PutOperation(r.Operation); err != nil {
			return err
		}
		s.callers.put(r.Operation.ID, secrets)
		return remember(tx, request, r)
	})
	if err != nil {
		return Receipt{}, err
	}
	s.cfg.Runner().Enqueue(r.Operation.ID)
	return r, nil
}

// steps are those of a kind's plan, none of them begun.
func (s *Service) steps(kind string) []operation.Step {
	var out []operation.Step
	for _, p := range s.Plans() {
		if p.Kind != kind {
			continue
		}
		for _, step := range p.Steps {
			out = append(out, operation.Step{Name: step.Name, State: api.StepPending})
		}
	}
	return out
}

// answer is what is remembered of a request.
type answer struct {
	Operation string `json:"operation"`
	Seq       int64  `json:"seq"`
}

func replayed(tx Tx, request string) (Receipt, bool, error) {
	b, ok, err := tx.Replay(request)
	if !ok || err != nil {
		return Receipt{}, false, err
	}
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return Receipt{}, false, fmt.Errorf("read the answer of request %q: %w", request, err)
	}
	op, err := tx.Operation(a.Operation)
	return Receipt{Operation: op, Seq: a.Seq}, err == nil, err
}

func remember(tx Tx, request string, r Receipt) error {
	b, err := json.Marshal(answer{Operation: r.Operation.ID, Seq: r.Seq})
	if err != nil {
		return err
	}
	return tx.Remember(request, b)
}
