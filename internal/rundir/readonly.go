package rundir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// A state directory that cannot be written still has a lock: that takes no
// writing. What a daemon would write into it, its record and its socket, lies
// in a private directory elsewhere.

// recordFile is a Record beside a socket that lies elsewhere.
const recordFile = "hfd.record"

// ReadOnly reports whether nothing can be written to the state directory.
func (p Paths) ReadOnly() bool {
	f, err := os.CreateTemp(p.State, ".hf-")
	if err != nil {
		return isReadOnly(err)
	}
	_, err = f.Write([]byte("hf"))
	return isReadOnly(errors.Join(err, f.Close(), os.Remove(f.Name())))
}

func isReadOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EBADF)
}

// Record returns the record of the daemon: that of the lock file, unless the
// process it names is gone and another one could only leave its own elsewhere.
// It is false when there is none.
func (p Paths) Record() (Record, bool) {
	r, ok := ReadRecord(p.Lock())
	if ok {
		if _, alive := r.Alive(); alive {
			return r, true
		}
	}
	for _, dir := range p.elsewhere {
		other, found := ReadRecord(filepath.Join(dir, recordFile))
		if !found {
			continue
		}
		if _, alive := other.Alive(); alive {
			return other, true
		}
	}
	return r, ok
}

// Save replaces the record in the lock file, or beside the socket where the
// lock file cannot be written and the socket lies elsewhere.
func (p Paths) Save(r Record, lock io.WriterAt) error {
	err := r.Write(lock)
	dir := filepath.Dir(r.Socket)
	if !isReadOnly(err) || dir == p.State {
		return err
	}
	return r.writeFile(filepath.Join(dir, recordFile))
}

func (r Record) writeFile(path string) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(r.Write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// ErrBeside is where the daemon's standard error goes when its socket lies
// elsewhere because of a state directory that cannot be written.
func ErrBeside(socket string) string { return filepath.Join(filepath.Dir(socket), "hfd.err") }

// Leave removes what a daemon that ends has left elsewhere.
func (p Paths) Leave(socket string) {
	dir := filepath.Dir(socket)
	if slices.Contains(p.sockets, dir) {
		return
	}
	for _, name := range []string{filepath.Join(dir, recordFile), socket, ErrBeside(socket)} {
		_ = os.Remove(name) // whoever comes next replaces it
	}
	_ = os.Remove(dir) // others may have something in it
}
