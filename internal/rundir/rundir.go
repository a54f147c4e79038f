// Package rundir names every file that hf, hfd and the holders share, and makes
// the directories they lie in safe: owned by the user, entered by nobody else,
// on a disk whose locks can be trusted.
package rundir

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// maxSocket is the longest socket path in bytes. The kernel takes 107 on Linux
// and 103 elsewhere; the rest is room for the temporary name of a bind.
const maxSocket = 100

// Paths names the directories of one user's hf. Nothing in it has been touched:
// it is safe to make for a program that only looks.
type Paths struct {
	State  string // lock, database, log, journals: what has one owner
	Data   string // worktrees and clones
	Config string // the configuration file

	sockets   []string // directories the sockets may lie in, best first
	elsewhere []string // those of them that serve a state directory which cannot be written
}

// Resolve finds the paths from a process's variables, by a lookup that answers
// "" for one that is not set. Its errors are *api.Error.
func Resolve(getenv func(string) string) (Paths, error) {
	state, err := pick(getenv, "HF_STATE_DIR", "XDG_STATE_HOME", "hf", ".local/state/hf")
	if err != nil {
		return Paths{}, err
	}
	data, err := pick(getenv, "HF_DATA_DIR", "XDG_DATA_HOME", "hf", ".local/share/hf")
	if err != nil {
		return Paths{}, err
	}
	config, err := pick(getenv, "HF_CONFIG", "XDG_CONFIG_HOME", "hf/config.toml", ".config/hf/config.toml")
	if err != nil {
		return Paths{}, err
	}
	if inTest(os.Args[0]) && !temporary(state, getenv) {
		return Paths{}, &api.Error{
			Code:    api.CodeInvalid,
			Message: fmt.Sprintf("a test must not touch the state directory %s", state),
			Hint:    "set HF_STATE_DIR to a temporary directory",
		}
	}
	return Paths{State: state, Data: data, Config: config, sockets: socketDirs(state, getenv), elsewhere: outsideOf(state, getenv)}, nil
}

// Lock is the file whose flock is held by the one live hfd. Its content is a
// Record. It is never unlinked.
func (p Paths) Lock() string { return filepath.Join(p.State, "hfd.lock") }

// Commands holds a directory for each command that runs under a holder.
func (p Paths) Commands() string { return filepath.Join(p.State, "commands") }

// Terminals holds a directory for each agent's own terminal.
func (p Paths) Terminals() string { return filepath.Join(p.State, "terminals") }

// Database is the SQLite file. Only hfd's store opens it.
func (p Paths) Database() string { return filepath.Join(p.State, "hf.db") }

// Log is hfd's log, one JSON object a line; Log.1 is the one before.
func (p Paths) Log() string { return filepath.Join(p.State, "hfd.log") }

// Err is hfd's standard error: what it says when it cannot write its log.
func (p Paths) Err() string { return filepath.Join(p.State, "hfd.err") }

// Logins is where hfd keeps the tokens of `hf auth login`. Only its user can
// read it.
func (p Paths) Logins() string { return filepath.Join(p.State, "logins.json") }

// Backups holds copies of the database.
func (p Paths) Backups() string { return filepath.Join(p.State, "backups") }

// Sessions holds a directory for each session.
func (p Paths) Sessions() string { return filepath.Join(p.State, "sessions") }

// Session is the directory of one session: its journal and its holder's files.
func (p Paths) Session(id string) string { return filepath.Join(p.Sessions(), id) }

// Files returns the directory of what goes with messages.
func (p Paths) Files() string { return filepath.Join(p.State, "files") }

// Worktrees holds the sandboxes that are git worktrees.
func (p Paths) Worktrees() string { return filepath.Join(p.Data, "worktrees") }

// Repos holds the repositories that hf cloned.
func (p Paths) Repos() string { return filepath.Join(p.Data, "repos") }

