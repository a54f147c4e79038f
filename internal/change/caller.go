package change

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// packed is what is stored of a request: its arguments, and the variables of
// its caller that are no secrets.
type packed struct {
	Env  api.Env         `json:"env,omitempty"`
	Args json.RawMessage `json:"args,omitempty"`
}

func pack(env api.Env, args any) (json.RawMessage, error) {
	b, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	return json.Marshal(packed{Env: env, Args: b})
}

func unpack(op *operation.Operation) (p packed, err error) {
	if len(op.Args) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(op.Args, &p); err != nil {
		return p, fmt.Errorf("read the arguments of the operation: %w", err)
	}
	return p, nil
}

// argsOf reads the arguments of an operation.
func argsOf[T any](op *operation.Operation) (v T, err error) {
	p, err := unpack(op)
	if err != nil || len(p.Args) == 0 {
		return v, err
	}
	if err := json.Unmarshal(p.Args, &v); err != nil {
		return v, fmt.Errorf("read the arguments of the operation: %w", err)
	}
	return v, nil
}

// callerEnv returns the variables of the caller that an operation is for. After
// a restart those that hold secrets are gone: what was signed in by them is
// signed in by another way then, or says that it cannot.
func (s *Service) callerEnv(op *operation.Operation) (api.Env, error) {
	p, err := unpack(op)
	if err != nil {
		return nil, err
	}
	env := api.Env{}
	maps.Copy(env, p.Env)
	maps.Copy(env, s.callers.get(op.ID))
	return env, nil
}

// split parts a caller's variables by whether they may be stored.
func (s *Service) split(env api.Env) (plain, secrets api.Env) {
	plain, secrets = api.Env{}, api.Env{}
	for name, value := range env {
		if s.cfg.IsSecret(name, value) {
			secrets[name] = value
		} else {
			plain[name] = value
		}
	}
	return plain, secrets
}

// callers keeps the secret variables of callers in memory, by operation.
type callers struct {
	mu      sync.Mutex
	secrets map[string]api.Env
}

func newCallers() *callers { return &callers{secrets: map[string]api.Env{}} }

func (c *callers) put(op string, secrets api.Env) {
	if len(secrets) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[op] = secrets
}

func (c *callers) get(op string) api.Env {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.secrets[op])
}

// drop forgets what an operation that has ended needs no more.
func (c *callers) drop(op string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.secrets, op)
}
