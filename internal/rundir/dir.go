package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hf-dev/hf/pkg/api"
)

// MakeDir makes path a directory that only this user can enter, or makes sure
// that it is one: a link, another user's directory or anything else is refused
// with an *api.Error, and a mode that lets others in is repaired.
func MakeDir(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unusable(path, err)
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return unusable(path, err)
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENOTDIR):
		return &api.Error{
			Code:    api.CodeInvalid,
			Message: fmt.Sprintf("%s is not a directory, or is a link to one", path),
			Hint:    "hf keeps private files there; remove it, or set HF_STATE_DIR to the directory itself",
		}
	case err != nil:
		return unusable(path, err)
	}
	defer func() { _ = syscall.Close(fd) }()
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return unusable(path, err)
	}
	if err := owned(path, st.Uid); err != nil {
		return err
	}
	if st.Mode&0o077 == 0 {
		return nil
	}
	if err := syscall.Fchmod(fd, 0o700); err != nil {
		return unusable(path, err)
	}
	return nil
}

// owned refuses what belongs to another user. The usual cause is sudo.
func owned(path string, uid uint32) error {
	if int(uid) == os.Geteuid() {
		return nil
	}
	e := &api.Error{
		Code:    api.CodeInvalid,
		Message: fmt.Sprintf("%s belongs to user %d and hf runs as user %d", path, uid, os.Geteuid()),
		Hint:    "hf never shares its files between users; set HF_STATE_DIR to a directory of your own",
	}
	if os.Geteuid() == 0 {
		e.Hint = "run hf without sudo"
	}
	return e
}

func unusable(path string, err error) error {
	e := &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("use %s: %v", path, err)}
	if errors.Is(err, syscall.EROFS) || errors.Is(err, os.ErrPermission) {
		e.Hint = "hf must be able to write there; set HF_STATE_DIR to a directory it can write"
	}
	return e
}
