package acp

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// Config says how hf drives one session. It is stored beside the journal, so
// it holds no secret, and is the same for every fold of it.
type Config struct {
	ClientVersion string       `json:"clientVersion"`
	Cwd           string       `json:"cwd"` // absolute, as the agent sees it
	Resume        string       `json:"resume,omitempty"`
	ResumeMethod  ResumeMethod `json:"resumeMethod,omitempty"`
	Mode          string       `json:"mode,omitempty"`  // mode ids in order of preference, comma-separated; "" = leave
	Exact         bool         `json:"exact,omitempty"` // a person named the one Mode: no other will do
	Model         string       `json:"model,omitempty"` // id or name; "" = leave
	// Hosted begins the models that the agent serves to people who are not signed
	// in. It must not fall back to one of those: only Model can name it.
	Hosted      string         `json:"hosted,omitempty"`
	Permission  api.Permission `json:"permission"`
	ServeFiles  bool           `json:"serveFiles,omitempty"`  // answer fs/* calls although none is offered
	EmbedImages bool           `json:"embedImages,omitempty"` // beside other files it drops images that are not embedded
	SignIn      string         `json:"signIn,omitempty"`      // the hint when the agent is not signed in
}

// ResumeMethod is how an earlier conversation is taken up again.
type ResumeMethod string

// The ways to resume, as preferences: what the agent says it can decides.
const (
	ResumeNone ResumeMethod = ""
	ResumeByID ResumeMethod = "resume" // session/resume: replays nothing
	ResumeLoad ResumeMethod = "load"   // session/load: replays what hf then ignores
)

// Mode is one way of working that an agent offers.
type Mode struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// AgentInfo is how the agent names itself.
type AgentInfo struct {
	Name    string `json:"name,omitempty"`
	Title   string `json:"title,omitempty"`
	Version string `json:"version,omitempty"`
}

// String returns the name and version, or "".
func (a AgentInfo) String() string {
	name := a.Title
	if name == "" {
		name = a.Name
	}
	if name != "" && a.Version != "" {
		return name + " " + a.Version
	}
	return name
}

// The phases of a session before its first prompt, as Facts.Phase.
const (
	PhaseInitialize = "initialize"
	PhaseSession    = "session"
	PhaseMode       = "mode"
	PhaseReady      = "ready"
)

// Facts is what the journal so far says of the session. It shares nothing with
// the Machine.
type Facts struct {
	Activity     api.Activity
	Reason       string
	Since        time.Time // when Activity began
	Ready        bool      // the handshake is over: prompts are taken
	Phase        string
	Protocol     int // the agent's protocol version; 0 = not said yet
	ACPID        string
	AgentInfo    AgentInfo
	Title        string // the agent's own title of the conversation
	Resumed      bool
	Steering     bool // the agent takes messages in the middle of a turn
	Modes        []Mode
	CurrentMode  string
	Model        string // the agent's, "" = it does not say
	Turn         string // the message whose turn is in progress, or ""
	TurnStart    time.Time
	Cancelling   bool      // an interrupt was written and the turn goes on
	LastProgress time.Time // when the agent last wrote anything
	LastGiven    time.Time // when hf last wrote anything to it
	OpenTool     string    // what a tool call that has not ended does, or ""
	Prompted     bool      // there was a turn

	OpenPermissions []api.PermissionRequest // those that a person must answer
	Questions       []Question              // the open ones, oldest first
	LimitReset      *time.Time              // only with ActivityLimited, where the agent said it
	Garbage         int                     // lines that were not JSON-RPC
	Exit            *api.ExitEvent
	Err             *api.Error // why the handshake failed
}

// Outgoing is something that must be written to the agent and is not in the
// journal yet. Key is the same each time it is asked for.
type Outgoing struct {
	Key  string
	Line []byte  // the whole line
	FS   *FSCall // instead of Line: a file call whose result makes the line
}

// Machine folds one session's journal. It is not safe for concurrent use.
type Machine struct {
	cfg  Config
	s    state
	line []byte // the unfinished line
	now  time.Time
	out  []api.Entry
}

// New returns the machine of a journal's beginning.
func New(cfg Config) *Machine {
	m := &Machine{cfg: cfg}
	m.s.Version = stateVersion
	m.s.Activity = api.ActivityStarting
	m.s.Reason = "the agent is being started"
	return m
}

