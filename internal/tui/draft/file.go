package draft

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/atomicfile"
)

const (
	// keepFor is how long a draft is kept that nobody touches: by then its task
	// is most likely gone.
	keepFor = 90 * 24 * time.Hour
	// most is how large the file may be, in bytes.
	most = 16 << 20
	// patience is how long another program may take to write the file.
	patience = 2 * time.Second
)

// entry is a draft in the file.
type entry struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// document is the file.
type document struct {
	Drafts map[string]entry `json:"drafts"`
}

// asideError says that the file made no sense, and where it is kept.
type asideError struct{ kept string }

// Error gives the name before the directory: a narrow screen cuts off the end.
func (e *asideError) Error() string {
	return fmt.Sprintf("drafts could not be read; kept as %s in %s", filepath.Base(e.kept), filepath.Dir(e.kept))
}

// read returns the drafts of the file. One that makes no sense is put aside.
func read(path string) (map[string]entry, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]entry{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read drafts: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("read drafts: %w", err)
	}
	var doc document
	if len(content) > most || json.Unmarshal(content, &doc) != nil {
		kept := path + ".bad"
		if err := os.Rename(path, kept); err != nil {
			return nil, fmt.Errorf("put the file of drafts aside: %w", err)
		}
		return map[string]entry{}, &asideError{kept}
	}
	if doc.Drafts == nil {
		doc.Drafts = map[string]entry{}
	}
	return doc.Drafts, nil
}

// update writes changes into the file, and leaves what others wrote into it: a
// program that runs beside this one, too, has drafts. "" takes a draft away.
func update(path string, changes map[string]string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep drafts: %w", err)
	}
	unlock, err := lock(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("keep drafts: %w", err)
	}
	defer unlock()
	kept, aside := read(path)
	if kept == nil {
		return aside
	}
	now := time.Now().UTC()
	for key, d := range kept {
		if now.Sub(d.At) > keepFor {
			delete(kept, key)
		}
	}
	for key, text := range changes {
		if text == "" {
			delete(kept, key)
		} else {
			kept[key] = entry{text, now}
		}
	}
	content, err := json.Marshal(document{kept})
	if err != nil {
		return fmt.Errorf("keep drafts: %w", err)
	}
	if err := atomicfile.Write(path, 0o600, content); err != nil {
		return fmt.Errorf("keep drafts: %w", err)
	}
	return aside
}

// lock keeps others who write the file waiting. The file itself will not do: it
// is replaced. Who waits does not do so for ever: the other may be suspended.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = d.Close() }, nil
		}
		again := errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR)
		if !again || time.Now().After(end) {
			_ = d.Close()
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
	}
}
