package repo

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// progressEvery is how often the progress of a clone is told.
const progressEvery = time.Second

// atOnce is how many repositories are cloned at a time that nobody waits for.
const atOnce = 3

// clone clones a repository in the background, once at a time, and with others
// that share slots only as many at a time as those are. Without Start, or with a
// clone of it in progress, it does nothing: the row says what is to be done.
func (s *Service) clone(r task.Repo, env api.Env, slots chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil || s.ctx.Err() != nil || s.live[r.ID] {
		return
	}
	s.live[r.ID] = true
	ctx := s.ctx
	s.group.Go(func() {
		defer func() {
			s.mu.Lock()
			delete(s.live, r.ID)
			s.mu.Unlock()
		}()
		if slots != nil {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return // the next Start goes on
			}
		}
		s.runClone(ctx, r, env)
	})
}

func (s *Service) runClone(ctx context.Context, r task.Repo, env api.Env) {
	dest := s.dest(r.Remote)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	var login *git.Login
	if s.cfg.Login != nil {
		login = s.cfg.Login(ctx, r.Remote, env)
	}
	var found git.Repo
	err := fault.Around("repo.clone", func() (err error) {
		found, err = s.cfg.Git.Clone(ctx, r.Remote, dest, login, list, s.reporter(ctx, r))
		return err
	})
	if ctx.Err() != nil {
		return // the row still says cloning: the next Start goes on
	}
	branch := ""
	if err == nil {
		branch, err = s.cfg.Git.DefaultBranch(ctx, found)
		if api.IsCode(err, api.CodeNotFound) {
			err = nil // tasks can name their base
		}
	}
	fault.Pass("repo.clone.record")
	err = errors.Join(err, s.finish(ctx, r.ID, found, branch, err))
	if err != nil {
		s.cfg.Log.Error("clone", "repo", r.Name, "err", err)
	}
}

// finish notes how a clone ended.
func (s *Service) finish(ctx context.Context, id string, found git.Repo, branch string, failure error) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		r, err := tx.Repo(id)
		if err != nil {
			return err
		}
		r.State, r.Reason, r.Failure = api.RepoReady, "", nil
		r.Path, r.GitDir, r.DefaultBranch = found.Top, found.GitDir, branch
		if failure != nil {
			r.State, r.Failure = api.RepoError, &api.Error{Code: api.CodeGit, Message: failure.Error()}
			if e, ok := errors.AsType[*api.Error](failure); ok {
				r.Failure = e
			}
			r.Reason = r.Failure.Message
			r.Path, r.GitDir = "", ""
		}
		if err := tx.PutRepo(r); err != nil {
			return err
		}
		_, err = tx.Event(api.EventRepoChanged, r.Workspace, "", View(*r, ""))
		return err
	})
}

// reporter turns the progress of a clone into events, not too many of them.
func (s *Service) reporter(ctx context.Context, r task.Repo) func(string) {
	var last time.Time
	return func(text string) {
		now := s.cfg.Now()
		if now.Sub(last) < progressEvery {
			return
		}
		last = now
		err := s.cfg.Store.Update(ctx, func(tx Tx) error {
			_, err := tx.Event(api.EventRepoChanged, r.Workspace, "", View(r, text))
			return err
		})
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("tell progress of clone", "repo", r.Name, "err", err)
		}
	}
}

// dest is where the clone of a remote lives: <dir>/<host>/<owner>/<name>.
func (s *Service) dest(remote string) string {
	odd := regexp.MustCompile(`[^A-Za-z0-9._-]`)
	parts := []string{s.cfg.Dir}
	for part := range strings.SplitSeq(RemoteKey(remote), "/") {
		part = odd.ReplaceAllString(part, "_")
		if part == "" || part[0] == '.' {
			part = "_" + part
		}
		parts = append(parts, part)
	}
	return filepath.Join(parts...)
}
