package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Backlog is how many connections wait in the kernel while a daemon starts.
const Backlog = 4096

// Bind makes the daemon's socket and puts it in the place of whatever has its
// name: it is bound under a temporary name and renamed, so that the name never
// leads nowhere. The caller holds the lock. It owns the file, which listens
// already and is not named by Go's net package: nothing unlinks it.
func (p Paths) Bind() (*os.File, string, error) {
	var first error
	for _, dir := range p.sockets {
		f, path, err := bindIn(dir)
		if err == nil {
			return f, path, nil
		}
		if first == nil {
			first = err
		}
	}
	if p.ReadOnly() {
		for _, dir := range p.elsewhere {
			if f, path, err := bindIn(dir); err == nil {
				return f, path, nil
			}
		}
	}
	if first == nil {
		_, first = p.SocketDir() // says that there is no place
	}
	return nil, "", first
}

func bindIn(dir string) (_ *os.File, path string, err error) {
	if err := MakeDir(dir); err != nil {
		return nil, "", err
	}
	path = filepath.Join(dir, "hfd.sock")
	temp := path + "." + strconv.Itoa(os.Getpid())
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, "", fmt.Errorf("make a socket: %w", err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(temp)
		}
	}()
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: temp}); err != nil {
		return nil, "", unusable(temp, err)
	}
	// No window: nobody else can enter the directory, and the final name
	// appears with its final mode.
	if err := os.Chmod(temp, 0o600); err != nil {
		return nil, "", err
	}
	if err := syscall.Listen(fd, Backlog); err != nil {
		return nil, "", fmt.Errorf("listen on %s: %w", temp, err)
	}
	if err := os.Rename(temp, path); err != nil {
		return nil, "", err
	}
	return f, path, nil
}
