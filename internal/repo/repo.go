// Package repo knows the repositories of a workspace: checkouts of the user's,
// which hf only reads, and clones of its own.
package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Store keeps repositories.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
}

// Tx is what the service needs of a transaction. A row that does not exist is
// an *api.Error with api.CodeNotFound.
type Tx interface {
	Repo(id string) (*task.Repo, error)
	RepoByPath(workspace, path string) (*task.Repo, error)
	RepoByName(workspace, name string) (*task.Repo, error)
	Repos(workspace string) ([]task.Repo, error) // of every workspace for ""
	PutRepo(r *task.Repo) error
	DeleteRepo(id string) error
	EnsureWorkspace(name string) error
	Trusted(repo, hash string) (bool, error)
	Trust(repo, hash string) error
	Replay(request string) (response []byte, found bool, err error)
	Remember(request string, response []byte) error
	Event(kind api.EventKind, workspace, task string, data any) (seq int64, err error)
}

// Git is what the service needs of git.
type Git interface {
	Open(ctx context.Context, path string) (git.Repo, error)
	Remote(ctx context.Context, repo git.Repo) (name, url string, err error)
	DefaultBranch(ctx context.Context, repo git.Repo) (string, error)
	StartPoint(ctx context.Context, repo git.Repo, name string, remote bool) (string, error)
	Tree(repo git.Repo) git.Tree
	Clone(ctx context.Context, url, dest string, login *git.Login, env []string, progress func(string)) (git.Repo, error)
	RemoveClone(ctx context.Context, repo git.Repo, under string) (kept string, err error)
}

// Config is what a Service works with. All but the last two are required.
type Config struct {
	Store Store
	Git   Git
	Dir   string // absolute: hf's clones are below it
	Log   *slog.Logger
	Now   func() time.Time
	// Forges are where repositories are imported from. Nil: nowhere.
	Forges forge.Clients
	// Login says who signs in to a remote at an address for a caller. Nil: whoever
	// git asks.
	Login func(ctx context.Context, address string, env api.Env) *git.Login
}

// Service adds, finds and removes repositories. It clones in the background.
type Service struct {
	cfg Config

	mu     sync.Mutex
	ctx    context.Context // of the background clones; nil before Start
	cancel context.CancelFunc
	live   map[string]bool // ids being cloned
	group  sync.WaitGroup
	adding sync.Mutex    // names and identities are chosen one at a time
	slots  chan struct{} // of clones that nobody waits for
}

// New returns a service. Start makes it clone.
func New(cfg Config) *Service {
	return &Service{cfg: cfg, live: map[string]bool{}, slots: make(chan struct{}, atOnce)}
}

// Start takes up the clones that an earlier daemon did not finish. Background
// work ends with ctx or Close.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.mu.Unlock()
	var repos []task.Repo
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		repos, err = tx.Repos("")
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range repos {
		if r.State == api.RepoCloning {
			s.clone(r, nil, s.slots)
		}
	}
	return nil
}

// Busy reports whether a clone is in progress.
func (s *Service) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live) > 0
}

// Close ends background work. A clone goes on at the next Start.
func (s *Service) Close() {
	s.mu.Lock()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.group.Wait()
}

// Add makes a repository known to a workspace: the checkout a path is in, or a
// clone of a remote, which goes on in the background. One that is known already
// is returned as it is; one whose clone failed is tried again.
func (s *Service) Add(ctx context.Context, request string, in api.AddRepo) (task.Repo, error) {
	if in.Name != "" {
		if err := checkName(in.Name); err != nil {
			return task.Repo{}, err
		}
	}
	s.adding.Lock()
	defer s.adding.Unlock()
	if path, ok := localPath(in.Spec, in.Cwd); ok {
		return s.addCheckout(ctx, request, in, path)
	}
	return s.addRemote(ctx, request, in)
}

func (s *Service) addCheckout(ctx context.Context, request string, in api.AddRepo, path string) (task.Repo, error) {
	found, err := s.cfg.Git.Open(ctx, path)
	if err != nil {
		return task.Repo{}, err
	}
	r := task.Repo{Workspace: in.Workspace, Path: found.Top, GitDir: found.GitDir, State: api.RepoReady}
	if _, url, err := s.cfg.Git.Remote(ctx, found); err == nil {
		if remote, err := NormalizeRemote(ofCheckout(url, found.Top)); err == nil { // a remote hf cannot use is no reason to refuse
			r.Remote = remote
		}
	}
	if r.DefaultBranch, err = s.cfg.Git.DefaultBranch(ctx, found); err != nil && !api.IsCode(err, api.CodeNotFound) {
		return task.Repo{}, err
	}
	known := func(other task.Repo) bool { return other.Path == r.Path || other.GitDir == r.GitDir }
	return s.put(ctx, request, r, in.Name, []string{filepath.Base(r.Path)}, known)
}

