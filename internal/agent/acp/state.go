package acp

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// stateVersion is raised when a stored state can no longer be read: the
// journal is then folded anew.
const stateVersion = 1

// state is everything a Machine knows but an unfinished line. It is bounded:
// what only the transcript needs is not kept.
type state struct {
	Version int      `json:"v"`
	Seen    int64    `json:"seen"` // behind the last record folded
	Partial *partial `json:"partial,omitempty"`
	Dropped int64    `json:"dropped,omitempty"` // bytes so far of a line too long to keep

	Salt         string    `json:"salt,omitempty"` // makes permission ids differ between sessions
	LastProgress time.Time `json:"lastProgress,omitzero"`
	LastGiven    time.Time `json:"lastGiven,omitzero"` // when hf last wrote anything
	Garbage      int       `json:"garbage,omitempty"`
	Stderr       string    `json:"stderr,omitempty"` // its last bytes

	Activity api.Activity `json:"activity"`
	Reason   string       `json:"reason"`
	Since    time.Time    `json:"since,omitzero"`

	Init     step       `json:"init,omitempty"`
	Session  step       `json:"session,omitempty"`
	Method   string     `json:"method,omitempty"` // of the session request written
	Fresh    bool       `json:"fresh,omitempty"`  // resuming failed: a new session is due
	SetMode  setting    `json:"setMode,omitzero"`
	SetModel setting    `json:"setModel,omitzero"`
	Err      *api.Error `json:"err,omitempty"`

	Protocol int       `json:"protocol,omitempty"`
	Agent    AgentInfo `json:"agent,omitzero"`
	Caps     caps      `json:"caps,omitzero"`
	ACPID    string    `json:"acpId,omitempty"`
	Resumed  bool      `json:"resumed,omitempty"`
	Title    string    `json:"title,omitempty"`
	Modes    []Mode    `json:"modes,omitempty"`
	Mode     string    `json:"mode,omitempty"`
	Model    string    `json:"model,omitempty"`

	Turn      *turn      `json:"turn,omitempty"`
	Tools     []tool     `json:"tools,omitempty"` // of this turn, oldest first
	Counter   int        `json:"counter,omitempty"`
	Prompted  bool       `json:"prompted,omitempty"` // there was a turn
	Asked     []asked    `json:"asked,omitempty"`
	Questions []Question `json:"questions,omitempty"`
	Replies   []reply    `json:"replies,omitempty"` // answers due to the agent
	Files     []FSCall   `json:"files,omitempty"`

	Limit     *limit         `json:"limit,omitempty"`
	RateReset *time.Time     `json:"rateReset,omitempty"` // said before the limit was hit
	Input     string         `json:"input,omitempty"`     // the last turn ended with this question
	LastError string         `json:"lastError,omitempty"` // of the last turn
	Usage     api.Usage      `json:"usage,omitzero"`
	Exit      *api.ExitEvent `json:"exit,omitempty"`
	MidTurn   bool           `json:"midTurn,omitempty"` // the process ended in a turn
}

// partial is where an unfinished line begins: Skip bytes into the data of the
// record at Offset.
type partial struct {
	Offset int64 `json:"offset"`
	Skip   int   `json:"skip,omitempty"`
}

// step is how far a request of the handshake has come.
type step int

const (
	stepDue step = iota
	stepSent
	stepDone
)

type caps struct {
	Load     bool `json:"load,omitempty"`
	Resume   bool `json:"resume,omitempty"`
	Steering bool `json:"steering,omitempty"`
	Image    bool `json:"image,omitempty"`    // in prompts
	Embedded bool `json:"embedded,omitempty"` // files in prompts
}

type turn struct {
	Message    string    `json:"message"`
	ID         string    `json:"id"` // idKey of the prompt
	Start      time.Time `json:"start"`
	Cancelling bool      `json:"cancelling,omitempty"`
	Broken     bool      `json:"broken,omitempty"` // the agent says that it failed
	Notice     string    `json:"notice,omitempty"` // the last text that belongs to no message: what an agent itself has to say
}

