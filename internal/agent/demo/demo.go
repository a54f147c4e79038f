// Package demo is an agent that needs no account: it speaks the Agent Client
// Protocol on its standard input and output and does what its prompt says,
// line by line. It is the default agent, the tutorial and the test double.
//
// A prompt whose first line is one of these directives is a script; \n in TEXT
// is a new line:
//
//	say: TEXT              think: TEXT            plan: A; B; C
//	write PATH: TEXT       append PATH: TEXT      read PATH
//	run: CMD               asks for permission unless its mode is "all"
//	ask: QUESTION          a permission request with allow and deny
//	input: QUESTION        ends the turn; the next prompt is the answer
//	commit: MESSAGE        commits everything in the working directory
//	sleep: DURATION        stream: N every DURATION
//	fail: MESSAGE          limit: DURATION        garbage
//	crash                  exit: CODE             hang
//
// Any other prompt makes it say what it would do and write demo/<slug>.md.
//
// Its own terminal takes lines of such a script from a person.
package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hf-dev/hf/internal/ids"
)

// Version is what the demo agent calls its version.
const Version = "1.0.0"

// The modes of the demo agent: what it does without asking.
const (
	modeAsk   = "ask"
	modeEdits = "edits"
	modeAll   = "all"
)

type object map[string]any

// Main runs the agent until its input ends, ctx does, or its script says so,
// and returns the exit code. env is the environment of the commands it runs.
func Main(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if in, ok := stdin.(*os.File); ok && len(args) > 0 && len(args) <= 2 && args[0] == "--terminal" {
		return runTerminal(ctx, strings.Join(args[1:], ""), env, in, stderr)
	}
	if len(args) > 0 {
		_, _ = fmt.Fprintln(stderr, "usage: hfd demo-agent (speaks the Agent Client Protocol on its standard input and output)\n       hfd demo-agent --terminal [CONVERSATION] (on a terminal)")
		return 2
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &server{
		ctx: ctx, env: env, out: stdout, prompts: make(chan func(), 64), exit: make(chan int, 1),
		sessions: map[string]*session{}, waiting: map[int64]chan message{},
	}
	go s.read(stdin)
	var worker sync.WaitGroup
	worker.Go(s.work)
	code := 0
	select {
	case code = <-s.exit:
	case <-ctx.Done():
	}
	cancel()
	worker.Wait() // what it runs is ended before it ends itself
	return code
}

// message is any JSON-RPC message.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// server is one process of the agent. Input is read all the time; prompts are
// carried out one after the other.
type server struct {
	ctx     context.Context
	env     []string
	prompts chan func()
	exit    chan int
	hung    atomic.Bool
	outputs atomic.Bool // the client shows terminal output; set by initialize

	outMu sync.Mutex
	out   io.Writer

	mu       sync.Mutex
	sessions map[string]*session
	waiting  map[int64]chan message
	lastID   int64
}

// session is one conversation.
type session struct {
	id  string
	cwd string

	mu      sync.Mutex
	mode    string
	runs    bool // "always allow" was chosen for commands
	forgot  bool // it is another process's conversation
	rest    []directive
	cancels map[int]context.CancelFunc // of the turns not yet ended
	turns   int
}

func (s *server) work() {
	for {
		select {
		case f := <-s.prompts:
			f()
		case <-s.ctx.Done():
			return
		}
	}
}

// read serves the client until its end of the pipe is closed.
func (s *server) read(stdin io.Reader) {
	r := bufio.NewReader(stdin)
	for {
		line, err := r.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 && !s.hung.Load() {
			s.handle(line)
		}
		if err != nil {
			if !s.hung.Load() {
				s.stop(0)
			}
			return
		}
	}
}

// stop ends the process with a code; the first one counts.
func (s *server) stop(code int) {
	select {
	case s.exit <- code:
	default:
	}
}

func (s *server) handle(line []byte) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		s.fail(json.RawMessage("null"), -32700, "that is not JSON")
		return
	}
	if m.Method == "" {
		s.answered(m)
		return
	}
	switch m.Method {
	case "initialize":
		s.initialize(m)
	case "authenticate":
		s.result(m.ID, object{})
	case "session/new", "session/load", "session/resume":
		s.open(m)
	case "session/set_mode":
		s.setMode(m)
	case "session/prompt":
		s.prompt(m)
	case "session/cancel":
		s.cancel(m)
	default:
		if len(m.ID) > 0 {
			s.fail(m.ID, -32601, "the demo agent does not know "+m.Method)
		}
	}
}