// ofCheckout gives a remote that is a directory of this machine the form of an
// address. A relative one is meant from the checkout's top.
func ofCheckout(remote, top string) string {
	if remote == "" {
		return ""
	}
	path := remote
	if !filepath.IsAbs(path) {
		path = filepath.Join(top, path)
	}
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		return remote
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func (s *Service) addRemote(ctx context.Context, request string, in api.AddRepo) (task.Repo, error) {
	u, err := parseRemote(in.Spec)
	if err != nil {
		return task.Repo{}, err
	}
	r := newClone(in.Workspace, u)
	key := RemoteKey(r.Remote)
	known := func(other task.Repo) bool { return RemoteKey(other.Remote) == key }
	r, err = s.put(ctx, request, r, in.Name, namesOf(u), known)
	if err == nil && r.Managed && r.State == api.RepoCloning {
		s.clone(r, in.Env, nil)
	}
	return r, err
}

// put stores a new repository under a free name, unless known finds it among
// those of the workspace.
func (s *Service) put(ctx context.Context, request string, r task.Repo, name string, names []string, known func(task.Repo) bool) (task.Repo, error) {
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		if done, err := replay(tx, request, &r); done || err != nil {
			return err
		}
		repos, err := tx.Repos(r.Workspace)
		if err != nil {
			return err
		}
		if r, err = s.putIn(tx, repos, r, name, names, known); err != nil {
			return err
		}
		return remember(tx, request, r)
	})
	return r, err
}

// putIn is put in a transaction that does more. repos are those of the workspace.
func (s *Service) putIn(tx Tx, repos []task.Repo, r task.Repo, name string, names []string, known func(task.Repo) bool) (task.Repo, error) {
	if err := tx.EnsureWorkspace(r.Workspace); err != nil {
		return r, err
	}
	var err error
	if i := slices.IndexFunc(repos, known); i >= 0 {
		r = repos[i]
		if r.State != api.RepoError {
			return r, nil
		}
		r.State, r.Reason, r.Failure = api.RepoCloning, "", nil
	} else {
		if r.Name, err = freeName(repos, name, names); err != nil {
			return r, err
		}
		r.ID, r.CreatedAt = ids.New(), s.cfg.Now()
	}
	if err := tx.PutRepo(&r); err != nil {
		return r, err
	}
	_, err = tx.Event(api.EventRepoChanged, r.Workspace, "", View(r, ""))
	return r, err
}

// replay gives the answer that an earlier try of the same request got.
func replay(tx Tx, request string, into any) (done bool, err error) {
	if request == "" {
		return false, nil
	}
	b, found, err := tx.Replay(request)
	if err != nil || !found {
		return false, err
	}
	return true, json.Unmarshal(b, into)
}

func remember(tx Tx, request string, answer any) error {
	if request == "" {
		return nil
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return tx.Remember(request, b)
}

// freeName returns the name the user gave, if nothing else has it, or else the
// first free one of those that suggest themselves.
func freeName(repos []task.Repo, given string, names []string) (string, error) {
	taken := map[string]bool{}
	for _, r := range repos {
		taken[strings.ToLower(r.Name)] = true
	}
	if given != "" {
		if taken[strings.ToLower(given)] {
			return "", &api.Error{
				Code: api.CodeExists, Message: fmt.Sprintf("a repo %q exists already in this workspace", given),
				Hint: "choose another name",
			}
		}
		return given, nil
	}
	for i, name := range names {
		names[i] = cleanName(name)
		if !taken[strings.ToLower(names[i])] {
			return names[i], nil
		}
	}
	for n := 2; n <= len(repos)+2; n++ {
		if name := names[0] + "-" + strconv.Itoa(n); !taken[strings.ToLower(name)] {
			return name, nil
		}
	}
	return "", errors.New("no name is free for the repo")
}

// cleanName turns the last part of a path into the name of a repo.
func cleanName(name string) string {
	name = regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(name, "-")
	name = strings.TrimLeft(name[:min(len(name), 60)], "-.")
	if name == "" {
		return "repo"
	}
	return name
}

func checkName(name string) error {
	if name == cleanName(name) {
		return nil
	}
	return &api.Error{
		Code: api.CodeInvalid, Message: fmt.Sprintf("%q cannot be the name of a repo", name),
		Hint: "use up to 60 letters, digits, '-', '_' and '.', beginning with a letter or digit",
	}
}

// localPath reports whether a spec means a directory of this machine.
func localPath(spec, cwd string) (string, bool) {
	switch {
	case spec == "":
		return cwd, true
	case filepath.IsAbs(spec):
		return spec, true
	case spec == "." || spec == ".." || strings.HasPrefix(spec, "./") || strings.HasPrefix(spec, "../"):
		return filepath.Join(cwd, spec), true
	case strings.Contains(spec, ":"):
		return "", false
	}
	path := filepath.Join(cwd, spec)
	if st, err := os.Stat(path); err == nil && st.IsDir() && cwd != "" {
		return path, true
	}
	return "", false
}

// View is a repository as the API shows it.
func View(r task.Repo, progress string) api.Repo {
	return api.Repo{
		Schema: api.Schema, ID: r.ID, Name: r.Name, Workspace: r.Workspace, Path: r.Path, Remote: r.Remote,
		DefaultBranch: r.DefaultBranch, Managed: r.Managed, State: r.State, Reason: r.Reason, Error: r.Failure,
		Progress: progress, Tasks: r.Tasks, CreatedAt: r.CreatedAt,
	}
}
