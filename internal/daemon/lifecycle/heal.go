package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/rundir"
	"golang.org/x/sys/unix"
)

// settling is how long changes are given to come to an end.
const settling = 200 * time.Millisecond

// socketID tells our socket file from another of its name.
type socketID struct {
	dev, ino uint64
	made     syscall.Timespec
}

func identify(path string) (socketID, bool) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return socketID{}, false
	}
	return socketID{dev: st.Dev, ino: st.Ino, made: st.Mtim}, true
}

// heal looks whether the lock file and the socket are still ours. A socket
// that is not is bound again; without the lock file this daemon has no right
// to be: the caller ends it.
func (d *Daemon) heal(w *watcher) (ours bool) {
	ours, err := rundir.SameFile(lockFD, d.cfg.Paths.Lock())
	if err != nil {
		d.log.Warn("look after the lock", "error", err) // cannot tell: change nothing
		return true
	}
	if !ours {
		return false
	}
	d.mu.Lock()
	path, want := d.self.Socket, d.socket
	d.mu.Unlock()
	if id, ok := identify(path); ok && id == want {
		return true
	}
	if err := d.rebind(); err != nil {
		d.log.Error("bind the socket again", "error", err)
	}
	w.add(d.cfg.Paths.State, d.socketDir()) // its directory may be a new one
	return true
}

// rebind makes a new socket, accepts from it and records where it is. Those
// who are connected stay so.
func (d *Daemon) rebind() error {
	f, path, err := d.cfg.Paths.Bind()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	d.shut()
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var derr error
	if err := raw.Control(func(fd uintptr) {
		derr = unix.Dup3(int(fd), listenerFD, unix.O_CLOEXEC)
	}); err != nil || derr != nil {
		return errors.Join(err, derr)
	}
	id, ok := identify(path)
	if !ok {
		return fmt.Errorf("the socket %s vanished", path)
	}
	d.mu.Lock()
	d.self.Socket, d.socket = path, id
	err = d.cfg.Paths.Save(d.self, lockFile{})
	d.mu.Unlock()
	d.log.Info("bound the socket again", "socket", path)
	return errors.Join(err, d.accept())
}

// watcher tells of changes to the entries of directories and to where these
// are themselves. It needs no polling; where the kernel offers no watches it
// stays silent.
type watcher struct {
	changed chan struct{}
	log     *slog.Logger
	f       *os.File // nil when there are no watches
}

// watch begins to, until ctx ends.
func watch(ctx context.Context, log *slog.Logger) *watcher {
	w := &watcher{changed: make(chan struct{}, 1), log: log}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Warn("watch the state directory", "error", err)
		return w
	}
	w.f = os.NewFile(uintptr(fd), "inotify")
	context.AfterFunc(ctx, func() { _ = w.f.Close() })
	go w.read()
	return w
}

func (w *watcher) read() {
	buf := make([]byte, 16<<10)
	for {
		if _, err := w.f.Read(buf); err != nil {
			return
		}
		// Whoever removes a directory with all that is in it is not done at
		// the first file, and must not find another one there.
		time.Sleep(settling)
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// add watches directories, and everything they lie in: that may be moved away
// with them. A directory that is watched already stays so.
func (w *watcher) add(dirs ...string) {
	const self = unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR | unix.IN_MASK_ADD
	const entries = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO
	if w.f == nil {
		return
	}
	raw, err := w.f.SyscallConn()
	if err != nil {
		return // closed: the daemon ends
	}
	_ = raw.Control(func(fd uintptr) {
		for _, dir := range dirs {
			if _, err := unix.InotifyAddWatch(int(fd), dir, entries|self); err != nil {
				w.log.Warn("watch a directory", "dir", dir, "error", err)
			}
			for up := filepath.Dir(dir); up != filepath.Dir(up); up = filepath.Dir(up) {
				// One that cannot be watched is looked at now and then.
				_, _ = unix.InotifyAddWatch(int(fd), up, self)
			}
		}
	})
}