// asked is an open permission request.
type asked struct {
	Request request         `json:"request"`
	RPC     json.RawMessage `json:"rpc"` // the agent's id of it
	Tool    string          `json:"tool"`
	Policy  bool            `json:"policy,omitempty"` // the permission policy answers it
}

// request is a permission request that can be copied.
type request api.PermissionRequest

func (r request) clone() api.PermissionRequest {
	out := api.PermissionRequest(r)
	out.Paths, out.Options = slices.Clone(r.Paths), slices.Clone(r.Options)
	return out
}

// reply is an answer that hf gives by itself.
type reply struct {
	Key  string          `json:"key"`
	RPC  json.RawMessage `json:"rpc"`
	Line string          `json:"line"`
}

type limit struct {
	Text  string     `json:"text"`
	Reset *time.Time `json:"reset,omitempty"`
}

func (s *state) ready() bool {
	return s.Err == nil && s.Exit == nil && s.Session == stepDone && s.SetMode.settled() && s.SetModel.settled()
}

func (s *state) phase() string {
	switch {
	case s.Init != stepDone:
		return PhaseInitialize
	case s.Session != stepDone:
		return PhaseSession
	case !s.SetMode.settled() || !s.SetModel.settled():
		return PhaseMode
	default:
		return PhaseReady
	}
}

// activity is what the facts show, and why.
func (s *state) activity() (api.Activity, string) {
	switch {
	case s.Exit != nil:
		return s.exitActivity()
	case s.Err != nil:
		return api.ActivityFailed, s.Err.Message
	case len(s.Questions) > 0 && !s.ready(): // to sign in, for instance
		return api.ActivityNeedsInput, firstLine(s.Questions[0].Text)
	case !s.ready():
		return api.ActivityStarting, map[string]string{
			PhaseInitialize: "waiting for the agent to answer initialize",
			PhaseSession:    "waiting for the agent's session",
			PhaseMode:       "waiting for the agent to take its mode",
		}[s.phase()]
	}
	for i := range s.Asked {
		if !s.Asked[i].Policy {
			return api.ActivityNeedsPermission, s.Asked[i].Request.Title
		}
	}
	switch {
	case len(s.Questions) > 0:
		return api.ActivityNeedsInput, firstLine(s.Questions[0].Text)
	case s.Turn != nil && s.Turn.Cancelling:
		return api.ActivityWorking, "being interrupted"
	case s.Turn != nil:
		return api.ActivityWorking, ""
	case s.Limit != nil:
		return api.ActivityLimited, s.Limit.Text
	case s.Input != "":
		return api.ActivityNeedsInput, firstLine(s.Input)
	case s.LastError != "":
		return api.ActivityIdle, "the last turn failed: " + s.LastError
	default:
		return api.ActivityIdle, ""
	}
}

func (s *state) exitActivity() (api.Activity, string) {
	if s.Err != nil {
		return api.ActivityFailed, s.Err.Message
	}
	how := "the agent " + exitText(s.Exit)
	if s.MidTurn {
		return api.ActivityFailed, how + " in the middle of a turn"
	}
	if s.Exit.Signal != "" || s.Exit.Code == nil || *s.Exit.Code != 0 {
		return api.ActivityFailed, how
	}
	return api.ActivityExited, how
}

// exitText says how a process ended: exited with code 3, was ended by SIGKILL.
func exitText(e *api.ExitEvent) string {
	switch {
	case e.Signal != "":
		return "was ended by " + e.Signal
	case e.Code != nil:
		return fmt.Sprintf("exited with code %d", *e.Code)
	default:
		return "ended"
	}
}

// next returns the number of the next request of the agent: with the process
// it makes a name that is the same in every fold.
func (s *state) next() int {
	s.Counter++
	return s.Counter
}
