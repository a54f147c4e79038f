// Package stack drives git-spice as a program and makes its stacks right where
// their branches are checked out in many worktrees.
//
// git-spice restacks only what the worktree that it runs in may check out, skips
// the rest and still exits with 0. So a stack is restacked here one branch at a
// time, bottom-up, each in the worktree that has it, or in a scratch worktree of
// hf's when none has, and git is asked afterwards what came of it. git-spice
// sees a repository as hf's own git does (see package git): nothing that an
// agent wrote into the repository's configuration reaches it.
//
// The package knows no tasks, database or events. Whoever calls it records what
// the hooks say, and may call everything again after a crash: each method looks
// first at what is there already.
package stack

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Options configures an Engine.
type Options struct {
	Git *git.Runner // required
	// Scratch is a directory of hf's own for worktrees in which branches are
	// rebased that nobody has checked out. Required.
	Scratch string
	Log     *slog.Logger // nil = none
	Limits  Limits
}

// Limits is how long git-spice may take; zero values stand for the usual ones.
type Limits struct {
	Prove   time.Duration // to say that it is git-spice
	Restack time.Duration // of one branch
	Submit  time.Duration // of one branch
	Other   time.Duration
	Locked  time.Duration // waiting for another process that works on the repository
}

// Engine carries out stack actions. It is safe for concurrent use: actions on
// one repository take turns, branch by branch.
type Engine struct {
	git     *git.Runner
	scratch string
	log     *slog.Logger
	limits  Limits

	mu       sync.Mutex
	programs map[string]Program // that were proven, by their file
}

// New returns an Engine. It starts nothing.
func New(o Options) *Engine {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	limits := o.Limits
	for _, l := range []struct {
		at    *time.Duration
		usual time.Duration
	}{{&limits.Prove, proveLimit}, {&limits.Restack, 2 * time.Minute}, {&limits.Submit, 2 * time.Minute}, {&limits.Other, time.Minute}, {&limits.Locked, 3 * time.Minute}} {
		if *l.at == 0 {
			*l.at = l.usual
		}
	}
	return &Engine{git: o.Git, scratch: o.Scratch, log: log, limits: limits, programs: map[string]Program{}}
}

// In is what an action works on, and for whom.
type In struct {
	Repo git.Repo
	// Env is the environment of the caller. HF_GIT_SPICE_BIN and PATH in it say
	// which git-spice is meant; its proxies and agents reach remotes.
	Env   []string
	Login *git.Login // for the host of the remote, over HTTP; nil = whoever git asks
}

// Hooks is how an action talks to its caller. Each may be nil. None may call the
// engine: the repository may be locked.
type Hooks struct {
	// Busy is asked before a branch is changed whose worktree may belong to an
	// agent; worktree is "" when nobody has it checked out. It may wait until the
	// agent's turn is over: other actions on the repository go on meanwhile. An
	// error leaves the branch as it is, and what is above.
	Busy func(ctx context.Context, branch, worktree string) error
	// Begin is told what is about to happen to a branch. Who records it can have a
	// crash in the middle of it put right by Recover. An error ends the action.
	Begin func(ctx context.Context, a Attempt) error
	// Done is told what came of each branch, as soon as it is so. An error ends
	// the action.
	Done func(ctx context.Context, r Result) error
	// Move is told of a branch that is about to be moved otherwise: trunk that is
	// fast-forwarded, a branch that is deleted, or that gets the commits of another.
	// An error ends the action.
	Move func(ctx context.Context, m Move) error
}

// moves tells of a move.
func (h Hooks) moves(ctx context.Context, m Move) error {
	if h.Move == nil || m.From == m.To {
		return nil
	}
	return h.Move(ctx, m)
}

// OnConflict says what becomes of a rebase that stops on a conflict.
type OnConflict string

// What becomes of a conflict.
const (
	Abort OnConflict = "abort" // the branch and its worktree are put back as they were
	Leave OnConflict = "leave" // it stays in the worktree, for somebody to resolve
)

// Kind is what is done to a branch.
type Kind string

// What is done to a branch.
const (
	KindRestack  Kind = "restack"
	KindReparent Kind = "reparent"
	KindFold     Kind = "fold"   // of the base: it got the commits of another branch
	KindDelete   Kind = "delete" // of the branch
)

