package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// step is one branch to put onto a base.
type step struct {
	kind       Kind
	branch     string
	onto       string // "" = the base that it has
	onConflict OnConflict
	hooks      Hooks
}

// sight is what is there before a step.
type sight struct {
	forest Forest
	known  Branch // as git-spice knows it
	base   string // what the branch is to stand on
	baseAt string // the commit of that
	at     string // the commit of the branch
	trees  []tree
	holder tree
	held   bool // holder has the branch checked out
	stands bool // the branch stands on the base
}

// run carries out a step: it looks, waits for whoever works on the branch, looks
// again, and acts. The error is for what ends the whole action.
func (e *Engine) run(ctx context.Context, in In, s step, dry bool) (Result, error) {
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return Result{}, err
	}
	v, res, err := e.look(ctx, in.Repo, s)
	if err == nil && !dry && res.Outcome == UpToDate && e.stale(ctx, in.Repo, v) {
		if _, err = e.Program(ctx, in.Env); err == nil {
			if wrong := e.note(l.on(ctx), l, in, v, s.branch); wrong != nil {
				res.Outcome, res.Error = Failed, asError(wrong)
			}
		}
	}
	l.release()
	switch {
	case err != nil:
		return Result{}, err
	case res.Outcome == "" && dry:
		res.Outcome = Pending
	case res.Outcome == "":
		return e.act(ctx, in, s, res)
	}
	return res, nil
}

// act does what a look has found to be necessary.
func (e *Engine) act(ctx context.Context, in In, s step, res Result) (Result, error) {
	if s.hooks.Busy != nil {
		if err := s.hooks.Busy(ctx, s.branch, res.Worktree); err != nil {
			if ctx.Err() != nil {
				return res, context.Cause(ctx)
			}
			res.Outcome, res.Error = Busy, asError(err)
			return res, nil
		}
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return res, err
	}
	defer l.release()
	ctx = l.on(ctx)
	v, res, err := e.look(ctx, in.Repo, s)
	switch {
	case err != nil:
		return res, err
	case res.Outcome != "":
		return res, nil
	}
	if _, err := e.Program(ctx, in.Env); err != nil { // before anything is moved
		return res, err
	}
	if s.hooks.Begin != nil {
		if err := s.hooks.Begin(ctx, e.attempt(in.Repo, s, v)); err != nil {
			return res, err
		}
	}
	switch {
	case v.held && !v.holder.Main():
		e.inPlace(ctx, l, in, s, v, &res)
	default:
		e.aside(ctx, l, in, s, v, &res)
	}
	if res.Error != nil && ctx.Err() != nil {
		return res, context.Cause(ctx)
	}
	return res, nil
}

func (e *Engine) attempt(repo git.Repo, s step, v sight) Attempt {
	a := Attempt{
		Kind: s.kind, Branch: s.branch, Base: v.base, Commit: v.at, State: v.forest.Commit,
		OnConflict: s.onConflict, At: time.Now().UTC(),
	}
	if v.held && !v.holder.Main() {
		a.Worktree = v.holder.Path
	} else {
		a.Worktree, a.Scratch = e.scratchPath(repo), true
	}
	return a
}

// look reads what a step is about. The result has an outcome when there is
// nothing to do, or nothing can be done.
func (e *Engine) look(ctx context.Context, repo git.Repo, s step) (v sight, res Result, err error) {
	res = Result{Kind: s.kind, Branch: s.branch, Base: s.onto}
	if v.forest, err = e.State(ctx, repo); err != nil {
		return v, res, err
	}
	fail := func(outcome Outcome, err *api.Error) (sight, Result, error) {
		res.Outcome, res.Error = outcome, err
		return v, res, nil
	}
	var ok bool
	if v.known, ok = v.forest.Branches[s.branch]; !ok {
		return fail(Failed, notTracked(s.branch))
	}
	v.base = s.onto
	if v.base == "" {
		v.base = v.known.Base
	}
	res.Base = v.base
	tips, err := e.git.Tips(ctx, repo, s.branch, v.base)
	if err != nil {
		return v, res, err
	}
	v.at, v.baseAt = tips[s.branch], tips[v.base]
	for name, at := range map[string]string{s.branch: v.at, v.base: v.baseAt} {
		if at == "" {
			return fail(Failed, &api.Error{
				Code: api.CodeNotFound, Message: fmt.Sprintf("there is no branch %q any more", name), Hint: "hf stack untrack " + name,
			})
		}
	}
	res.From, res.To = v.at, v.at
	if v.trees, err = e.trees(repo); err != nil {
		return v, res, err
	}
	v.holder, v.held = holder(v.trees, s.branch)
	if v.held {
		res.Worktree = v.holder.Path
	}
	return e.judge(ctx, repo, s, v, res)
}

