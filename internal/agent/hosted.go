package agent

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
)

// hosted is what a program serves by itself to people who are not signed in
// to anything. A prompt must not go there because a key was forgotten.
type hosted struct {
	models  string            // begins the ids of these models
	keys    []string          // variables whose value means that the user has an account there
	account string            // a JSON file …
	entry   string            // … with this key when the user has one
	off     map[string]string // the variables that keep the program from these models
}

// Guarded is the profile kept from models that its program serves to everybody,
// unless model names one of them or the user has an account there. Env is then
// complete. caller is the environment of the person.
func (p Profile) Guarded(caller []string, model string) Profile {
	h := p.hosted
	if h == nil {
		return p
	}
	env := p.own(caller)
	if strings.HasPrefix(model, h.models) || h.signedIn(env) {
		p.hosted = nil
		return p
	}
	with := maps.Clone(p.Env)
	if with == nil {
		with = map[string]string{}
	}
	for name, value := range h.off {
		if _, ok := with[name]; !ok { // what the user configured wins; the handshake still looks
			with[name] = value
		}
	}
	p.Env = with
	return p
}

// own is the caller's environment with what the profile sets by itself.
func (p *Profile) own(caller []string) []string {
	env := append([]string(nil), caller...)
	for name, value := range p.Env {
		env = append(env, name+"="+value)
	}
	return env
}

func (h *hosted) signedIn(env []string) bool {
	for _, name := range h.keys {
		if value(env, name) != "" {
			return true
		}
	}
	b, err := os.ReadFile(expand(h.account, env))
	var entries map[string]json.RawMessage
	return err == nil && json.Unmarshal(b, &entries) == nil && len(entries[h.entry]) > 0
}
