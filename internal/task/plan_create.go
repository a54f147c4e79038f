package task

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// names is where a task's branch starts and what it is called.
type names struct {
	Branch string `json:"branch"`
	Base   string `json:"base"`
	Parent string `json:"parent,omitempty"`
	Adopt  bool   `json:"adopt,omitempty"` // the branch exists and --on named it
}

// plan decides a task's names. It changes nothing.
func (s *Service) plan(ctx context.Context, t *Task, repo *Repo) (names, error) {
	g, err := s.cfg.Git.Open(ctx, repo.Path)
	if err != nil {
		return names{}, err
	}
	n, err := s.planBase(ctx, t, repo, g)
	if err != nil {
		return n, err
	}
	_, exists, err := s.cfg.Git.Branch(ctx, g, t.Branch)
	switch {
	case err != nil:
		return n, err
	case t.Explicit && t.On == t.Branch:
		if !exists {
			return n, invalid("--on names branch %q, which does not exist", t.On)
		}
		n.Branch, n.Adopt = t.Branch, true
		n.Base, err = s.defaultBranch(ctx, repo, g)
		return n, err
	case t.Explicit && exists:
		return n, &api.Error{
			Code: api.CodeExists, Message: fmt.Sprintf("branch %q exists already", t.Branch),
			Hint: fmt.Sprintf("To work on it, add --on %s; else choose another name.", t.Branch),
		}
	case t.Explicit:
		n.Branch = t.Branch
		clash, err := s.cfg.Git.BranchClash(ctx, g, t.Branch)
		if err == nil && clash != "" {
			err = clashes(t.Branch, clash)
		}
		return n, err
	}
	var taken map[string]bool
	err = s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		taken, err = liveBranches(tx, t)
		return err
	})
	if err != nil {
		return n, err
	}
	n.Branch, err = s.cfg.Git.FreeBranch(ctx, g, t.Branch, func(b string) bool { return taken[strings.ToLower(b)] })
	return n, err
}

// clashes says why two branches cannot be beside each other.
func clashes(name, other string) error {
	why := "one of them would be a directory of the other"
	if strings.EqualFold(name, other) {
		why = "they differ only in the case of their letters, which some file systems do not tell apart"
	}
	return &api.Error{
		Code: api.CodeExists, Message: fmt.Sprintf("branch %q cannot be beside branch %q: %s", name, other, why),
		Hint: "Choose another name with --branch.",
	}
}

func (s *Service) planBase(ctx context.Context, t *Task, repo *Repo, g git.Repo) (n names, err error) {
	switch {
	case t.On != "":
		return s.planOn(ctx, t, g)
	case t.Base != "":
		if _, err := s.cfg.Git.StartPoint(ctx, g, t.Base, false); err != nil {
			return n, err
		}
		return names{Base: t.Base}, nil
	}
	n.Base, err = s.defaultBranch(ctx, repo, g)
	return n, err
}

// defaultBranch is the repository's, or what it was when hf met it: somebody
// may look at an old commit meanwhile.
func (s *Service) defaultBranch(ctx context.Context, repo *Repo, g git.Repo) (string, error) {
	name, err := s.cfg.Git.DefaultBranch(ctx, g)
	if api.IsCode(err, api.CodeNotFound) && repo.DefaultBranch != "" {
		if _, err := s.cfg.Git.StartPoint(ctx, g, repo.DefaultBranch, true); err == nil {
			return repo.DefaultBranch, nil
		}
	}
	return name, err
}

// planOn finds the task or the branch that --on names, tasks first.
func (s *Service) planOn(ctx context.Context, t *Task, g git.Repo) (names, error) {
	var found []Task
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		found, err = tx.FindTasks(t.Workspace, t.On)
		return err
	})
	if err != nil {
		return names{}, err
	}
	found = slices.DeleteFunc(found, func(f Task) bool { return f.RepoID != t.RepoID || f.ID == t.ID || f.Branch == "" })
	if parent, err := meant(found, t.On); err != nil || parent != nil {
		if err != nil {
			return names{}, err
		}
		return names{Base: parent.Branch, Parent: parent.ID}, nil
	}
	_, ok, err := s.cfg.Git.Branch(ctx, g, t.On)
	if err != nil {
		return names{}, err
	}
	if !ok {
		return names{}, &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("%q is neither a task nor a branch of this repo", t.On),
			Hint: "`hf list` shows the tasks, `git branch` the branches.",
		}
	}
	return names{Base: t.On}, nil
}

func (s *Service) runName(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if repo, err = s.awaitRepo(ctx, run, repo); err != nil {
		return err
	}
	for {
		n, err := s.plan(ctx, t, repo)
		if err != nil {
			return err
		}
		run.SetResult(n)
		run.Progress(n.Branch + " from " + n.Base)
		err = s.change(ctx, t.ID, func(t *Task) { t.Branch, t.Base, t.Parent = n.Branch, n.Base, n.Parent })
		if t.Explicit || !api.IsCode(err, api.CodeExists) {
			return err
		}
		// Another task took the name since it was found free.
	}
}

