package store

import (
	"context"
	"os"
	"syscall"
)

// inode tells files of one name apart.
type inode struct{ dev, ino uint64 }

func inodeOf(path string) inode {
	info, err := os.Lstat(path)
	if err != nil {
		return inode{}
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return inode{}
	}
	return inode{st.Dev, st.Ino}
}

// names are the files by which the database is found again.
type names struct{ file, log inode }

func namesOf(path string) names { return names{inodeOf(path), inodeOf(path + "-wal")} }

// Unlinked says which file of the open database somebody removed or replaced,
// "" while all are in place.
func (s *Store) Unlinked() string {
	now := namesOf(s.path)
	switch {
	case s.names.file != (inode{}) && now.file != s.names.file:
		return s.path
	case s.names.log != (inode{}) && now.log != s.names.log:
		return s.path + "-wal"
	}
	return ""
}

// keepDurable makes a commit survive this process also when the log has lost
// its name: SQLite goes on writing to it, and nobody would find it again.
func (s *Store) keepDurable(ctx context.Context) {
	if s.Unlinked() != s.path+"-wal" {
		return
	}
	if !s.warned {
		s.warned = true
		s.log.Error("the write-ahead log was removed or replaced; every commit goes into the database at once", "log", s.path+"-wal")
	}
	if err := s.checkpointAll(ctx); err != nil {
		s.log.Error("fold the log into the database", "error", err)
	}
}