func (s *server) initialize(m message) {
	var p struct {
		Capabilities struct {
			Meta struct {
				Output bool `json:"terminal_output"`
			} `json:"_meta"`
		} `json:"clientCapabilities"`
	}
	_ = json.Unmarshal(m.Params, &p)
	s.outputs.Store(p.Capabilities.Meta.Output)
	s.result(m.ID, object{
		"protocolVersion": 1,
		"agentInfo":       object{"name": "demo", "title": "Demo agent", "version": Version},
		"agentCapabilities": object{
			"loadSession":         true,
			"promptCapabilities":  object{},
			"sessionCapabilities": object{"resume": object{}},
		},
		"authMethods": []any{},
	})
}

// open begins a session. A conversation of an earlier process is taken up by
// its name alone: the next turn says that nothing of it is known.
func (s *server) open(m message) {
	var p struct {
		SessionID string `json:"sessionId"`
		Cwd       string `json:"cwd"`
	}
	_ = json.Unmarshal(m.Params, &p)
	if !filepath.IsAbs(p.Cwd) {
		s.fail(m.ID, -32602, fmt.Sprintf("cwd %q is not an absolute path", p.Cwd))
		return
	}
	id := p.SessionID
	if m.Method == "session/new" {
		id = "demo-" + ids.New()
	}
	s.mu.Lock()
	known := s.sessions[id]
	if known == nil {
		known = &session{id: id, cwd: p.Cwd, mode: modeAsk, forgot: m.Method != "session/new", cancels: map[int]context.CancelFunc{}}
		s.sessions[id] = known
	}
	s.mu.Unlock()
	known.mu.Lock()
	mode := known.mode
	known.mu.Unlock()
	s.result(m.ID, object{
		"sessionId": id,
		"modes": object{
			"currentModeId": mode,
			"availableModes": []object{
				{"id": modeAsk, "name": "Ask", "description": "Asks before it runs a command"},
				{"id": modeEdits, "name": "Edits", "description": "Edits without asking, asks before it runs a command"},
				{"id": modeAll, "name": "All", "description": "Asks nothing"},
			},
		},
	})
}

func (s *server) setMode(m message) {
	var p struct {
		SessionID string `json:"sessionId"`
		Mode      string `json:"modeId"`
	}
	_ = json.Unmarshal(m.Params, &p)
	sess := s.session(m, p.SessionID)
	if sess == nil {
		return
	}
	if p.Mode != modeAsk && p.Mode != modeEdits && p.Mode != modeAll {
		s.fail(m.ID, -32602, fmt.Sprintf("no mode %q", p.Mode))
		return
	}
	sess.mu.Lock()
	sess.mode = p.Mode
	sess.mu.Unlock()
	s.result(m.ID, object{})
	s.update(sess.id, object{"sessionUpdate": "current_mode_update", "currentModeId": p.Mode})
}

// prompt queues a turn. Its cancel function works from now on.
func (s *server) prompt(m message) {
	var p struct {
		SessionID string `json:"sessionId"`
		Prompt    []struct {
			Text string `json:"text"`
			Meta struct {
				HF struct {
					Context bool `json:"context"` // hf's words, not the person's
				} `json:"hf"`
			} `json:"_meta"`
		} `json:"prompt"`
	}
	_ = json.Unmarshal(m.Params, &p)
	sess := s.session(m, p.SessionID)
	if sess == nil {
		return
	}
	var text bytes.Buffer
	for _, b := range p.Prompt {
		if !b.Meta.HF.Context {
			text.WriteString(b.Text)
		}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	sess.mu.Lock()
	sess.turns++
	n := sess.turns
	sess.cancels[n] = cancel
	sess.mu.Unlock()
	t := &turn{server: s, session: sess, n: n, prompt: text.String()}
	s.prompts <- func() {
		defer func() {
			cancel()
			sess.mu.Lock()
			delete(sess.cancels, n)
			sess.mu.Unlock()
		}()
		t.run(ctx, m.ID)
	}
}

func (s *server) cancel(m message) {
	var p struct {
		SessionID string `json:"sessionId"`
	}
	_ = json.Unmarshal(m.Params, &p)
	s.mu.Lock()
	sess := s.sessions[p.SessionID]
	s.mu.Unlock()
	if sess == nil {
		return
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	for _, cancel := range sess.cancels {
		cancel()
	}
}

// session finds a session, or refuses the request.
func (s *server) session(m message, id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	sess := s.sessions[id]
	if sess == nil {
		s.fail(m.ID, -32002, fmt.Sprintf("Session not found: %s", id))
	}
	return sess
}
