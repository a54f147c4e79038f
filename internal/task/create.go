package task

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// MaxPrompt bounds a prompt, in bytes.
const MaxPrompt = 1 << 20

// Create accepts a task. It validates, writes the task with its first message
// and its operation in one transaction, and returns; the operation does the
// rest. No git process is started for a known checkout and a derived branch.
func (s *Service) Create(ctx context.Context, request string, in api.CreateTask) (Receipt, error) {
	if r, ok, err := s.replay(ctx, request); ok || err != nil {
		return r, err
	}
	if err := s.cfg.MayBegin(); err != nil {
		return Receipt{}, err
	}
	t, err := s.newTask(in)
	if err != nil {
		return Receipt{}, err
	}
	repo, err := s.repoFor(ctx, in)
	if err != nil {
		return Receipt{}, err
	}
	t.RepoID, t.RepoName = repo.ID, repo.Name
	if err := s.settle(t, in.Env); err != nil {
		return Receipt{}, err
	}
	if err := s.checkNames(ctx, t, repo); err != nil {
		return Receipt{}, err
	}
	seen := func(string) bool { return false }
	if repo.GitDir != "" && !t.Explicit {
		seen = s.cfg.Git.SeenBranches(repo.GitDir)
	}
	first := FirstMessage(t)
	if first.Attachments, err = s.keepFiles(t.ID, first.ID, in.Attachments); err != nil {
		return Receipt{}, err
	}
	s.keepEnv(t, in.Env)
	op := s.newOperation(t, KindCreate, s.cfg.Now())
	var receipt Receipt
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		if r, ok, err := replayed(tx, request); ok || err != nil {
			receipt = r // the same request, a moment earlier
			return err
		}
		if err := reserveBranch(tx, t, seen); err != nil {
			return err
		}
		if err := tx.PutTask(t); err != nil {
			return err
		}
		if err := tx.PutMessage(first); err != nil {
			return err
		}
		if err := tx.PutOperation(op); err != nil {
			return err
		}
		seq, err := tx.Event(api.EventTaskCreated, t.Workspace, t.ID, nil)
		if err != nil {
			return err
		}
		receipt = Receipt{Task: *t, Operation: op, Seq: seq}
		if err := tx.PutSetting(lastKey(t.Workspace), t.ID); err != nil {
			return err
		}
		return remember(tx, request, receipt)
	})
	accepted := receipt.Task.ID == t.ID // else it was refused, or made by the same request before
	s.settleFiles(t.ID, first, accepted, err)
	if err != nil || !accepted {
		s.vault.forget(t.ID)
	}
	if err != nil {
		return Receipt{}, err
	}
	return s.enqueue(receipt, nil)
}

func (s *Service) newTask(in api.CreateTask) (*Task, error) {
	if err := CheckPrompt(in.Prompt); err != nil {
		return nil, err
	}
	settings := s.cfg.Settings()
	now := s.cfg.Now()
	t := &Task{
		ID: ids.New(), Workspace: in.Workspace, Title: in.Title, Prompt: in.Prompt,
		Branch: in.Branch, Explicit: in.Branch != "", Base: in.Base, NamedBase: in.Base != "", On: in.On,
		Agent: in.Agent, Provider: in.Provider, Permission: in.Permission, Check: in.Check,
		Model: in.Model, Mode: in.Mode,
		Lifecycle: api.LifecycleQueued, CreatedAt: now, UpdatedAt: now,
	}
	plain := sanitize.Text(in.Prompt) // names are made of words
	if t.Title == "" {
		t.Title = git.TitleFromPrompt(plain)
	}
	if t.Branch == "" {
		t.Branch = git.BranchFromPrompt(plain)
	} else if err := git.CheckBranchName(t.Branch); err != nil {
		return nil, err
	}
	if t.Agent != "" {
		if _, err := s.cfg.Agents.Profile(t.Agent); err != nil {
			return nil, err
		}
	}
	if t.Provider == "" {
		t.Provider = settings.Provider
	}
	if _, err := s.provider(t.Provider); err != nil {
		return nil, err
	}
	if t.Permission != "" && !slices.Contains([]api.Permission{api.PermissionAsk, api.PermissionEdits, api.PermissionAll}, t.Permission) {
		return nil, invalid("permission %q is not one of ask, edits, all", t.Permission)
	}
	if t.Mode != "" && t.Permission != "" {
		return nil, invalid("--mode and --permission both say what the agent may do without asking: give one of them")
	}
	if err := checkWords(t.Mode, t.Model); err != nil {
		return nil, err
	}
	if t.On != "" && t.Base != "" {
		return nil, invalid("--on and --base both say where the branch starts: give one of them")
	}
	return t, nil
}

