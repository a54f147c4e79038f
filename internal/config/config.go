// Package config reads the user's configuration: a strict TOML file in which
// an unknown key or a wrong value is an error that names the line. Everything
// has a default, so there need be no file. It is read by hfd only.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// maxSize is the largest file that is read, in bytes.
const maxSize = 1 << 20

// Config is what the user chose. Default returns what holds without a file.
type Config struct {
	Workspace  string         // the workspace when nobody names one
	Agent      string         // the agent of tasks that name none; "" = hf chooses
	Permission api.Permission // the policy of agents and tasks that have none
	QuietAfter time.Duration  // how long an agent may say nothing in a turn before that is shown; 0 = for ever
	Provider   string         // the sandbox provider of tasks that name none; "" = hf chooses
	DetachKey  string         // leaves an agent's own terminal
	Editor     string         // the shell command that `hf open` runs; "" = $VISUAL or $EDITOR
	Agents     map[string]Agent
	Repos      map[string]Repo  // by their names in hf
	Forge      map[string]Forge // by host; the hosts here are GitHub's, besides github.com
	Backend    Backend
	Backup     Backup
	Create     Create
	// PullRequest is how pull requests are made and looked at.
	PullRequest PullRequest
	Prune       Prune
	Stack       Stack
	Tmux        Tmux
	Merge       Merge
	AutoFix     AutoFix
	TUI         TUI                 `key:"tui"`
	Keys        map[string][]string // of the TUI: names of actions to keys

	file  string         // where it was read from
	lines map[string]int // the line of every key that the file sets
}

// Agent is how the user wants an agent: a built-in one adjusted, or one of
// their own when Command is set.
type Agent struct {
	Command    []string          // the program and its arguments; empty = as built in
	Terminal   []string          // those of its own terminal; empty = as built in
	Env        map[string]string // more variables; Reference tells values that name the caller's
	Mode       string            // the agent's own mode to work in; "" = as the permission policy means
	Permission api.Permission    // "" = as the configuration says for all
	Model      string            // "" = the agent's default
	QuietAfter *time.Duration    // nil = as the configuration says for all
}

// QuietFor is how long an agent may say nothing in a turn before that is shown;
// 0 = for ever.
func (c Config) QuietFor(agent string) time.Duration {
	if d := c.Agents[agent].QuietAfter; d != nil {
		return *d
	}
	return c.QuietAfter
}

// Repo is how the user wants tasks of one repository. What it leaves empty is
// as for all repositories.
type Repo struct {
	Agent      string
	Base       string // the branch tasks start from
	Permission api.Permission
}

// Forge is how a host that pull requests live on is reached. Only this file says
// so: what stands in a repository never does, since a token goes there.
type Forge struct {
	API      string `key:"api"` // the base of the REST API; "" = where GitHub has it
	Web      string // the base of its pages, which signs people in; "" = https://HOST
	ClientID string `key:"client_id"` // of the OAuth app that `hf auth login` signs in to; "" = there is none
}

// Backend is how hfd lives.
type Backend struct {
	IdleExit   time.Duration // ends when nothing lived and nobody asked for so long; 0 = never
	LogMaxSize int64         // bytes of a log file before the next one is begun
	LogKeep    int           // how many old log files are kept
	JournalMax int64         // bytes an agent may write before it is ended
}

// Backup is when the database is copied by itself.
type Backup struct {
	Every time.Duration // while something changed; 0 = never
	Keep  time.Duration // how long a copy is kept; 0 = for ever
}

// Create is how tasks are made. A limit of 0 means none.
type Create struct {
	Base         string        // the branch tasks start from; "" = the remote's default branch
	AgentTimeout time.Duration // of an agent's handshake
	SetupTimeout time.Duration // of each setup or teardown command of a repository
	CheckTimeout time.Duration // of a task's check
	FetchTimeout time.Duration // of fetching the base branch
}

// PullRequest is how pull requests are made and looked at.
type PullRequest struct {
	Draft bool          // new ones are drafts
	Poll  time.Duration // how often they are looked at; 0 = only when asked
}

// Tmux is what hf does inside tmux.
type Tmux struct {
	Window bool // a new task gets a window that is attached to it
}

// Merge is how `hf merge` merges where nobody says.
type Merge struct {
	Method api.MergeMethod // "" = squash, or the first that the forge allows
	// DeleteRemoteBranch deletes a branch that hf pushed from the remote once its
	// pull request was merged. Without, the forge does as it is set there.
	DeleteRemoteBranch bool
}

// AutoFix is what agents are asked to mend without anybody asking.
type AutoFix struct {
	Ci        bool // failing checks
	Reviews   bool // what reviewers said
	Conflicts bool // with the trunk
	Rounds    int  // how often in a row, until a person is waited for
	Push      bool // what was mended, to the branch's own pull request
}

