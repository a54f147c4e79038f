package api

// CheckState is what a check of `hf doctor` found.
type CheckState string

// The states of a check.
const (
	CheckOK      CheckState = "ok"
	CheckWarning CheckState = "warning" // hf works; something that it can do does not
	CheckProblem CheckState = "problem" // hf does not work until it is mended
)

// Check is one thing that hf needs, as it was found.
type Check struct {
	Group string     `json:"group"` // hf, programs, files, agents, login, shell
	Name  string     `json:"name"`
	State CheckState `json:"state"`
	Text  string     `json:"text"`          // what was found
	Fix   string     `json:"fix,omitempty"` // how to mend it, or to get what is missing
}

// The groups of checks.
const (
	GroupHF       = "hf"
	GroupFiles    = "files"
	GroupPrograms = "programs"
	GroupAgents   = "agents"
	GroupLogin    = "login"
	GroupShell    = "shell"
)

// CheckDaemonGit is the name of the check of the git that hfd finds.
const CheckDaemonGit = "hfd's git"

// Doctor is what `hf doctor --json` prints.
type Doctor struct {
	Schema   int     `json:"schema"`
	OK       bool    `json:"ok"` // there is no problem
	Problems int     `json:"problems"`
	Warnings int     `json:"warnings"`
	Checks   []Check `json:"checks"`
}

// CheckUp asks hfd to look at what only it can see. Answer: Findings.
type CheckUp struct {
	Env Env `json:"env,omitempty"` // agents are looked for in its PATH
}

// Findings are the checks that hfd made.
type Findings struct {
	Checks []Check `json:"checks"`
}