// settle fills in what the caller left open: what the user chose for the repo,
// for the agent, for all, in this order.
func (s *Service) settle(t *Task, env api.Env) error {
	settings := s.cfg.Settings()
	repo := settings.Repo(t.RepoName)
	if t.Agent = cmp.Or(t.Agent, repo.Agent); t.Agent == "" {
		t.Agent = s.cfg.Agents.Default(Environ(env))
	}
	profile, err := s.cfg.Agents.Profile(t.Agent)
	if err != nil {
		return err
	}
	t.Model = cmp.Or(t.Model, profile.Model)
	if t.Permission == "" { // a policy asked for here wins over the mode of the configuration
		t.Mode = cmp.Or(t.Mode, profile.Mode)
	}
	t.Permission = cmp.Or(t.Permission, repo.Permission, profile.Permission, settings.Permission)
	if t.Base == "" && t.On == "" {
		t.Base = cmp.Or(repo.Base, settings.Base)
	}
	return nil
}

// checkWords says what is wrong with the name of a mode or a model: which ones
// there are, only the agent knows.
func checkWords(words ...string) error {
	for _, w := range words {
		if len(w) > 200 || !utf8.ValidString(w) || strings.ContainsFunc(w, unicode.IsControl) {
			return invalid("%q is no name of a mode or a model", w)
		}
	}
	return nil
}

// CheckPrompt says what is wrong with a prompt, if anything is.
func CheckPrompt(prompt string) error {
	switch {
	case strings.TrimSpace(prompt) == "":
		return invalidPrompt("is empty", "say what is to be done, as an argument, with --file, or on standard input")
	case len(prompt) > MaxPrompt:
		return &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("the prompt has %d bytes, more than the %d an agent is given at once", len(prompt), MaxPrompt),
			Hint: "Put the text into a file of the repository and name the file in the prompt.",
		}
	case strings.ContainsRune(prompt, 0):
		return invalidPrompt("contains a NUL byte", "it must be text: put binary data into a file of the repository and name the file in the prompt")
	case !utf8.ValidString(prompt):
		return invalidPrompt("is not valid UTF-8", "convert it: iconv -t UTF-8")
	}
	return nil
}

func invalidPrompt(why, hint string) error {
	return &api.Error{Code: api.CodeInvalid, Message: "the prompt " + why, Hint: hint}
}

// repoFor finds the repo a task is for, adding the caller's checkout when it is
// not known yet.
func (s *Service) repoFor(ctx context.Context, in api.CreateTask) (*Repo, error) {
	repo, err := s.cfg.Repos.Resolve(ctx, in.Workspace, in.Repo, in.Cwd)
	if api.IsCode(err, api.CodeNotFound) {
		spec := in.Repo
		if spec == "" {
			spec = in.Cwd
		}
		var added Repo
		added, err = s.cfg.Repos.Add(ctx, "", api.AddRepo{Workspace: in.Workspace, Spec: spec, Cwd: in.Cwd, Env: in.Env})
		repo = &added
	}
	if err != nil {
		return nil, err
	}
	if repo.State == api.RepoError {
		return nil, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("repo %s could not be cloned: %s", repo.Name, repo.Reason),
			Hint: fmt.Sprintf("`hf repo add %s` tries again.", repo.Remote),
		}
	}
	return repo, nil
}

