package hold

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

// JournalFile is the name of the journal in a session's directory.
const JournalFile = "journal"

const (
	infoFile = "hold.json"
	exitFile = "exit.json"
	lockFile = "hold.lock"
	errFile  = "hold.err"
)

// Proto is the protocol's version.
const Proto = 1

// Spec is what a holder holds. It reaches the holder by a pipe: Argv and Env
// may hold secrets, and are in the journal only as far as Argv.
type Spec struct {
	Session string   `json:"session"`         // required
	Dir     string   `json:"dir"`             // required: absolute, the session's own directory
	Socket  string   `json:"socket"`          // required: absolute, at most 107 bytes
	Argv    []string `json:"argv"`            // required: Argv[0] is a path or found in Env's PATH
	Env     []string `json:"env"`             // NAME=value, the whole environment
	Cwd     string   `json:"cwd"`             // required: absolute
	Umask   int      `json:"umask,omitempty"` // of the process; 0 = 022
	// JournalMax is the size, in bytes, from which on no more output is read:
	// the process waits, as it does while the disk is full. 0 = none.
	JournalMax int64 `json:"journal_max,omitempty"`
	// Terminal gives the process a terminal of that size in place of pipes. What
	// it shows and what is typed there is in no journal.
	Terminal *Size `json:"terminal,omitempty"`
}

// defaultUmask is the process's when Spec.Umask is 0; the holder's own is 077.
const defaultUmask = 0o022

// maxSocket is the longest path a socket can have on Linux, in bytes.
const maxSocket = 107

func (s *Spec) check() error {
	invalid := func(format string, args ...any) error {
		return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf(format, args...)}
	}
	for name, path := range map[string]string{"directory": s.Dir, "socket": s.Socket, "working directory": s.Cwd} {
		if !filepath.IsAbs(path) {
			return invalid("the holder's %s %q is not an absolute path", name, path)
		}
	}
	if len(s.Socket) > maxSocket {
		return invalid("the holder's socket path is %d bytes long, at most %d are possible: %s", len(s.Socket), maxSocket, s.Socket)
	}
	if s.Session == "" || len(s.Argv) == 0 {
		return invalid("a holder needs a session and a command")
	}
	if s.Terminal != nil {
		if err := s.Terminal.check(); err != nil {
			return err
		}
	}
	if st, err := os.Stat(s.Cwd); err != nil || !st.IsDir() {
		return &api.Error{Code: api.CodeNotFound, Message: "there is no directory " + s.Cwd}
	}
	return nil
}

// Info says who a holder and its process are and how far they are.
type Info struct {
	Session        string         `json:"session"`
	Proto          int            `json:"proto"`
	PID            int            `json:"pid"`
	StartTime      uint64         `json:"startTime"` // clock ticks since boot
	BootID         string         `json:"bootId"`
	Socket         string         `json:"socket"`
	AgentPID       int            `json:"agentPid"`
	AgentStartTime uint64         `json:"agentStartTime"`
	LastSeq        uint64         `json:"lastSeq,omitempty"` // of the last input applied; 0 = none
	Size           int64          `json:"size,omitempty"`    // of the journal, in bytes
	Exit           *journal.Ended `json:"exit,omitempty"`    // nil while the process lives
}

// ReadExit returns how a session's process ended, and false while that is not
// recorded. It is recorded before the journal's Exit record can be read.
func ReadExit(sessionDir string) (journal.Ended, bool, error) {
	var ended journal.Ended
	err := readJSON(filepath.Join(sessionDir, exitFile), &ended)
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Ended{}, false, nil
	}
	return ended, err == nil, err
}

// Held reports whether a process holds a session, also one that only begins to
// and of which Alive does not know yet.
func Held(sessionDir string) bool {
	held, err := rundir.Held(filepath.Join(sessionDir, lockFile))
	return err == nil && held
}

// Fence keeps a holder that was started for a session and has not begun, if
// there is one, from ever beginning. It reports false where one has begun.
func Fence(sessionDir string) (bool, error) {
	f, free, err := rundir.TryLock(filepath.Join(sessionDir, lockFile))
	if err != nil {
		return false, fmt.Errorf("fence the session: %w", err)
	}
	if !free {
		return false, nil
	}
	defer func() { _ = f.Close() }()
	if fi, err := os.Stat(filepath.Join(sessionDir, JournalFile)); err == nil && fi.Size() > 0 {
		return false, nil
	}
	if err := writeJSON(filepath.Join(sessionDir, exitFile), journal.Ended{Code: -1}); err != nil {
		return false, fmt.Errorf("fence the session: %w", err)
	}
	return true, nil
}

// Clear removes the socket of a holder that cannot do so itself any more,
// because it was killed. One that holds the session keeps it.
func Clear(sessionDir, socket string) error {
	if Held(sessionDir) {
		return nil
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the socket of a dead holder: %w", err)
	}
	return nil
}

// Alive returns the record of a session's holder, and whether that very
// process still lives and holds the session.
func Alive(sessionDir string) (Info, bool) {
	info, err := readInfo(sessionDir)
	if err != nil {
		return Info{}, false
	}
	p, err := rundir.LookUp(info.PID)
	if err != nil || p.StartTime != info.StartTime || info.BootID != rundir.BootID() {
		return info, false
	}
	if p.State == "Z" {
		_ = gone(info)
		return info, false
	}
	held, err := rundir.Held(filepath.Join(sessionDir, lockFile))
	return info, err == nil && held
}

// gone reports whether a holder has ended, and reaps it if it is this
// process's child. Start gives its child up, so nobody else waits for it, and
// nobody but its parent can let its number pass to another.
func gone(info Info) bool {
	p, err := lookUp(info.PID)
	if err != nil || p.start != info.StartTime {
		return true
	}
	if p.state != 'Z' || p.ppid != os.Getpid() {
		return p.state == 'Z'
	}
	pid, err := syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
	return err != nil || pid == p.pid // else other threads of it are still ending
}

func readInfo(sessionDir string) (Info, error) {
	var info Info
	err := readJSON(filepath.Join(sessionDir, infoFile), &info)
	return info, err
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// writeJSON puts v at path for good: whole or not at all, also after a power
// cut.
func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	temp := path + ".new"
	if err := writeSynced(temp, append(b, '\n')); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
