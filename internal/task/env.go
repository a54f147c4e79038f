package task

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/hf-dev/hf/pkg/api"
)

// vault keeps the secret variables of callers in memory, by task. They are
// never written down: a task whose secrets a crash took with it says so.
type vault struct {
	mu      sync.Mutex
	secrets map[string]api.Env
}

func newVault() *vault { return &vault{secrets: map[string]api.Env{}} }

func (v *vault) put(task string, secrets api.Env) {
	if len(secrets) == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secrets[task] == nil {
		v.secrets[task] = api.Env{}
	}
	maps.Copy(v.secrets[task], secrets)
}

func (v *vault) get(task string) api.Env {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.secrets[task])
}

func (v *vault) forget(task string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.secrets, task)
}

// Handoff returns the secrets for the daemon that takes over in this process.
func (s *Service) Handoff() []byte {
	s.vault.mu.Lock()
	defer s.vault.mu.Unlock()
	b, err := json.Marshal(s.vault.secrets)
	if err != nil {
		return nil // a map of strings always marshals
	}
	return b
}

// Adopt takes over the secrets of the daemon before.
func (s *Service) Adopt(handoff []byte) {
	var secrets map[string]api.Env
	if len(handoff) == 0 || json.Unmarshal(handoff, &secrets) != nil {
		return
	}
	for task, env := range secrets {
		s.vault.put(task, env)
	}
}

// keepEnv notes a caller's variables for the work on a task.
func (s *Service) keepEnv(t *Task, env api.Env) {
	if len(env) == 0 {
		return
	}
	isSecret := s.cfg.Settings().IsSecret
	plain, secrets := api.Env{}, api.Env{}
	for name, value := range env {
		if isSecret(name, value) {
			secrets[name] = value
		} else {
			plain[name] = value
		}
	}
	t.Env = plain
	t.Secrets = slices.Sorted(maps.Keys(secrets))
	s.vault.put(t.ID, secrets)
}

// callerEnv returns the variables the task's caller gave, and the names of
// those that are lost.
func (s *Service) callerEnv(t *Task) (env api.Env, lost []string) {
	env = api.Env{}
	maps.Copy(env, t.Env)
	secrets := s.vault.get(t.ID)
	for _, name := range t.Secrets {
		if value, ok := secrets[name]; ok {
			env[name] = value
		} else {
			lost = append(lost, name)
		}
	}
	return env, lost
}

// Environ turns layers of variables into NAME=value, the later layers winning.
func Environ(layers ...map[string]string) []string {
	all := map[string]string{}
	for _, l := range layers {
		maps.Copy(all, l)
	}
	out := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, name+"="+all[name])
	}
	return out
}
