package worktree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// copyFiles copies files of one directory into another, with their modes and
// symbolic links as they are. Nothing is read or written through a link that
// leaves either directory, and a file that is there already stays.
func copyFiles(ctx context.Context, from, to string, names []string) error {
	src, err := os.OpenRoot(from)
	if err != nil {
		return fmt.Errorf("copy ignored files: %w", err)
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenRoot(to)
	if err != nil {
		return fmt.Errorf("copy ignored files: %w", err)
	}
	defer func() { _ = dst.Close() }()
	for _, name := range names {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := copyOne(src, dst, name); err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
	}
	return nil
}

func copyOne(src, dst *os.Root, name string) error {
	if _, err := dst.Lstat(name); err == nil {
		return nil
	}
	st, err := src.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went away since git listed it
	}
	if err != nil {
		return err
	}
	if err := dst.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		target, err := src.Readlink(name)
		if err != nil {
			return err
		}
		return dst.Symlink(target, name)
	case st.Mode().IsRegular():
		return copyRegular(src, dst, name, st.Mode().Perm())
	}
	return nil // a socket or a pipe
}

// copyRegular writes beside the file and renames, so that a copy is whole or
// absent. The kernel shares the blocks where the file system can.
func copyRegular(src, dst *os.Root, name string, mode fs.FileMode) error {
	in, err := src.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	tmp := name + ".hf-copy"
	if err := dst.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := dst.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(mode), out.Close()); err != nil {
		return errors.Join(err, dst.Remove(tmp))
	}
	return dst.Rename(tmp, name)
}