// judge says of what was seen whether anything is to be done.
func (e *Engine) judge(ctx context.Context, repo git.Repo, s step, v sight, res Result) (sight, Result, error) {
	if v.held && v.holder.rebasing {
		files, err := e.git.Unmerged(ctx, v.holder.Worktree)
		if err != nil && v.holder.Exists() {
			return v, res, err
		}
		res.Outcome, res.Left, res.Files, res.Error = Conflict, true, files, v.holder.ready()
		return v, res, nil
	}
	if below, ok := holder(v.trees, v.base); ok && below.rebasing && v.base != v.forest.Trunk {
		res.Outcome, res.BlockedBy = Blocked, v.base
		res.Error = blocked(s.branch, v.base)
		return v, res, nil
	}
	var err error
	if v.stands, err = e.git.IsAncestor(ctx, repo, v.baseAt, v.at); err != nil {
		return v, res, err
	}
	switch {
	case v.stands && v.base == v.known.Base:
		res.Outcome = UpToDate
	case v.held:
		if why := v.holder.ready(); why != nil {
			res.Outcome, res.Error = Dirty, why
		}
	}
	return v, res, nil
}

// stale reports whether a branch stands on its base and git-spice does not know:
// somebody has rebased it with plain git. From where its own commits begin it
// would take the wrong ones next time.
func (e *Engine) stale(ctx context.Context, repo git.Repo, v sight) bool {
	if !v.stands || v.base != v.known.Base || v.known.BaseHash == v.baseAt {
		return false
	}
	older, err := e.git.IsAncestor(ctx, repo, v.baseAt, v.known.BaseHash)
	return err != nil || !older // a base that went back is for git-spice to judge
}

// note tells git-spice where a branch stands.
func (e *Engine) note(ctx context.Context, l *lock, in In, v sight, branch string) error {
	w, done, err := e.anyLinked(ctx, in.Repo, v.trees)
	if err != nil {
		return err
	}
	defer done()
	_, err = e.spice(ctx, l, command{in: in, at: w, args: []string{"branch", "track", branch, "--base", v.base}, config: sparseConfig(e, in.Repo, w)})
	return err
}

func sparseConfig(e *Engine, repo git.Repo, w git.Worktree) []string {
	if w.Path == e.scratchPath(repo) {
		return git.SparseConfig()
	}
	return nil
}

// inPlace rebases a branch in the linked worktree that has it checked out.
func (e *Engine) inPlace(ctx context.Context, l *lock, in In, s step, v sight, res *Result) {
	w := v.holder.Worktree
	var out said
	var err error
	if v.base == v.known.Base {
		out, err = e.spice(ctx, l, command{in: in, at: w, args: []string{"branch", "restack", "--branch", s.branch}, limit: e.limits.Restack})
	} else {
		// git-spice would go on with what is above, in this very worktree.
		err = e.rebaseOnto(ctx, in.Repo, w, v)
	}
	ctx2, cancel := cleanup(ctx)
	defer cancel()
	e.settle(ctx2, in.Repo, s, v, w, out, err, res)
	// git-spice notes nothing when uncommitted changes did not fit.
	if res.Outcome.Ok() && v.base != v.known.Base || res.Outcome == Stashed {
		if err := e.noteBase(ctx2, l, in, v, s.branch, w); err != nil {
			res.Outcome, res.Error = Failed, asError(err)
		}
	}
}

// noteBase tells git-spice that a branch has another base now, and looks whether
// it knows.
func (e *Engine) noteBase(ctx context.Context, l *lock, in In, v sight, branch string, w git.Worktree) error {
	_, err := e.spice(ctx, l, command{in: in, at: w, args: []string{"branch", "track", branch, "--base", v.base}, config: sparseConfig(e, in.Repo, w)})
	if err != nil {
		return err
	}
	f, err := e.State(ctx, in.Repo)
	if err != nil {
		return err
	}
	if f.Branches[branch].Base != v.base {
		return &api.Error{Code: api.CodeGit, Message: fmt.Sprintf("git-spice does not take %q as the base of %q", v.base, branch)}
	}
	return nil
}

