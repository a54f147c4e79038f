// Package git is the only way hf runs git. An agent can write whatever it likes
// into the repository its worktree belongs to (hooks, filters, drivers, remote
// helpers, URL rewrites), and hf must execute none of it.
//
// So the runner never lets git read the repository's own configuration. Every
// command gets an explicit GIT_DIR and a GIT_COMMON_DIR that is hf's view of
// the repository: a directory of links to the real objects and refs beside a
// configuration that holds only the harmless keys of the real one. What is not
// on that list (also what a later git will add) does not exist for hf. The
// user's own global and system configuration still counts: identity, credential
// helpers and filters such as git-lfs are the user's choice.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// How long commands may take.
const (
	localLimit = 2 * time.Minute
	fetchLimit = time.Minute
	cloneLimit = time.Hour
	bulkLimit  = 15 * time.Minute // checkout, salvage, diff
)

// Options configures a Runner.
type Options struct {
	Path string // the git program; "" = the one in Env's PATH
	// Views is a directory of hf's own that keeps the views of repositories.
	// "" = a temporary one, made at first use.
	Views string
	// Env is the user's environment. Only HOME, PATH, the XDG directories and the
	// places of git's global and system configuration are taken from it.
	// nil = this process's own.
	Env []string
	// Umask is the file mode mask of the user, for what git writes into their
	// repository and work trees. nil = this process's own.
	Umask *int
	Log   *slog.Logger // nil = none
}

// Runner runs git. It is safe for concurrent use.
type Runner struct {
	path  string
	env   []string
	umask *int
	log   *slog.Logger
	locks *Locks

	mu        sync.Mutex
	ready     bool // the program was found and is new enough
	many      bool // it takes many merges at once
	viewDir   string
	temporary bool            // viewDir is ours alone
	views     map[string]view // by common git directory
}

// New returns a Runner. It starts nothing: a missing or old git shows at first
// use.
func New(o Options) *Runner {
	env := o.Env
	if env == nil {
		env = os.Environ()
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Runner{
		path: o.Path, env: baseEnv(env), umask: o.Umask, log: log, locks: NewLocks(),
		viewDir: o.Views, views: map[string]view{},
	}
}

// Locks returns the mutexes of repositories that the runner's own mutations
// take. Other programs that change refs or worktrees must hold them too.
func (r *Runner) Locks() *Locks { return r.locks }

// place is what a command works on.
type place struct {
	gitDir   string // of the worktree, or the common one; "" = one in the view
	common   string // required: the real common git directory
	workTree string // "" for commands on refs and objects only
	index    string // "" = the worktree's own
	objects  string // a directory that new objects go to; "" = the repository's own
}

// call is one git command.
type call struct {
	in     place
	args   []string
	config []string // key=value, beside the fixed ones
	env    []string // beside the base
	login  *Login   // for the host it is of
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	limit  time.Duration // 0 = localLimit
}

// run runs git in a place, on hf's view of its repository.
func (r *Runner) run(ctx context.Context, c call) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	v, err := r.view(ctx, c.in.common)
	if err != nil {
		return err
	}
	gitDir := c.in.gitDir
	if gitDir == "" {
		gitDir = filepath.Join(v.dir, own)
	}
	dir := c.in.workTree
	c.env = append(c.env, "GIT_DIR="+gitDir, "GIT_COMMON_DIR="+v.dir)
	c.env = append(c.env, v.users.with(c.login).env()...)
	if dir == "" {
		dir = c.in.common
		c.env = append(c.env, "GIT_WORK_TREE="+v.dir)
	} else {
		c.env = append(c.env, "GIT_WORK_TREE="+dir)
	}
	if c.in.index != "" {
		c.env = append(c.env, "GIT_INDEX_FILE="+c.in.index)
	}
	if c.in.objects != "" {
		c.env = append(c.env, "GIT_OBJECT_DIRECTORY="+c.in.objects, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+quote(filepath.Join(c.in.common, "objects")))
	}
	return r.exec(ctx, dir, c)
}

// exec runs git in a directory with the fixed environment and configuration.
func (r *Runner) exec(ctx context.Context, dir string, c call) error {
	limit := c.limit
	if limit == 0 {
		limit = localLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &api.Error{
		Code: api.CodeTimeout, Message: fmt.Sprintf("git %s took longer than %s", c.args[0], limit),
	})
	defer cancel()
	argv := []string{r.path}
	for _, kv := range slices.Concat(fixedConfig(), c.config) {
		argv = append(argv, "-c", kv)
	}
	start := time.Now()
	err := xec.Run(ctx, xec.Cmd{
		Argv: append(argv, c.args...), Dir: dir, Env: slices.Concat(r.env, fixedEnv(), c.env),
		Stdin: c.stdin, Stdout: c.stdout, Stderr: c.stderr, Umask: r.umask, Files: inherited(ctx),
	})
	r.log.DebugContext(ctx, "git", "command", c.args[0], "dir", dir, "ms", time.Since(start).Milliseconds(), "ok", err == nil)
	if err != nil {
		return &CommandError{Command: c.args[0], Err: err}
	}
	return nil
}

