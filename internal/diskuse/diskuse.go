// Package diskuse says how much of the disk a directory takes.
package diskuse

import (
	"context"
	"io/fs"
	"path/filepath"
	"syscall"
)

// Size returns the bytes of the disk that a directory and all in it take. It
// follows no link. What cannot be read, or goes away meanwhile, counts nothing.
func Size(ctx context.Context, path string) (bytes int64, err error) {
	seen := map[[2]uint64]bool{} // files with several names count once
	err = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			id := [2]uint64{st.Dev, st.Ino}
			if !seen[id] {
				seen[id] = st.Nlink > 1
				bytes += st.Blocks * 512
			}
		}
		return context.Cause(ctx)
	})
	return bytes, err
}
