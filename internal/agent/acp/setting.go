package acp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// setting is a mode or model that hf sets after the session began.
type setting struct {
	Want   string `json:"want,omitempty"`   // "" = nothing to set
	Option string `json:"option,omitempty"` // the config option to set it by; "" = its own method
	Exact  bool   `json:"exact,omitempty"`  // a person named it: no other will do
	Step   step   `json:"step,omitempty"`
}

func (s setting) settled() bool { return s.Want == "" || s.Step == stepDone }

// offer is what an agent offers of one setting, and how it is set.
type offer struct {
	values  []Mode
	current string
	option  string // "" = by a method of its own
}

// find returns the id of what a person calls by its id or its name.
func (o *offer) find(want string) (id string, ok bool) {
	for _, v := range o.values {
		if v.ID == want {
			return want, true
		}
	}
	for _, v := range o.values {
		if strings.EqualFold(v.ID, want) || strings.EqualFold(v.Name, want) {
			return v.ID, true
		}
	}
	return "", false
}

// maxOffered bounds how many values an error lists.
const maxOffered = 40

// none is the error of a setting that the agent does not offer.
func (o *offer) none(what, want string) *api.Error {
	err := &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("the agent offers no %s %q", what, want)}
	var ids []string
	for _, v := range o.values {
		ids = append(ids, clean(v.ID))
	}
	switch n := len(ids); {
	case n == 0:
		err.Hint = fmt.Sprintf("It lets nobody choose its %s.", what)
	case n > maxOffered:
		err.Hint = fmt.Sprintf("It offers %s and %d more.", strings.Join(ids[:maxOffered], ", "), n-maxOffered)
	default:
		err.Hint = "It offers " + strings.Join(ids, ", ") + "."
	}
	return err
}

func offerOf(options []configOption, what string) (o offer, ok bool) {
	for i := range options {
		if c := &options[i]; isOption(c, what) {
			return offer{values: c.values(), current: c.current(), option: c.ID}, true
		}
	}
	return offer{}, false
}

func modesOf(r *sessionResult) offer {
	if r.Modes != nil && len(r.Modes.Available) > 0 {
		return offer{values: r.Modes.Available, current: r.Modes.Current}
	}
	o, _ := offerOf(r.Options, "mode")
	return o
}

// modelsOf lists how an agent lets its model be chosen, the config option first:
// its answer says what is set. Codex has both, with other names in each.
func modelsOf(r *sessionResult) []offer {
	var out []offer
	if o, ok := offerOf(r.Options, "model"); ok {
		out = append(out, o)
	}
	if r.Models != nil {
		o := offer{current: r.Models.Current}
		for _, m := range r.Models.Available {
			o.values = append(o.values, Mode{ID: m.ID, Name: m.Name})
		}
		out = append(out, o)
	}
	return out
}

// chooseMode finds out how the mode that was asked for, or that the policy
// means, can be set. One that the policy means and the agent does not offer is
// never asked for: the agent stays in its own, and that is said.
func (m *Machine) chooseMode(r *sessionResult) *api.Error {
	s := &m.s
	o := modesOf(r)
	s.Modes, s.Mode = o.values, o.current
	if m.cfg.Mode == "" {
		if s.Mode != "" {
			m.emit(api.Entry{Kind: api.EntryMode, Mode: s.Mode})
		}
		return nil
	}
	wanted := []string{m.cfg.Mode}
	if !m.cfg.Exact {
		wanted = strings.Split(m.cfg.Mode, ",")
	}
	for _, want := range wanted {
		if want == s.Mode {
			m.emit(api.Entry{Kind: api.EntryMode, Mode: s.Mode})
			return nil
		}
		if id, ok := o.find(want); ok {
			s.SetMode = setting{Want: id, Option: o.option, Exact: m.cfg.Exact}
			return nil
		}
	}
	if m.cfg.Exact {
		return o.none("mode", m.cfg.Mode)
	}
	m.sayKept("mode", m.cfg.Mode, s.Mode)
	return nil
}

// chooseModel finds out how the model that was asked for can be set. It sees to
// it that the agent does not take one nobody chose for want of credentials.
func (m *Machine) chooseModel(r *sessionResult) *api.Error {
	offers := modelsOf(r)
	if len(offers) > 0 {
		m.s.Model = offers[0].current
	}
	want := m.cfg.Model
	if want == "" {
		if len(offers) > 0 && m.cfg.Hosted != "" {
			return m.checkOwn(&offers[0])
		}
		return nil
	}
	for i := range offers {
		o := &offers[i]
		if id, ok := o.find(want); ok {
			if id != o.current {
				m.s.SetModel = setting{Want: id, Option: o.option, Exact: true}
			}
			return nil
		}
	}
	if len(offers) == 0 {
		offers = append(offers, offer{})
	}
	return offers[0].none("model", want)
}

// checkOwn fails when the agent has only models that it serves to everybody, or
// none at all: nobody is signed in.
func (m *Machine) checkOwn(o *offer) *api.Error {
	hosted := strings.HasPrefix(o.current, m.cfg.Hosted)
	if !hosted && slices.ContainsFunc(o.values, func(v Mode) bool { return v.ID == o.current }) {
		return nil
	}
	err := &api.Error{
		Code: api.CodeUnauthorized, Message: "the agent has no model to use: nobody is signed in to it",
		Hint: firstOf(m.cfg.SignIn, "Sign in to the agent with its own program, then try again."),
	}
	if hosted {
		err.Message += fmt.Sprintf(", and it would fall back to the free model %s", clean(o.current))
	}
	err.Hint += " Its free models are used only when one is named: --model " + m.cfg.Hosted + "NAME."
	return err
}

// settingAnswered folds the answer to a request for a mode or model. It is
// believed only as far as the answer goes: some agents answer with what is set.
func (m *Machine) settingAnswered(set *setting, what string, result json.RawMessage, failure *rpcError) {
	set.Step = stepDone
	if failure != nil {
		text := fmt.Sprintf("the agent did not take the %s %q: %s", what, set.Want, m.rpcFailure("", failure).Message)
		if set.Exact {
			m.fail(&api.Error{Code: api.CodeAgent, Message: text})
			return
		}
		m.say(text)
		return
	}
	var r sessionResult
	decode(result, &r)
	for i := range r.Options {
		o := &r.Options[i]
		if o.ID != set.Option || o.current() == set.Want {
			continue
		}
		if set.Exact {
			m.fail(&api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("the agent did not take the %s %q and stays with %q", what, set.Want, clean(o.current()))})
			return
		}
		m.sayKept(what, set.Want, o.current())
		return
	}
	switch what {
	case "mode":
		if m.s.Mode != set.Want {
			m.modeIs(set.Want)
		}
	case "model":
		m.s.Model = set.Want
		m.say("the model is " + clean(set.Want))
	}
}

func (m *Machine) modeIs(id string) {
	m.s.Mode = id
	m.emit(api.Entry{Kind: api.EntryMode, Mode: id})
}

func (m *Machine) sayKept(what, want, is string) {
	text := fmt.Sprintf("the agent does not offer the %s %q", what, want)
	if is != "" {
		text += fmt.Sprintf(" and stays in %q", is)
	}
	m.say(text)
}
