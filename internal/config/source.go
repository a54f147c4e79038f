package config

import (
	"io/fs"
	"os"
	"sync"
	"time"
)

// Source is a configuration that follows its file. It is safe for concurrent
// use.
type Source struct {
	path string

	mu       sync.Mutex
	seen     stamp
	current  Config
	warnings []Warning
	err      error
}

// stamp tells one version of a file from another. Its zero value is a file
// that does not exist.
type stamp struct {
	modified time.Time
	size     int64
	file     fs.FileInfo // compared by os.SameFile
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size(), info}
}

func (s stamp) same(o stamp) bool {
	if s.file == nil || o.file == nil {
		return s.file == nil && o.file == nil
	}
	return s.size == o.size && s.modified.Equal(o.modified) && os.SameFile(s.file, o.file)
}

// NewSource reads a file for the first time. An error, as of Load, leaves
// nothing to go on with.
func NewSource(path string) (*Source, error) {
	s := &Source{path: path, seen: stampOf(path)}
	var err error
	s.current, s.warnings, err = Load(path)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Current returns the configuration as the file has it now. While the file is
// wrong, the last right one goes on and Err says why. The result is shared and
// must not be changed.
func (s *Source) Current() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	return s.current
}

// Err returns what is wrong with the file as it is now.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	return s.err
}

// Warnings returns the warnings about the current configuration.
func (s *Source) Warnings() []Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	return s.warnings
}

// refresh reads the file again if it is another than the one seen last. The
// stamp is taken first: a change in between is then seen the next time.
func (s *Source) refresh() {
	now := stampOf(s.path)
	if now.same(s.seen) {
		return
	}
	s.seen = now
	c, warnings, err := Load(s.path)
	s.err = err
	if err == nil {
		s.current, s.warnings = c, warnings
	}
}