// checkNames refuses at once what the name step would refuse later. Only a name
// the user gave needs git for that, and a repo without a default branch.
func (s *Service) checkNames(ctx context.Context, t *Task, repo *Repo) error {
	if repo.State != api.RepoReady || !t.Explicit && t.On == "" && t.Base == "" && repo.DefaultBranch != "" {
		return nil
	}
	_, err := s.plan(ctx, t, repo)
	return err
}

// reserveBranch numbers a derived branch that another live task has, or that
// was seen in the repository.
func reserveBranch(tx Tx, t *Task, seen func(name string) bool) error {
	taken, err := liveBranches(tx, t)
	if err != nil {
		return err
	}
	if !t.Explicit && seen(t.Branch) {
		taken[strings.ToLower(t.Branch)] = true
	}
	if t.Explicit && !taken[strings.ToLower(t.Branch)] {
		if clash := git.Clash(slices.Collect(maps.Keys(taken)), t.Branch); clash != "" {
			return clashes(t.Branch, clash)
		}
	}
	if !taken[strings.ToLower(t.Branch)] {
		return nil
	}
	if t.Explicit {
		return &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("branch %q belongs to another task", t.Branch), Hint: "Choose another name, or stack on it with --on."}
	}
	for n := 2; ; n++ {
		if name := fmt.Sprintf("%s-%d", t.Branch, n); !taken[strings.ToLower(name)] && !seen(name) {
			t.Branch = name
			return nil
		}
	}
}

func liveBranches(tx Tx, t *Task) (map[string]bool, error) {
	tasks, err := tx.Tasks(Filter{RepoID: t.RepoID})
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for i := range tasks {
		if tasks[i].ID != t.ID && tasks[i].Branch != "" {
			taken[strings.ToLower(tasks[i].Branch)] = true
		}
	}
	return taken, nil
}

// FirstMessage is the message that a task's agent is given first.
func FirstMessage(t *Task) *session.Message {
	return &session.Message{ID: ids.New(), Task: t.ID, Text: t.Prompt, State: api.MessageQueued, CreatedAt: t.CreatedAt}
}

// stored is the answer to a request as it is kept for a repeat of it.
type stored struct {
	Task      string `json:"task"`
	Operation string `json:"operation,omitempty"`
	Seq       int64  `json:"seq"`
}

func remember(tx Tx, request string, r Receipt) error {
	if request == "" {
		return nil
	}
	v := stored{Task: r.Task.ID, Seq: r.Seq}
	if r.Operation != nil {
		v.Operation = r.Operation.ID
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Remember(request, b)
}

// replay returns the answer of a request that was carried out before.
func (s *Service) replay(ctx context.Context, request string) (r Receipt, ok bool, err error) {
	if request == "" {
		return r, false, nil
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		r, ok, err = replayed(tx, request)
		return err
	})
	return r, ok, err
}

func replayed(tx Tx, request string) (r Receipt, ok bool, err error) {
	b, ok, err := tx.Replay(request)
	if err != nil || !ok {
		return r, false, err
	}
	var v stored
	if err := json.Unmarshal(b, &v); err != nil {
		return r, false, fmt.Errorf("read the stored answer: %w", err)
	}
	t, err := tx.Task(v.Task)
	if err != nil {
		return r, false, err
	}
	r.Task, r.Seq = *t, v.Seq
	if v.Operation != "" {
		if r.Operation, err = tx.Operation(v.Operation); err != nil {
			return r, false, err
		}
	}
	return r, true, nil
}

func (s *Service) provider(name string) (sandbox.Provider, error) {
	p, ok := s.cfg.Sandboxes[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(s.cfg.Sandboxes)), ", ")
		return nil, invalid("provider %q is not one of %s", name, known)
	}
	return p, nil
}

func lastKey(workspace string) string { return "last/" + workspace }

func invalid(format string, args ...any) *api.Error {
	return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

// CheckWorkspace says what is wrong with a workspace's name, if anything is.
func CheckWorkspace(name string) error {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	if name == "" || len(name) > 64 || strings.Trim(name, allowed) != "" {
		return invalid("workspace name %q is not made of 1 to 64 letters, digits, '.', '_' and '-'", name)
	}
	return nil
}