// Scratch is the directory of worktrees in which hf rebases branches that nobody
// has checked out.
func (p Paths) Scratch() string { return filepath.Join(p.Data, "scratch") }

// SocketDir makes the directory for sockets and returns it: the state
// directory where its path is short enough, else one below XDG_RUNTIME_DIR or
// the temp dir, the first that can be had. The choice depends on the caller's
// variables, so those who look for a socket read its path where it is
// recorded: in the Record, or in the holder's hold.json.
func (p Paths) SocketDir() (string, error) {
	var first error
	for _, dir := range p.sockets {
		err := MakeDir(dir)
		if err == nil {
			return dir, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("no directory is short enough for a socket of %s", p.State)}
	}
	return "", first
}

// GitViews holds what git sees of the user's repositories.
func (p Paths) GitViews() string { return filepath.Join(p.State, "git") }

// HolderSocket makes the directory for holders' sockets and returns the path
// of one session's.
func (p Paths) HolderSocket(session string) (string, error) {
	dir, err := p.SocketDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "h")
	if err := MakeDir(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, session+".sock"), nil
}

// pick takes the variable own as it is, else below the XDG base, else below HOME.
func pick(getenv func(string) string, own, xdg, belowXDG, belowHome string) (string, error) {
	if v := getenv(own); v != "" {
		if !filepath.IsAbs(v) {
			return "", &api.Error{
				Code:    api.CodeInvalid,
				Message: fmt.Sprintf("%s is %q, not an absolute path", own, v),
				Hint:    "give the whole path, beginning with /",
			}
		}
		return filepath.Clean(v), nil
	}
	if v := getenv(xdg); filepath.IsAbs(v) { // XDG: a relative one is to be ignored
		return filepath.Join(v, belowXDG), nil
	}
	if v := getenv("HOME"); filepath.IsAbs(v) {
		return filepath.Join(v, belowHome), nil
	}
	return "", &api.Error{
		Code:    api.CodeInvalid,
		Message: "HOME is not set: hf does not know where its files are",
		Hint:    "set HOME, or HF_STATE_DIR, HF_DATA_DIR and HF_CONFIG",
	}
}

func socketDirs(state string, getenv func(string) string) []string {
	if fits(state) {
		return []string{state}
	}
	return privateDirs(state, getenv)
}

// outsideOf lists the directories outside of the state directory, the one first
// that is the same whatever the caller's variables are.
func outsideOf(state string, getenv func(string) string) []string {
	dirs := privateDirs(state, getenv)
	slices.Reverse(dirs)
	return dirs
}

// privateDirs are directories of this user's, for this state directory.
func privateDirs(state string, getenv func(string) string) []string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(state)) // a hash never fails
	sum := strconv.FormatUint(h.Sum64(), 36)
	private := "hf-" + strconv.Itoa(os.Geteuid()) + "-" + sum
	var dirs []string
	if v := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(v) && fits(filepath.Join(v, "hf-"+sum)) {
		dirs = append(dirs, filepath.Join(v, "hf-"+sum))
	}
	for _, tmp := range []string{getenv("TMPDIR"), "/tmp"} {
		if filepath.IsAbs(tmp) && fits(filepath.Join(tmp, private)) {
			dirs = append(dirs, filepath.Join(tmp, private))
		}
	}
	return dirs
}

// fits reports whether every socket that hf makes below dir has a legal path.
func fits(dir string) bool { return len(dir)+len("/h/12345678.sock") <= maxSocket }

func inTest(arg0 string) bool { return strings.HasSuffix(filepath.Base(arg0), ".test") }

func temporary(dir string, getenv func(string) string) bool {
	for _, tmp := range []string{getenv("TMPDIR"), os.TempDir(), "/tmp", "/dev/shm"} {
		if filepath.IsAbs(tmp) && strings.HasPrefix(dir, filepath.Clean(tmp)+"/") {
			return true
		}
	}
	return false
}