// TUI is how the screen looks and behaves.
type TUI struct {
	Theme        string            // auto, dark, light, high-contrast or one of Themes
	Themes       map[string]Theme  // the person's own, by name
	Colors       map[string]string // names of the theme's colours to #rrggbb or a number of the 256
	Unicode      string            // auto, always or never: signs beyond ASCII
	Mouse        bool
	TypeToFilter bool   // letters filter the list of tasks
	Notify       string // none, bell or desktop: when a task waits, fails or ends while the person looks elsewhere
}

// Theme is colours of a person's own, over those of a theme that hf has.
type Theme struct {
	Base   string // auto, dark, light or high-contrast; "" = auto
	Colors map[string]string
}

// Themes are the themes that hf has.
func Themes() []string { return []string{"auto", "dark", "light", "high-contrast"} }

// Stack is what hf does to stacks by itself.
type Stack struct {
	AutoRestack string // when a branch is restacked whose base moved: RestackOff or RestackIdle
}

// The values of auto_restack.
const (
	RestackOff  = "off"
	RestackIdle = "idle" // when its agent is idle
)

// Prune is for how long hf keeps what `hf prune` may free. 0 means that it may
// at once.
type Prune struct {
	Saved time.Duration // what was saved of a task, and its transcript, after it was killed
	Trash time.Duration // what could not be saved of a worktree that was removed: ignored files
}

// Default is the configuration of a user without a file.
func Default() Config {
	return Config{
		Workspace:   "default",
		Permission:  api.PermissionAsk,
		QuietAfter:  45 * time.Second,
		DetachKey:   "ctrl+q",
		Agents:      map[string]Agent{},
		Repos:       map[string]Repo{},
		Forge:       map[string]Forge{},
		Backend:     Backend{IdleExit: 30 * time.Minute, LogMaxSize: 10 << 20, LogKeep: 3, JournalMax: 1 << 30},
		Backup:      Backup{Every: time.Hour, Keep: 7 * 24 * time.Hour},
		PullRequest: PullRequest{Poll: 30 * time.Second},
		Create: Create{
			AgentTimeout: time.Minute, SetupTimeout: 15 * time.Minute,
			CheckTimeout: 30 * time.Minute, FetchTimeout: 20 * time.Second,
		},
		AutoFix: AutoFix{Rounds: 3, Push: true},
		Stack:   Stack{AutoRestack: RestackOff},
		Prune:   Prune{Saved: 30 * 24 * time.Hour, Trash: 7 * 24 * time.Hour},
		TUI:     TUI{Theme: "auto", Themes: map[string]Theme{}, Colors: map[string]string{}, Unicode: "auto", Mouse: true, Notify: "none"},
		Keys:    map[string][]string{},
	}
}

// Origin says where the value of a key such as "backend.idle_exit" comes from:
// FILE:LINE, or "default".
func (c Config) Origin(key string) string {
	if line, ok := c.lines[key]; ok {
		return c.file + ":" + strconv.Itoa(line)
	}
	return "default"
}

// Origins returns the origin of every key that the file sets, by key.
func (c Config) Origins() map[string]string {
	out := make(map[string]string, len(c.lines))
	for key := range c.lines {
		out[key] = c.Origin(key)
	}
	return out
}

// Warning is what the user should know of a configuration that is valid.
type Warning struct {
	Origin string // FILE:LINE
	Text   string
}

func (w Warning) String() string { return w.Origin + ": " + w.Text }

// Load reads a file. One that does not exist is the default configuration.
// Errors are *api.Error, begin with FILE:LINE and say what is wrong in the
// words of the file.
func Load(path string) (Config, []Warning, error) {
	content, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil, nil
	}
	if err != nil {
		return Config{}, nil, invalid(fmt.Sprintf("read the configuration: %v", err))
	}
	return Parse(path, content)
}

// read returns the content of an ordinary file of a bounded size.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no ordinary file", path)
	}
	if info.Size() > maxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxSize)
	}
	return os.ReadFile(path)
}

// warn returns what deserves a word although it is valid.
func warn(c Config) []Warning {
	var out []Warning
	for name, a := range c.Agents {
		for variable, value := range a.Env {
			if _, ok := Reference(value); ok || value == "" || !IsSecret(variable) {
				continue
			}
			key := join("agents", name, "env", variable)
			out = append(out, Warning{c.Origin(key), fmt.Sprintf("%s holds a secret in plain text; %q takes it from the shell that runs hf", key, "$"+variable)})
		}
	}
	return out
}

// invalid is an error of the file that the user can mend.
func invalid(message string) error {
	return &api.Error{Code: api.CodeInvalid, Message: message, Hint: "correct the file; it is read again with the next command"}
}

// join writes a key as TOML does: parts that are not bare are quoted.
func join(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('.')
		}
		if bare(p) {
			b.WriteString(p)
		} else {
			b.WriteString(strconv.Quote(p))
		}
	}
	return b.String()
}

func bare(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}
