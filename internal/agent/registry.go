package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// Configured is what the user's configuration says of one agent: of one hf
// knows, what differs; of any other, how to start it.
type Configured struct {
	Name       string
	Command    []string
	Terminal   []string // the command of its own terminal; empty = as built in
	Env        map[string]string
	Mode       string // "" = the one the permission policy means
	Model      string // "" = the agent's own choice
	Permission api.Permission
}

// Options is what a Registry is made of.
type Options struct {
	Demo       []string     // required: the command of the demo agent
	Configured []Configured // a name more than once: the last one counts
	Default    string       // "" = the first that is installed
	Permission api.Permission
}

// Registry knows the agents of one configuration.
type Registry struct {
	profiles []Profile
	choice   string
	policy   api.Permission
}

// New returns the registry of a configuration.
func New(opts Options) *Registry {
	r := &Registry{profiles: builtins(opts.Demo), choice: opts.Default, policy: opts.Permission}
	if r.policy == "" {
		r.policy = api.PermissionAsk
	}
	for _, c := range opts.Configured {
		i := slices.IndexFunc(r.profiles, func(p Profile) bool { return p.Name == c.Name })
		if i < 0 {
			i = len(r.profiles)
			r.profiles = append(r.profiles, Profile{Name: c.Name})
		}
		r.profiles[i].configure(c)
	}
	return r
}

func (p *Profile) configure(c Configured) {
	if len(c.Command) > 0 {
		p.Command = slices.Clone(c.Command)
		p.detect.asksVersion = false // another program than the one hf knows
	}
	if len(c.Terminal) > 0 {
		p.ownTerminal(slices.Clone(c.Terminal))
	}
	if len(c.Env) > 0 {
		env := maps.Clone(p.Env)
		if env == nil {
			env = map[string]string{}
		}
		maps.Copy(env, c.Env)
		p.Env = env
	}
	p.Mode, p.Model = c.Mode, c.Model
	if c.Permission != "" {
		p.Permission = c.Permission
	}
}

// Profile returns an agent by its name.
func (r *Registry) Profile(name string) (Profile, error) {
	for _, p := range r.profiles {
		if p.Name != name {
			continue
		}
		if len(p.Command) == 0 {
			return Profile{}, &api.Error{
				Code: api.CodeInvalid, Message: fmt.Sprintf("agent %q has no command", name),
				Hint: fmt.Sprintf("Set command in [agents.%s] of the configuration.", name),
			}
		}
		return p, nil
	}
	return Profile{}, &api.Error{
		Code: api.CodeNotFound, Message: fmt.Sprintf("no agent %q", name),
		Hint: "Agents: " + strings.Join(r.Names(), ", ") + ". [agents.NAME] in the configuration adds another.",
	}
}

// Names lists the agents, the ones hf knows by itself first.
func (r *Registry) Names() []string {
	names := make([]string, len(r.profiles))
	for i, p := range r.profiles {
		names[i] = p.Name
	}
	return names
}

// Default is the agent for a task that names none: the configured one, else
// the first of hf's own that is installed on env's PATH, else the demo agent.
func (r *Registry) Default(env []string) string {
	if r.choice != "" {
		return r.choice
	}
	for _, p := range r.profiles {
		if p.Builtin && p.Name != Demo && p.path(env) != "" {
			return p.Name
		}
	}
	return Demo
}

// List describes every agent as a session with this environment would find it.
// It starts no agent; of some it asks the version.
func (r *Registry) List(ctx context.Context, env []string) []api.Agent {
	out := make([]api.Agent, len(r.profiles))
	chosen := r.Default(env)
	var work sync.WaitGroup
	for i := range r.profiles {
		work.Go(func() {
			out[i] = r.describe(ctx, &r.profiles[i], env)
			out[i].Default = out[i].Name == chosen
		})
	}
	work.Wait()
	return out
}

func (r *Registry) describe(ctx context.Context, p *Profile, env []string) api.Agent {
	a := api.Agent{
		Name: p.Name, Builtin: p.Builtin, Command: slices.Clone(p.Command), Install: p.Install,
		Permission: string(p.Permission), Path: p.path(env),
	}
	if a.Permission == "" {
		a.Permission = string(r.policy)
	}
	if a.Path == "" {
		return a
	}
	a.Installed, a.Install = true, ""
	a.Version = p.version(ctx, a.Path, env)
	a.SignedIn, a.SignedInBy = p.signedIn(env)
	if a.SignedIn == nil || !*a.SignedIn {
		a.SignInHint = p.howToSignIn()
	}
	return a
}

// path is where the agent's program is, "" when it is not installed.
func (p *Profile) path(env []string) string {
	if len(p.Command) == 0 {
		return ""
	}
	path, err := xec.LookPath(p.Command[0], env)
	if err != nil {
		return ""
	}
	return path
}
