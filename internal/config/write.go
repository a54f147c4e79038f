package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hf-dev/hf/internal/atomicfile"
	"github.com/hf-dev/hf/pkg/api"
)

// Read returns the content of a file and what tells it from another one, ""
// for a file that does not exist.
func Read(path string) (content []byte, hash string, err error) {
	content, err = read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", invalid(fmt.Sprintf("read the configuration: %v", err))
	}
	return content, hashOf(content), nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Update changes a file at once: whoever reads it has the old or the new one. A
// link is followed and stays, and so does the mode. Two who change the file at
// the same time do so one after the other. change gets the content, nil for a
// file that does not exist; its error leaves everything as it is.
func Update(path string, change func(content []byte, hash string) ([]byte, error)) error {
	target, err := follow(path)
	if err != nil {
		return cannotWrite(path, err)
	}
	dir := filepath.Dir(target)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return cannotWrite(path, err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return cannotWrite(path, err)
	}
	defer unlock()
	content, hash, err := Read(target)
	if err != nil {
		return err
	}
	changed, err := change(content, hash)
	if err != nil || hash != "" && bytes.Equal(changed, content) {
		return err
	}
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(target); err == nil {
		mode = st.Mode().Perm()
	}
	if err := atomicfile.Write(target, mode, changed); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

// follow returns the file that a path means, which need not exist. Dotfiles are
// often links to a file that is kept elsewhere.
func follow(path string) (string, error) {
	for range 40 { // as many as the kernel follows
		to, err := os.Readlink(path)
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, fs.ErrNotExist) {
			return path, nil // no link, or nothing yet
		}
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", syscall.ELOOP
}

// lock keeps others who change a file of the directory waiting. The file itself
// will not do: it is replaced.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return func() { _ = d.Close() }, nil
}

func cannotWrite(path string, err error) error {
	return &api.Error{
		Code: api.CodeInternal, Message: fmt.Sprintf("write the configuration %s: %v", path, err), Hint: "nothing was changed",
	}
}