// awaitRepo waits for a clone in progress.
func (s *Service) awaitRepo(ctx context.Context, run *operation.Run, repo *Repo) (*Repo, error) {
	if repo.State == api.RepoReady {
		return repo, nil
	}
	if repo.State == api.RepoError { // a retry: so is the clone
		t, _, err := s.load(ctx, run.Op.Task)
		if err != nil {
			return nil, err
		}
		env, _ := s.callerEnv(t)
		if _, err := s.cfg.Repos.Add(ctx, "", api.AddRepo{Workspace: repo.Workspace, Spec: repo.Remote, Env: env}); err != nil {
			return nil, err
		}
	}
	run.Progress("waiting for the clone of " + repo.Name)
	err := s.await(ctx, func(tx Tx) (bool, error) {
		select {
		case <-run.Parking():
			return false, operation.ErrParked
		default:
		}
		r, err := tx.Repo(repo.ID)
		if err != nil {
			return false, err
		}
		repo = r
		if r.State == api.RepoError {
			return false, notCloned(r)
		}
		return r.State == api.RepoReady, nil
	})
	return repo, err
}

// notCloned says why a repo could not be cloned.
func notCloned(r *Repo) error {
	e := api.Error{Code: api.CodeGit, Message: r.Reason}
	if r.Failure != nil {
		e = *r.Failure
	}
	return &api.Error{
		Code: e.Code, Message: fmt.Sprintf("clone %s: %s", r.Name, e.Message), Retryable: e.Retryable,
		Hint: strings.TrimPrefix(e.Hint+"; `hf retry` tries the clone again", "; "),
	}
}

// runBranch makes the branch. That the name was free was found by the step
// before, so a branch that is there at the recorded commit is this task's own.
func (s *Service) runBranch(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	g, err := s.cfg.Git.Open(ctx, repo.Path)
	if err != nil {
		return err
	}
	var n names
	run.Done(StepName, &n)
	if n.Adopt {
		commit, _, err := s.cfg.Git.Branch(ctx, g, n.Branch)
		if err != nil {
			return err
		}
		return s.change(ctx, t.ID, func(t *Task) { t.BaseCommit = commit })
	}
	commit := t.BaseCommit
	if commit == "" {
		if commit, err = s.baseCommit(ctx, run, t, repo, g); err != nil {
			return err
		}
		if err := s.change(ctx, t.ID, func(t *Task) { t.BaseCommit = commit }); err != nil {
			return err
		}
	}
	at, exists, err := s.cfg.Git.Branch(ctx, g, t.Branch)
	switch {
	case err != nil:
		return err
	case !exists:
		err = s.cfg.Git.CreateBranch(ctx, g, t.Branch, commit)
	case at != commit:
		err = &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("branch %q appeared meanwhile and is not this task's", t.Branch), Hint: "Create the task again with --branch NAME."}
	}
	if err != nil {
		return err
	}
	return s.stackUp(ctx, run, t)
}

// stackUp makes the branch of a task that was created on another part of a
// stack. That it could not be is a warning: hf's own record says what it stands
// on.
func (s *Service) stackUp(ctx context.Context, run *operation.Run, t *Task) error {
	if t.On == "" {
		return nil
	}
	run.Progress("on " + t.Base)
	env, _ := s.callerEnv(t)
	err := s.cfg.Track(ctx, t.ID, env)
	if err == nil || ctx.Err() != nil {
		return err
	}
	run.Progress(fmt.Sprintf("on %s, not tracked: %v", t.Base, err))
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		_, err := tx.Event(api.EventWarning, t.Workspace, t.ID, api.Error{
			Code: api.CodeGit, Message: fmt.Sprintf("branch %s is in no stack: %v", t.Branch, err), Hint: fmt.Sprintf("`hf stack track %s` tries again", t.ID),
		})
		return err
	})
}

// baseCommit resolves the base, fetched when it can be. Of the default branch
// the remote's state is meant, of a branch the user named their own.
func (s *Service) baseCommit(ctx context.Context, run *operation.Run, t *Task, repo *Repo, g git.Repo) (string, error) {
	if t.Parent != "" || repo.Remote == "" {
		return s.cfg.Git.StartPoint(ctx, g, t.Base, false)
	}
	run.Progress("fetching " + t.Base)
	env, _ := s.callerEnv(t)
	fetchCtx, cancel := context.WithTimeout(ctx, s.cfg.Settings().FetchLimit)
	defer cancel()
	if err := s.cfg.Git.Fetch(fetchCtx, g, t.Base, Environ(env)); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		run.Progress("could not fetch " + t.Base + "; starting from what is here")
		s.cfg.Log.Warn("fetch base", "task", t.ID, "base", t.Base, "err", err)
	}
	return s.cfg.Git.StartPoint(ctx, g, t.Base, !t.NamedBase)
}

func (s *Service) runSandbox(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	p, err := s.provider(t.Provider)
	if err != nil {
		return err
	}
	sb, err := p.Create(ctx, specOf(t, repo), run.Progress)
	if err != nil {
		return err
	}
	run.Progress(sb.Path)
	return s.change(ctx, t.ID, func(t *Task) { t.Path = sb.Path })
}