// output runs git and returns what it printed.
func (r *Runner) output(ctx context.Context, in place, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := r.run(ctx, call{in: in, args: args, stdout: &out})
	return out.Bytes(), err
}

// line is output for commands that print one line.
func (r *Runner) line(ctx context.Context, in place, args ...string) (string, error) {
	out, err := r.output(ctx, in, args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// check finds the git program, once, and refuses one that is too old.
func (r *Runner) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready {
		return nil
	}
	name := r.path
	if name == "" {
		name = "git"
	}
	path, err := xec.LookPath(name, r.env)
	if err != nil {
		return &api.Error{
			Code: api.CodeGit, Message: fmt.Sprintf("%s: program not found", name),
			Hint: "install git " + MinVersion + " or newer",
		}
	}
	r.path = path
	var out bytes.Buffer
	if err := r.exec(ctx, "/", call{args: []string{"version"}, stdout: &out}); err != nil {
		return err
	}
	if r.many, err = checkVersion(out.String()); err != nil {
		return err
	}
	r.ready = true
	return nil
}

// MinVersion is the oldest git that hf works with.
const MinVersion = "2.38"

// checkVersion also says whether git merges many pairs of commits at once.
func checkVersion(line string) (many bool, err error) {
	var major, minor int
	_, err = fmt.Sscanf(strings.TrimSpace(line), "git version %d.%d", &major, &minor)
	if err != nil || major < 2 || (major == 2 && minor < 38) {
		return false, &api.Error{
			Code: api.CodeGit, Message: fmt.Sprintf("%q is too old", strings.TrimSpace(line)),
			Hint: "hf needs git " + MinVersion + " or newer",
		}
	}
	return major > 2 || minor > 38, nil
}

// CommandError is a git command that did not succeed.
type CommandError struct {
	Command string // the subcommand
	Err     error
}

func (e *CommandError) Error() string { return "git " + e.Command + ": " + gitMessage(e.Err) }

// Unwrap returns the error of the process, or the reason it was stopped.
func (e *CommandError) Unwrap() error { return e.Err }

// exitCode is the exit code of a command that ran to its end, else -1.
func exitCode(err error) int {
	if e, ok := errors.AsType[*xec.Error](err); ok && e.Cause == nil {
		return e.Code
	}
	return -1
}

// fixedConfig overrides what even the user's own configuration must not do to
// hf's commands.
func fixedConfig() []string {
	return []string{
		"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false",
		"core.pager=cat", "core.editor=false", "sequence.editor=false", "core.askPass=",
		"diff.external=", "diff.ignoreSubmodules=all", "diff.noprefix=false", "diff.mnemonicPrefix=false",
		"status.submoduleSummary=false", "submodule.recurse=false", "fetch.recurseSubmodules=false",
		"protocol.ext.allow=never", "log.showSignature=false", "commit.gpgSign=false",
		"gpg.program=false", "gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false",
		"checkout.workers=4", "checkout.thresholdForParallelism=100",
		"color.ui=false", "core.quotePath=true", "init.templateDir=", "worktree.guessRemote=false",
	}
}

func fixedEnv() []string {
	return []string{
		"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS_REQUIRE=never",
		"GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_LITERAL_PATHSPECS=1",
		"GIT_PAGER=cat", "GIT_EDITOR=false", "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh",
	}
}

// baseEnv picks what git itself needs of an environment.
func baseEnv(env []string) []string {
	keep := []string{
		"HOME", "PATH", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
		"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
	}
	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains(keep, name) {
			out = append(out, kv)
		}
	}
	return out
}

// callerEnv turns the variables of a request into those a network command may
// have: nothing that changes git or the loader of programs.
func callerEnv(env []string) []string {
	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "GIT_") || strings.HasPrefix(name, "LD_") ||
			strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "HF_") || name == "HOME" {
			continue
		}
		out = append(out, kv)
	}
	return out
}

// lines splits the NUL-terminated output of git.
func lines(out []byte) [][]byte {
	out = bytes.TrimSuffix(out, []byte{0})
	if len(out) == 0 {
		return nil
	}
	return bytes.Split(out, []byte{0})
}
