package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// command is one run of git-spice.
type command struct {
	in     In
	at     git.Worktree // where it runs
	args   []string     // after the global flags
	global []string     // flags that go before the subcommand
	env    []string     // beside the usual
	config []string     // key=value
	login  *git.Login   // for what reaches a remote
	// network says that it reaches one: it gets the caller's proxies and agents,
	// and other work of hf's on the repository does not wait for it.
	network bool
	limit   time.Duration // 0 = Limits.Other
}

// said is what git-spice printed.
type said struct {
	stdout, stderr string
}

// maxSaid is how much of what git-spice prints is looked at.
const maxSaid = 1 << 20

// stateRaces is how often a command is run that lost a race for git-spice's
// data: somebody else runs git-spice by hand.
const stateRaces = 3

// spice runs git-spice in a worktree, on hf's view of the repository. What the
// repository's own configuration says (commands, hooks, where a token goes) does
// not exist there. The caller holds the lock, and looks for itself what came of
// it: git-spice succeeds where it has skipped everything.
func (e *Engine) spice(ctx context.Context, l *lock, c command) (said, error) {
	p, err := e.Program(ctx, c.in.Env)
	if err != nil {
		return said{}, err
	}
	if !c.network {
		unlock, err := e.git.Locks().Lock(ctx, c.in.Repo.GitDir)
		if err != nil {
			return said{}, err
		}
		defer unlock()
	}
	for try := 1; ; try++ {
		out, err := e.once(ctx, l, p, c)
		if err == nil || try == stateRaces || !strings.Contains(out.stderr, raceMessage) {
			return out, err
		}
		if strings.Contains(out.stderr, lockedMessage) {
			e.dropLock(ctx, filepath.Join(c.in.Repo.GitDir, dataRef+".lock"), c.at.Path, c.in.Repo.Top)
		}
	}
}

func (e *Engine) once(ctx context.Context, l *lock, p Program, c command) (said, error) {
	view := git.View{Config: slices.Concat(git.RebaseConfig(), c.config)}
	if c.network {
		view.Login, view.Caller = c.login, c.in.Env
	}
	f, release, err := e.git.Foreign(ctx, c.at, view)
	if err != nil {
		return said{}, err
	}
	defer release()
	limit := c.limit
	if limit == 0 {
		limit = e.limits.Other
	}
	what := "git-spice " + strings.Join(c.args[:min(2, len(c.args))], " ")
	limited, cancel := context.WithTimeoutCause(ctx, limit, &api.Error{
		Code: api.CodeTimeout, Message: fmt.Sprintf("%s took longer than %s and was ended", what, limit), Retryable: true,
	})
	defer cancel()
	// Only the first word of a command can be one that the user's configuration
	// gives another meaning to, so a flag comes first.
	argv := slices.Concat([]string{p.Path, "--no-prompt"}, c.global, c.args)
	env := slices.Concat(f.Env, []string{"GIT_SPICE_SECRET_BACKEND=file", "GIT_SPICE_NO_PROMPT=1"}, c.env)
	var stdout, stderr limitedBuffer
	start := time.Now()
	err = xec.Run(limited, xec.Cmd{
		Argv: argv, Dir: f.Dir, Env: env, Umask: f.Umask, Stdout: &stdout, Stderr: &stderr, Files: []*os.File{l.file},
	})
	e.log.DebugContext(ctx, "git-spice", "command", what, "dir", f.Dir, "ms", time.Since(start).Milliseconds(), "ok", err == nil)
	out := said{stdout: stdout.String(), stderr: stderr.String()}
	switch x, isExit := errors.AsType[*xec.Error](err); {
	case err == nil:
		return out, nil
	case limited.Err() != nil:
		return out, context.Cause(limited)
	case isExit:
		return out, explain(what, out.stderr, x)
	}
	return out, fmt.Errorf("%s: %w", what, err)
}

// limitedBuffer keeps the first part of what is written to it.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if room := maxSaid - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// checkName refuses a name that git-spice would take for a flag.
func checkName(names ...string) error {
	for _, name := range names {
		if name == "" || name[0] == '-' || strings.ContainsAny(name, "\x00\n") {
			return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q cannot be the name of a branch", name)}
		}
	}
	return nil
}