// runSetup runs the repository's own setup commands, when the user allowed
// exactly these.
func (s *Service) runSetup(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	cfg, err := s.trustedConfig(ctx, t, repo)
	if err != nil {
		return err
	}
	if len(cfg.Setup) == 0 {
		run.Progress("nothing to set up")
		return nil
	}
	for i, command := range cfg.Setup {
		run.Progress(fmt.Sprintf("%d/%d %s", i+1, len(cfg.Setup), command))
		exit, tail, err := s.runCommand(ctx, run, t, cfg, fmt.Sprintf("%s-setup-%d", run.Op.ID, i), command)
		if err != nil {
			return operation.WithLog(err, tail)
		}
		if exit != 0 {
			return operation.WithLog(&api.Error{
				Code: api.CodeSetup, Message: fmt.Sprintf("setup command %q ended with exit code %d", command, exit),
				Hint: fmt.Sprintf("Mend it in %s, then `hf retry %s` goes on with this command. What %s says counts for new tasks.", t.Path, t.ID, repoconfig.File),
			}, tail)
		}
	}
	return nil
}

// runCommand runs a shell command in the sandbox by way of a holder, so that it
// goes on when the daemon does not, and is found again. What it prints goes
// below the log that the step has.
func (s *Service) runCommand(ctx context.Context, run *operation.Run, t *Task, cfg repoconfig.Config, name, command string) (int, string, error) {
	env, _ := s.callerEnv(t)
	cmd, err := s.wrap(t, sandbox.Command{Argv: []string{"/bin/sh", "-c", command}, Env: Environ(env, cfg.Env, taskVars(t))})
	if err != nil {
		return 0, "", err
	}
	ctx, cancel := run.Parkable(ctx)
	defer cancel()
	before := run.Logged() + "$ " + command + "\n"
	return s.cfg.Commands.Run(ctx, name, cmd, func(tail string) {
		run.Log(lastBytes(before+tail, logSize))
		if line := lastLine(tail); line != "" {
			run.Progress(line)
		}
	})
}

// logSize bounds the log of a step, in bytes: that of a few commands.
const logSize = 16 << 10

// lastBytes is the end of a text, from the beginning of a line where it is cut.
func lastBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[len(s)-most:]
	if _, rest, ok := strings.Cut(s, "\n"); ok {
		return rest
	}
	return s
}

func lastLine(s string) string {
	s = strings.TrimRight(s, "\r\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// trustedConfig loads the repository's own configuration as it was at the
// task's base, so that no agent can change what runs.
func (s *Service) trustedConfig(ctx context.Context, t *Task, repo *Repo) (repoconfig.Config, error) {
	g, err := s.cfg.Git.Open(ctx, repo.Path)
	if err != nil {
		return repoconfig.Config{}, err
	}
	cfg, err := s.cfg.Configs.Load(ctx, g, t.BaseCommit)
	if err != nil || cfg.Empty() {
		return cfg, err
	}
	var trusted bool
	err = s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		trusted, err = tx.Trusted(repo.ID, cfg.Hash)
		return err
	})
	if err != nil {
		return cfg, err
	}
	if !trusted {
		return cfg, &api.Error{
			Code: api.CodeUntrusted, Message: fmt.Sprintf("%s wants to run commands of its own (%s) that you have not allowed", repo.Name, repoconfig.File),
			Hint: fmt.Sprintf("`hf repo trust %s` shows and allows them, then `hf retry %s` goes on.", repo.Name, t.ID),
		}
	}
	return cfg, nil
}

// wrap turns a command into one of this machine that runs in the sandbox.
func (s *Service) wrap(t *Task, cmd sandbox.Command) (api.Command, error) {
	p, err := s.provider(t.Provider)
	if err != nil {
		return api.Command{}, err
	}
	if t.Path == "" {
		return api.Command{}, &api.Error{Code: api.CodeConflict, Message: "the task has no sandbox yet", Hint: fmt.Sprintf("`hf show %s` says where it is.", t.ID)}
	}
	return p.Wrap(sandbox.Sandbox{Spec: sandbox.Spec{Task: t.ID, Branch: t.Branch}, Path: t.Path}, cmd)
}

// runPrompt waits until the first message was given to the agent. The session
// delivers it by itself.
func (s *Service) runPrompt(ctx context.Context, run *operation.Run) error {
	s.cfg.Sessions.Wake(run.Op.Task)
	ctx, cancel := run.Parkable(ctx)
	defer cancel()
	return s.await(ctx, func(tx Tx) (bool, error) {
		msgs, err := tx.MessagesOf(run.Op.Task)
		if err != nil || len(msgs) == 0 {
			return err == nil, err
		}
		if s.cfg.Sessions.Current(run.Op.Task) == "" && msgs[0].State == api.MessageQueued {
			return false, &api.Error{Code: api.CodeAgent, Message: "the agent ended before it was given the prompt", Hint: "`hf retry` starts it again."}
		}
		return msgs[0].State != api.MessageQueued && msgs[0].State != api.MessageAccepted, nil
	})
}