// Restore returns the machine whose Snapshot was taken. It must be fed the
// journal from the SafeOffset of that time. An empty snapshot is a beginning.
func Restore(cfg Config, snapshot []byte) (*Machine, error) {
	m := New(cfg)
	if len(snapshot) == 0 {
		return m, nil
	}
	var s state
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return nil, fmt.Errorf("read session snapshot: %w", err)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("session snapshot has version %d, not %d", s.Version, stateVersion)
	}
	m.s = s
	return m, nil
}

// Snapshot returns the state as JSON, to be kept together with SafeOffset.
func (m *Machine) Snapshot() []byte {
	b, err := json.Marshal(&m.s)
	if err != nil {
		panic("acp: state does not marshal: " + err.Error()) // its types always do
	}
	return b
}

// SafeOffset returns the journal offset from which a restored machine must
// read on: where an unfinished line begins, else behind the last record. What
// lies between it and the last record is not understood twice.
func (m *Machine) SafeOffset() int64 {
	if m.s.Partial != nil {
		return m.s.Partial.Offset
	}
	return m.s.Seen
}

// Cwd returns the agent's working directory.
func (m *Machine) Cwd() string { return m.cfg.Cwd }

// Feed folds the next record and returns what it means. The caller sets Cursor
// and Session of the entries.
func (m *Machine) Feed(rec journal.Record) []api.Entry {
	if rec.Next <= m.s.Seen {
		m.reread(rec)
		return nil
	}
	m.out, m.now = nil, rec.Time
	m.s.Seen = rec.Next
	switch rec.Kind {
	case journal.Start:
		m.started(rec.Data)
	case journal.Out:
		m.feedOut(rec)
	case journal.Err:
		m.stderr(rec.Data)
	case journal.In:
		m.feedIn(rec.Data)
	case journal.Exit:
		m.exited(rec.Data)
	default: // a kind of a newer holder
	}
	m.settle()
	out := m.out
	m.out = nil
	return out
}

// Facts returns what is known.
func (m *Machine) Facts() Facts {
	s := &m.s
	f := Facts{
		Activity: s.Activity, Reason: s.Reason, Since: s.Since, Ready: s.ready(), Phase: s.phase(),
		Protocol: s.Protocol, ACPID: s.ACPID, AgentInfo: s.Agent, Title: s.Title, Resumed: s.Resumed,
		Steering: s.Caps.Steering, Modes: slices.Clone(s.Modes), CurrentMode: s.Mode, Model: s.Model,
		LastProgress: s.LastProgress, LastGiven: s.LastGiven, Prompted: s.Prompted, Garbage: s.Garbage,
	}
	if s.Turn != nil {
		f.Turn, f.TurnStart, f.Cancelling = s.Turn.Message, s.Turn.Start, s.Turn.Cancelling
	}
	for i := range s.Asked {
		if !s.Asked[i].Policy {
			f.OpenPermissions = append(f.OpenPermissions, s.Asked[i].Request.clone())
		}
	}
	for i := range s.Questions {
		f.Questions = append(f.Questions, s.Questions[i].clone())
	}
	for i := range s.Tools {
		if t := &s.Tools[i]; !t.finished() && t.Call.Status == "in_progress" {
			f.OpenTool = firstLine(firstOf(t.Call.Command, t.Call.Title, t.Call.Name))
		}
	}
	if s.Limit != nil && s.Limit.Reset != nil {
		t := *s.Limit.Reset
		f.LimitReset = &t
	}
	if s.Exit != nil {
		e := *s.Exit
		f.Exit = &e
	}
	if s.Err != nil {
		e := *s.Err
		f.Err = &e
	}
	return f
}

// emit adds an entry of this record's time and the turn in progress.
func (m *Machine) emit(e api.Entry) {
	e.Time = m.now
	if e.Turn == "" && m.s.Turn != nil {
		e.Turn = m.s.Turn.Message
	}
	m.out = append(m.out, e)
}

// settle makes the activity follow the state.
func (m *Machine) settle() {
	activity, reason := m.s.activity()
	if activity != m.s.Activity || m.s.Since.IsZero() {
		m.s.Since = m.now
	}
	m.s.Activity, m.s.Reason = activity, reason
}