// Attempt is something that begins to happen to a branch.
type Attempt struct {
	Kind       Kind       `json:"kind"`
	Branch     string     `json:"branch"`
	Base       string     `json:"base"`               // what it is to stand on
	Worktree   string     `json:"worktree,omitempty"` // where it is rebased
	Scratch    bool       `json:"scratch,omitempty"`  // that is hf's own
	Commit     string     `json:"commit"`             // the branch before
	State      string     `json:"state"`              // refs/spice/data before
	OnConflict OnConflict `json:"onConflict,omitempty"`
	At         time.Time  `json:"at"`
}

// Outcome is what came of a branch.
type Outcome string

// The outcomes.
const (
	Restacked Outcome = "restacked"
	UpToDate  Outcome = "up_to_date"
	Pending   Outcome = "pending"            // a dry run: it would be restacked
	Conflict  Outcome = "conflict"           // in Files; Left says whether the rebase waits in the worktree
	Blocked   Outcome = "blocked"            // by the branch below, BlockedBy
	Busy      Outcome = "busy"               // its agent is at work
	Dirty     Outcome = "dirty"              // something in its worktree is in the way, and stayed
	Stashed   Outcome = "autostash_conflict" // restacked, but uncommitted changes did not fit any more
	Failed    Outcome = "failed"
	Deleted   Outcome = "deleted"
)

// Ok reports whether the branch stands on its base now.
func (o Outcome) Ok() bool { return o == Restacked || o == UpToDate || o == Stashed || o == Deleted }

// Result is what came of one branch.
type Result struct {
	Kind      Kind       `json:"kind"`
	Branch    string     `json:"branch"`
	Base      string     `json:"base"`
	Worktree  string     `json:"worktree,omitempty"` // that has it checked out
	Outcome   Outcome    `json:"outcome"`
	From      string     `json:"from,omitempty"` // the branch before
	To        string     `json:"to,omitempty"`   // and after
	Files     []string   `json:"files,omitempty"`
	Left      bool       `json:"left,omitempty"`
	BlockedBy string     `json:"blockedBy,omitempty"`
	Error     *api.Error `json:"error,omitempty"` // for every outcome that is not Ok, and Stashed
}

// Report is what came of an action, branch by branch, bottom-up.
type Report struct {
	Results []Result `json:"results"`
	Before  string   `json:"before,omitempty"` // refs/spice/data
	After   string   `json:"after,omitempty"`
}

// Move is a ref of a branch that an action moved. "" stands for none: it was
// made, or deleted.
type Move struct {
	Branch string `json:"branch"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

// Moves lists the branches that an action moved, each once.
func (r Report) Moves() []Move {
	var out []Move
	for _, res := range r.Results {
		if res.From != res.To && (res.To != "" || res.Outcome == Deleted) {
			out = append(out, Move{Branch: res.Branch, From: res.From, To: res.To})
		}
	}
	return out
}

// Err is the first thing that did not go well, nil when there is none. A
// conflict outranks the rest.
func (r Report) Err() error {
	var first error
	for _, res := range r.Results {
		switch {
		case res.Error == nil, res.Outcome == Blocked:
		case res.Outcome == Conflict:
			return res.Error
		case first == nil:
			first = res.Error
		}
	}
	return first
}

// Scope says which branches of a stack are meant.
type Scope string

// The scopes, from a branch.
const (
	Only    Scope = "only"
	Upstack Scope = "upstack" // it and all above
	Whole   Scope = "stack"   // it, all above, and all below down to trunk
	All     Scope = "all"     // of the repository; no branch is named
)

// RestackRequest says what to restack.
type RestackRequest struct {
	Branch     string
	Scope      Scope
	OnConflict OnConflict // required
	DryRun     bool       // says what would be restacked
	Hooks      `json:"-"`
}

// ReparentRequest says where a branch, with all above it, is moved to.
type ReparentRequest struct {
	Branch     string
	Onto       string     // a tracked branch, or trunk
	OnConflict OnConflict // "" = Abort
	Hooks      `json:"-"`
}

// Submitted is what came of submitting a branch.
type Submitted struct {
	Branch string     `json:"branch"`
	Did    string     `json:"did"` // created, updated, up-to-date, skipped; would-create, would-update in a dry run
	Number int        `json:"number,omitempty"`
	URL    string     `json:"url,omitempty"`
	Commit string     `json:"commit,omitempty"` // that is on the remote now
	Error  *api.Error `json:"error,omitempty"`
}
