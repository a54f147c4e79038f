package task

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// runAgent starts the task's agent and waits until it takes prompts.
func (s *Service) runAgent(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if s.cfg.Terminals.Running(t.ID) {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("the agent of task %s is in its own terminal", t.ID), Hint: fmt.Sprintf("`hf attach --terminal %s` leads there; leave it first.", t.ID)}
	}
	req, err := s.startRequest(ctx, t, repo)
	if err != nil {
		return err
	}
	// The commands of the set-up, kept so that none runs twice, are done with.
	if err := s.cfg.Commands.Stop(ctx, run.Op.ID+"-"); err != nil {
		return err
	}
	run.Progress("starting " + t.Agent)
	id, err := s.cfg.Sessions.Start(ctx, req)
	if err != nil {
		return s.notStarted(t, err)
	}
	began, at := s.cfg.Now(), ""
	waitCtx, cancel := run.Parkable(ctx)
	defer cancel()
	err = s.cfg.Sessions.WaitReady(waitCtx, id, func(phase string) {
		at = phase
		run.Progress(fmt.Sprintf("%s: %s (%s)", t.Agent, phase, elapsed(began, s.cfg.Now())))
	})
	if err != nil && waitCtx.Err() != nil && ctx.Err() == nil {
		return operation.ErrParked
	}
	if api.IsCode(err, api.CodeTimeout) {
		err = &api.Error{
			Code: api.CodeTimeout, Message: fmt.Sprintf("%s did not answer %s within %s", t.Agent, or(at, "initialize"), s.cfg.Settings().AgentLimit),
			Hint: fmt.Sprintf("`hf agent test %s` shows what it says; agent_timeout below [create] in the configuration gives it longer. `hf retry %s` tries again.", t.Agent, t.ID),
		}
	}
	if err != nil {
		return s.agentFailed(ctx, t, err)
	}
	return nil
}

// notStarted adds to the error of a program that is not there how to get it.
func (s *Service) notStarted(t *Task, err error) error {
	if !api.IsCode(err, api.CodeAgentMissing) {
		return err
	}
	how := fmt.Sprintf("Correct command below [agents.%s] in the configuration", t.Agent)
	if p, unknown := s.cfg.Agents.Profile(t.Agent); unknown == nil && p.Builtin && p.Install != "" {
		how = "To install it: " + p.Install
	}
	return &api.Error{Code: api.CodeAgentMissing, Message: err.Error(), Hint: fmt.Sprintf("%s, then `hf retry %s`.", how, t.ID)}
}

// agentFailed ends what there is of an agent that did not become ready.
func (s *Service) agentFailed(ctx context.Context, t *Task, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	if err := s.cfg.Sessions.Stop(ctx, t.ID); err != nil {
		s.cfg.Log.Error("stop an agent that did not start", "task", t.ID, "err", err)
	}
	return cause
}

// startRequest says how to run a task's agent in its sandbox.
func (s *Service) startRequest(ctx context.Context, t *Task, repo *Repo) (session.StartRequest, error) {
	profile, err := s.profileOf(t)
	if err != nil {
		return session.StartRequest{}, err
	}
	cmd, err := s.agentCommand(ctx, t, repo, profile, sandbox.Command{Argv: profile.Command})
	if err != nil {
		return session.StartRequest{}, err
	}
	drive := profile.ACP(t.Path, t.Permission, t.Mode, t.Model)
	drive.ClientVersion = s.cfg.Settings().ClientVersion
	if drive.Resume, err = s.lastConversation(ctx, t); err != nil {
		return session.StartRequest{}, err
	}
	origin, err := record(t, repo)
	if err != nil {
		return session.StartRequest{}, err
	}
	return session.StartRequest{Task: t.ID, Agent: t.Agent, Argv: cmd.Argv, Dir: cmd.Dir, Env: cmd.Env, ACP: drive, Origin: origin}, nil
}

// profileOf is how a task's agent is driven under its policy.
func (s *Service) profileOf(t *Task) (agent.Profile, error) {
	profile, err := s.cfg.Agents.Profile(t.Agent)
	if err != nil {
		return agent.Profile{}, err
	}
	caller, _ := s.callerEnv(t)
	return profile.For(t.Permission).Guarded(Environ(caller), t.Model), nil
}

// agentCommand is how to run a program of a task's agent in the sandbox, with
// the variables the agent has.
func (s *Service) agentCommand(ctx context.Context, t *Task, repo *Repo, profile agent.Profile, cmd sandbox.Command) (api.Command, error) {
	cfg, err := s.trustedConfig(ctx, t, repo)
	if err != nil {
		return api.Command{}, err
	}
	if cmd.Env, err = s.agentEnv(t, profile, cfg.Env); err != nil {
		return api.Command{}, err
	}
	return s.wrap(t, cmd)
}

// lastConversation is the agent's own id of the conversation to take up again,
// or "".
func (s *Service) lastConversation(ctx context.Context, t *Task) (id string, err error) {
	if t.Session == "" {
		return "", nil
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		last, err := tx.Session(t.Session)
		if err != nil {
			return err
		}
		if last.Agent == t.Agent {
			id = last.ACPID
		}
		return nil
	})
	return id, err
}

// agentEnv is the whole environment of a task's agent: the caller's variables
// without keys, the repository's, what the profile sets. The machine's own
// login wins over a key in the caller's shell, unless the profile names it. A
// variable that the profile takes from the caller and the caller does not have
// is left out; one that only a daemon that has ended knew is an error.
func (s *Service) agentEnv(t *Task, profile agent.Profile, repoEnv map[string]string) ([]string, error) {
	env, lost := s.callerEnv(t)
	own := map[string]string{}
	for name, value := range profile.Env {
		from, taken := s.cfg.Settings().Reference(value)
		if taken && slices.Contains(lost, from) {
			return nil, &api.Error{
				Code:    api.CodeUnauthorized,
				Message: fmt.Sprintf("%s needs %s, which was in the memory of a daemon that has ended", t.Agent, from),
				Hint:    fmt.Sprintf("`hf retry %s` from a shell that has it goes on.", t.ID),
			}
		}
		if !taken {
			own[name] = value
		} else if v, ok := env[from]; ok {
			own[name] = v
		}
	}
	isSecret := s.cfg.Settings().IsSecret
	for name, value := range env {
		if isSecret(name, value) && !forEveryAgent(name) {
			delete(env, name)
		}
	}
	return Environ(env, repoEnv, own, taskVars(t)), nil
}

// forEveryAgent reports whether a secret variable is no agent's key: forges and
// proxies are what the commands of any agent need.
func forEveryAgent(name string) bool {
	switch name {
	case "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN":
		return true
	}
	return strings.HasSuffix(strings.ToLower(name), "_proxy")
}

func taskVars(t *Task) map[string]string {
	return map[string]string{"HF_TASK": t.ID, "HF_BRANCH": t.Branch}
}
