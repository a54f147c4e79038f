package fakemodel

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verb is what one line of a script does.
type verb string

const (
	verbSay  verb = "say"
	verbEdit verb = "edit"
	verbRun  verb = "run"
	verbAsk  verb = "ask"
	verbSlow verb = "slow"
	verbFail verb = "fail"

	// Not in scripts, but what a model does when a tool did not work.
	verbRead     verb = "read"     // before an edit again: some agents insist on it
	verbEscalate verb = "escalate" // run again, outside the agent's own sandbox
)

// step is one line of a script.
type step struct {
	verb  verb
	file  string // edit, read
	text  string // say, edit, run, ask
	count int    // slow
	pace  time.Duration
	fault Fault
}

// calls says whether the step is carried out by a tool of the agent.
func (s step) calls() bool {
	return s.verb == verbEdit || s.verb == verbRun || s.verb == verbAsk
}

var (
	directive = regexp.MustCompile(`^\s*(say|edit|run|ask|slow|fail)(?:\s+([^:]+?))?:\s*(.*?)\s*$`)
	sandboxed = regexp.MustCompile(`Read-only file system|Permission denied|Operation not permitted|bwrap:`)
	slowArgs  = regexp.MustCompile(`^(\d+)(?:\s+every\s+(\S+))?$`)
)

// defaultPace is the time between two lines of slow.
const defaultPace = 200 * time.Millisecond

// parse reads a prompt. It always returns at least one step.
func parse(prompt string) []step {
	var steps []step
	for line := range strings.Lines(prompt) {
		if m := directive.FindStringSubmatch(line); m != nil {
			if s, ok := parseStep(verb(m[1]), m[2], m[3]); ok {
				steps = append(steps, s)
			}
		}
	}
	if len(steps) == 0 {
		return []step{{verb: verbSay, text: "You said: " + strings.TrimSpace(prompt)}}
	}
	return steps
}

func parseStep(v verb, file, rest string) (step, bool) {
	s := step{verb: v, file: file, text: strings.ReplaceAll(rest, `\n`, "\n")}
	switch v {
	case verbEdit:
		return s, file != ""
	case verbSlow:
		m := slowArgs.FindStringSubmatch(rest)
		if m == nil {
			return s, false
		}
		s.count, _ = strconv.Atoi(m[1])
		s.pace = defaultPace
		if d, err := time.ParseDuration(m[2]); err == nil {
			s.pace = d
		}
	case verbFail:
		kind, after, _ := strings.Cut(rest, " ")
		s.fault.Kind = FaultKind(kind)
		if d, err := time.ParseDuration(strings.TrimSpace(after)); err == nil {
			s.fault.Reset = Duration(d)
		}
		return s, s.fault.Kind.known()
	default:
	}
	return s, file == ""
}

// exchange is what one request says, in no wire's words.
type exchange struct {
	prompt  string          // the last message of the user
	length  int             // messages so far: makes the ids of calls unique in a conversation
	results []result        // of the calls made since the prompt, in order
	tools   map[string]bool // offered; true for one that takes free text
	schema  map[string]any  // the shape that the answer must have, if any
	stream  bool
	model   string
	dir     string // the agent's working directory, where the request tells it
}

// result is what became of one call.
type result struct {
	id     string
	text   string
	failed bool
}

// reply is what the model says to one request: text, then at most one call.
type reply struct {
	text  []chunk
	call  *call
	fault Fault
}

// chunk is text that is sent as one event, after a pause.
type chunk struct {
	text  string
	after time.Duration
}

// call is one use of a tool.
type call struct {
	id   string
	step step
}

// aside says whether an agent asks this beside a turn.
func (x exchange) aside() bool {
	return len(x.tools) == 0 || x.schema != nil || strings.HasPrefix(x.prompt, "[SUGGESTION MODE")
}

// answer works out the reply to a request: from the first step that has no
// result yet, up to and including the next call.
func answer(x exchange) reply {
	if x.aside() {
		return reply{text: []chunk{{text: aside(x)}}}
	}
	steps := parse(x.prompt)
	if len(x.results) == 0 {
		return x.reply(steps, 0)
	}
	last := x.results[len(x.results)-1]
	at, v := parseCallID(last.id, len(x.results)-1)
	at = min(at, len(steps)-1)
	if again, ok := steps[at].again(v, last); ok {
		return reply{call: &call{id: callID(x.length, at, again.verb), step: again}}
	}
	if at+1 < len(steps) {
		return x.reply(steps, at+1)
	}
	return reply{text: pieces(closing(last))}
}

// again returns what a step still needs after the result of the call v.
func (s step) again(v verb, last result) (step, bool) {
	next := s
	switch {
	case v == verbEdit && last.failed && strings.Contains(last.text, "not been read"):
		next.verb = verbRead
	case v == verbRead:
		next.verb = verbEdit
	case v == verbRun && last.failed && sandboxed.MatchString(last.text):
		next.verb = verbEscalate
	default:
		return step{}, false
	}
	return next, true
}

// reply says and does what stands in the script from a step on.
func (x exchange) reply(steps []step, from int) reply {
	var r reply
	for i, s := range steps[from:] {
		switch {
		case s.verb == verbFail:
			r.fault = s.fault
			return r
		case s.calls():
			r.call = &call{id: callID(x.length, from+i, s.verb), step: s}
			return r
		case s.verb == verbSlow:
			for n := range s.count {
				r.text = append(r.text, chunk{text: fmt.Sprintf("line %d of %d\n", n+1, s.count), after: s.pace})
			}
		default:
			r.text = append(r.text, pieces(s.text)...)
		}
	}
	return r
}

func closing(last result) string {
	if !last.failed {
		return "Done."
	}
	return "That did not work: " + last.text
}

// pieces cuts a text at its words, as a model's tokens would.
func pieces(text string) []chunk {
	var out []chunk
	for _, w := range strings.SplitAfter(text, " ") {
		if w != "" {
			out = append(out, chunk{text: w})
		}
	}
	return out
}

// callID names a call so that its result tells which step it belongs to.
func callID(length, at int, v verb) string {
	return fmt.Sprintf("call_%d_%d_%s", length, at, v)
}

// parseCallID returns the step and verb of a call; an id that is none of ours
// belongs to the step that stands at its place among the results.
func parseCallID(id string, place int) (int, verb) {
	var length, at int
	var v string
	if _, err := fmt.Sscanf(id, "call_%d_%d_%s", &length, &at, &v); err != nil || at < 0 {
		return place, ""
	}
	return at, verb(v)
}
