package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/atomicfile"
	"github.com/hf-dev/hf/pkg/api"
)

// store is hf's own file of tokens. Only its user can read it; another hfd, or a
// person, may change it at any time.
type store struct {
	path string

	mu   sync.Mutex
	seen fs.FileInfo
	all  map[string]entry
}

// entry is what is kept of a host.
type entry struct {
	User    string    `json:"user,omitempty"`
	Token   string    `json:"token"`
	Scopes  []string  `json:"scopes,omitempty"`
	AddedAt time.Time `json:"addedAt"`
}

// document is the file.
type document struct {
	Schema int              `json:"schema"`
	Hosts  map[string]entry `json:"hosts"`
}

const (
	storeSchema = 1
	maxStore    = 1 << 20
)

func (s *store) get(host string) (entry, error) {
	all, err := s.read()
	return all[host], err
}

func (s *store) hosts() ([]string, error) {
	all, err := s.read()
	return slices.Sorted(maps.Keys(all)), err
}

// read returns the entries, from memory while the file is the same.
func (s *store) read() (map[string]entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.seen, s.all = nil, nil
		return nil, nil
	}
	if err != nil {
		return nil, s.unreadable(err)
	}
	if s.seen != nil && os.SameFile(s.seen, info) && s.seen.ModTime().Equal(info.ModTime()) && s.seen.Size() == info.Size() {
		return s.all, nil
	}
	if !info.Mode().IsRegular() || info.Size() > maxStore {
		return nil, s.unreadable(errors.New("it is no ordinary file"))
	}
	if info.Mode().Perm()&0o077 != 0 { // somebody copied it, or their tools are careless
		if err := os.Chmod(s.path, 0o600); err != nil {
			return nil, s.unreadable(err)
		}
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		return nil, s.unreadable(err)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, s.unreadable(errors.New("it is damaged")) // its words may be a token
	}
	if d.Schema > storeSchema {
		return nil, s.unreadable(errors.New("a newer hf wrote it"))
	}
	s.seen, s.all = info, d.Hosts
	return d.Hosts, nil
}

func (s *store) unreadable(err error) error {
	return &api.Error{
		Code: api.CodeUnauthorized, Message: fmt.Sprintf("hf's logins in %s cannot be read: %v", s.path, err),
		Hint: "move it away, then sign in again: hf auth login",
	}
}

// change rewrites the file. Nobody ever sees half of it.
func (s *store) change(fn func(all map[string]entry)) error {
	before, err := s.read()
	if err != nil {
		return err
	}
	all := maps.Clone(before)
	if all == nil {
		all = map[string]entry{}
	}
	fn(all)
	b, err := json.MarshalIndent(document{Schema: storeSchema, Hosts: all}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the logins: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.all = nil, nil
	if err := replace(s.path, append(b, '\n')); err != nil {
		return &api.Error{
			Code: api.CodeInternal, Message: fmt.Sprintf("write hf's logins to %s: %v", s.path, err), Hint: "nothing was changed",
		}
	}
	return nil
}

// replace writes the file, whose directory need not be there.
func replace(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := atomicfile.Write(path, 0o600, content); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // it is written; only a power cut could still undo it
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
