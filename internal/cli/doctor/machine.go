package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// limit bounds how long a program may take to say what it is.
const limit = 10 * time.Second

// How much room there should be where hf writes, in bytes.
const (
	roomNeeded = 64 << 20  // with less, hf cannot work
	roomWanted = 512 << 20 // with less, it soon cannot
)

// machine is what can be seen of this machine without hfd.
type machine struct {
	environ []string
	paths   func() (rundir.Paths, error)
	daemon  func() (string, error)
}

func (m machine) getenv(name string) string {
	for _, kv := range slices.Backward(m.environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// ask runs a program that prints something short. Its directory is none that
// anybody could have prepared.
func (m machine) ask(ctx context.Context, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, err := xec.Output(ctx, xec.Cmd{Argv: argv, Env: m.environ, Dir: "/"})
	return strings.TrimSpace(string(out)), err
}

// find returns where a program is, "" when it is not there.
func (m machine) find(name string) string {
	path, err := xec.LookPath(name, m.environ)
	if err != nil {
		return ""
	}
	return path
}

// daemonBinary looks for the hfd that belongs to this hf.
func (m machine) daemonBinary(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupHF, Name: "hf and hfd", State: api.CheckOK}
	path, err := m.daemon()
	if err != nil {
		return failure(c, err)
	}
	said, err := m.ask(ctx, path, "version")
	switch {
	case xec.IsNotFound(err):
		return problem(c, path+" does not exist", "install hf again, or set HF_DAEMON_BIN to the path of hfd")
	case err != nil:
		return problem(c, fmt.Sprintf("%s does not say its version: %v", path, err), "install hf again")
	case said != "hfd "+version.String():
		return warning(c, fmt.Sprintf("hf is %s and %s is %s", version.String(), path, strings.TrimPrefix(said, "hfd ")), "install both from one build")
	}
	c.Text = version.String()
	return c
}

// files looks at the directories that hf writes to.
func (m machine) files() []api.Check {
	state := api.Check{Group: api.GroupFiles, Name: "state directory", State: api.CheckOK}
	paths, err := m.paths()
	if err != nil {
		return []api.Check{failure(state, err)}
	}
	state = directory(state, paths.State, "HF_STATE_DIR")
	if err := rundir.CheckLocal(paths.State); err != nil {
		state = failure(state, err)
	}
	data := directory(api.Check{Group: api.GroupFiles, Name: "data directory", State: api.CheckOK}, paths.Data, "HF_DATA_DIR")
	if err := rundir.CheckLocal(paths.Data); err != nil && data.State == api.CheckOK {
		data = warning(data, paths.Data+" is not on a local disk: git is slow there", "set HF_DATA_DIR to a directory on a local disk")
	}
	return []api.Check{state, data, socket(paths)}
}

// directory looks whether hf can keep files in a directory, or make it.
func directory(c api.Check, path, variable string) api.Check {
	elsewhere := "set " + variable + " to a directory of yours on a local disk"
	c.Text = path
	at := path
	st, err := os.Lstat(at)
	for ; errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at); st, err = os.Stat(at) {
		at = filepath.Dir(at)
	}
	if err != nil {
		return problem(c, err.Error(), elsewhere)
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	switch {
	case !st.IsDir():
		return problem(c, at+" is not a directory, or is a link to one", elsewhere)
	case unix.Access(at, unix.W_OK|unix.X_OK) != nil:
		return problem(c, at+" cannot be written to", "chmod u+rwx "+at+", or "+elsewhere)
	case at == path && ok && int(sys.Uid) != os.Geteuid():
		return problem(c, fmt.Sprintf("%s belongs to user %d, and hf runs as user %d", at, sys.Uid, os.Geteuid()), "run hf without sudo, or "+elsewhere)
	case at == path && variable == "HF_STATE_DIR" && st.Mode().Perm()&0o077 != 0:
		c = warning(c, fmt.Sprintf("%s can be entered by others (%s)", at, st.Mode().Perm()), "chmod 700 "+at)
	}
	if at != path {
		c.Text += ", made when it is needed"
	}
	return room(c, at, elsewhere)
}

// room adds how much is free on a disk.
func room(c api.Check, path, elsewhere string) api.Check {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil || st.Blocks == 0 {
		return c // nothing is known of it
	}
	free := int64(st.Bavail) * st.Bsize //nolint:unconvert // its type differs between systems
	text := c.Text + ", " + render.Bytes(free) + " free"
	fix := "make room, or " + elsewhere
	switch {
	case free < roomNeeded:
		return problem(c, text, fix)
	case free < roomWanted && c.State == api.CheckOK:
		return warning(c, text, fix)
	}
	c.Text = text
	return c
}

// socket looks whether there is a place whose path is short enough.
func socket(paths rundir.Paths) api.Check {
	c := api.Check{Group: api.GroupFiles, Name: "socket", State: api.CheckOK}
	if rec, ok := rundir.ReadRecord(paths.Lock()); ok && rec.Socket != "" {
		c.Text = rec.Socket
		return c
	}
	dirs := paths.SocketDirs()
	if len(dirs) == 0 {
		return problem(c, "every path for it is too long", "set HF_STATE_DIR to a shorter path, or XDG_RUNTIME_DIR")
	}
	c.Text = filepath.Join(dirs[0], "hfd.sock")
	return c
}

func problem(c api.Check, text, fix string) api.Check {
	c.State, c.Text, c.Fix = api.CheckProblem, text, fix
	return c
}

func warning(c api.Check, text, fix string) api.Check {
	c.State, c.Text, c.Fix = api.CheckWarning, text, fix
	return c
}

// failure is a check that came to an error, which says what to do.
func failure(c api.Check, err error) api.Check {
	c = problem(c, err.Error(), "")
	if e, ok := errors.AsType[*api.Error](err); ok {
		c.Fix = e.Hint
	}
	return c
}