// settle asks git what came of a rebase in a worktree, and puts it back unless
// it came to its end or may wait there.
func (e *Engine) settle(ctx context.Context, repo git.Repo, s step, v sight, w git.Worktree, out said, ran error, res *Result) {
	fail := func(outcome Outcome, err error) { res.Outcome, res.Error = outcome, asError(err) }
	if r, ok := w.Rebasing(); ok {
		files, err := e.git.Unmerged(ctx, w)
		conflict := err == nil && r.Stopped && len(files) > 0 && !stoppedFromOutside(ran)
		if conflict && s.onConflict == Leave && r.Branch == s.branch {
			e.restoreState(ctx, repo, v.forest.Commit, s.branch)
			res.Files, res.Left = files, true
			fail(Conflict, conflictError(s.branch, v.base, w.Path, files, true))
			return
		}
		note, err := e.abortRebase(ctx, w)
		e.restoreState(ctx, repo, v.forest.Commit, s.branch)
		switch {
		case err != nil:
			fail(Failed, errors.Join(ran, err))
		case conflict:
			res.Files = files
			c := conflictError(s.branch, v.base, w.Path, files, false)
			c.Message += addition(note)
			fail(Conflict, c)
		default:
			if ran == nil {
				ran = errors.New("the rebase of " + s.branch + " did not come to its end")
			}
			x := *asError(ran)
			x.Message += addition(note)
			fail(Failed, &x)
		}
		return
	}
	branch, tip, err := e.git.Head(ctx, w)
	if err != nil || branch != s.branch {
		fail(Failed, errors.Join(ran, err, fmt.Errorf("%s is not on %s any more", w.Path, s.branch)))
		return
	}
	res.To = tip
	stands, err := e.git.IsAncestor(ctx, repo, v.baseAt, tip)
	switch {
	case err != nil:
		fail(Failed, err)
	case ran != nil && (!stands || tip == v.at):
		x := asError(ran)
		fail(outcomeOf(out.stderr, x), x)
	case !stands:
		fail(Failed, &api.Error{
			Code: api.CodeGit, Message: fmt.Sprintf("git-spice left %s as it is: %s", s.branch, lastSaid(out.stderr)),
		})
	default:
		res.Outcome = Restacked
		files, err := e.git.Unmerged(ctx, w)
		if err == nil && len(files) > 0 {
			res.Files = files
			fail(Stashed, &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("%s stands on %s now, but its uncommitted changes do not fit: %s", s.branch, v.base, list(files)),
				Hint: fmt.Sprintf("resolve them in %s, then git stash drop", w.Path),
			})
		}
	}
}

// stoppedFromOutside reports whether a command was ended before its time.
func stoppedFromOutside(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || api.IsCode(err, api.CodeTimeout)
}

// outcomeOf is Dirty for what somebody can clear up in the worktree.
func outcomeOf(stderr string, err *api.Error) Outcome {
	said := stderr + err.Message
	for _, part := range []string{"would be overwritten", "Cannot autostash", "index.lock"} {
		if strings.Contains(said, part) {
			return Dirty
		}
	}
	return Failed
}

func addition(note string) string {
	if note == "" {
		return ""
	}
	return "; " + note
}

// list names some files for a person.
func list(files []string) string {
	const most = 5
	if len(files) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(files[:most], ", "), len(files)-most)
	}
	return strings.Join(files, ", ")
}

func conflictError(branch, base, path string, files []string, left bool) *api.Error {
	e := &api.Error{
		Code: api.CodeMergeStopped, Message: fmt.Sprintf("%s conflicts with %s in %s", branch, base, list(files)),
		Hint: fmt.Sprintf("it is as it was; git rebase %s, run where it is checked out, meets the same conflict for you to resolve", base),
	}
	if left {
		e.Hint = fmt.Sprintf("resolve it in %s, git add the files, then hf stack continue; or hf stack abort", path)
	}
	return e
}

func blocked(branch, by string) *api.Error {
	return &api.Error{
		Code: api.CodeMergeStopped, Message: fmt.Sprintf("%s was not touched: %s below it is not done", branch, by),
		Hint: "hf stack restack goes on once that is",
	}
}

func notTracked(branch string) *api.Error {
	return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("branch %q is in no stack", branch), Hint: fmt.Sprintf("`hf stack track %s` makes it part of one", branch)}
}
