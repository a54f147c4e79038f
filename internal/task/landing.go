package task

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/pkg/api"
)

// CheckMerged runs a task's check on what came of merging its branch, as part of
// an operation that may be another's: in the sandbox, or in dir, which has those
// files and nothing else, so that the repository's set-up runs there first. It
// returns nil for a task without a check.
func (s *Service) CheckMerged(ctx context.Context, run *operation.Run, id, dir string) (*api.CheckResult, error) {
	t, repo, err := s.load(ctx, id)
	if err != nil || t.Check == "" {
		return nil, err
	}
	cfg, err := s.trustedConfig(ctx, t, repo)
	if err != nil {
		cfg = repoconfig.Config{} // the check is the user's own; only what is the repository's is left out
	}
	at := *t
	if dir != "" {
		at.Path = dir
		if err := s.setUpMerged(ctx, run, &at, cfg); err != nil {
			return nil, err
		}
	}
	run.Progress(t.Check)
	exit, tail, err := s.runCommand(ctx, run, &at, cfg, run.Op.ID+"-check", t.Check)
	if err != nil {
		return nil, operation.WithLog(err, tail)
	}
	return &api.CheckResult{Command: t.Check, ExitCode: exit, Output: tail}, s.cfg.Commands.Stop(ctx, run.Op.ID+"-")
}

func (s *Service) setUpMerged(ctx context.Context, run *operation.Run, t *Task, cfg repoconfig.Config) error {
	for i, command := range cfg.Setup {
		run.Progress(fmt.Sprintf("set-up %d/%d %s", i+1, len(cfg.Setup), command))
		exit, tail, err := s.runCommand(ctx, run, t, cfg, fmt.Sprintf("%s-setup-%d", run.Op.ID, i), command)
		if err != nil {
			return operation.WithLog(err, tail)
		}
		if exit != 0 {
			return operation.WithLog(&api.Error{
				Code: api.CodeSetup, Message: fmt.Sprintf("setup command %q ended with exit code %d where the merged files are to be checked", command, exit),
				Hint: "nothing was merged",
			}, tail)
		}
	}
	return nil
}
