// Package draft keeps what a person typed and did not send, over the end of hf.
// A draft has a key: what it is of. Panes read and set drafts in memory; the
// file is read and written by commands.
package draft

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// settle is how long after a change drafts are written: what is typed
// meanwhile goes with it.
const settle = 500 * time.Millisecond

// Book is the drafts of one program.
type Book struct {
	path string // "" = they are not kept

	mu      sync.Mutex
	now     map[string]string
	changed map[string]bool // since they were written last
	waiting bool            // a command to write them is under way
}

// Loaded says that the drafts of earlier programs are there, as far as they
// could be read.
type Loaded struct{ Err error }

// Unsaved says that drafts could not be written. They are still there, and are
// written with the next change.
type Unsaved struct{ Err error }

// New returns a book that is kept in a file. Nothing is read yet.
func New(path string) *Book {
	return &Book{path: path, now: map[string]string{}, changed: map[string]bool{}}
}

// Key is the key of a draft: what kind it is, and of which task or workspace.
func Key(kind, of string) string { return kind + "/" + of }

// Get returns a draft, "" where there is none.
func (b *Book) Get(key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now[key]
}

// Set replaces a draft. What is blank is none.
func (b *Book) Set(key, text string) {
	if strings.TrimSpace(text) == "" {
		text = ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now[key] == text {
		return
	}
	b.changed[key] = true
	if text == "" {
		delete(b.now, key)
	} else {
		b.now[key] = text
	}
}

// GetJSON reads a draft of more than text into v. It reports whether there is
// one that v can hold.
func (b *Book) GetJSON(key string, v any) bool {
	text := b.Get(key)
	return text != "" && json.Unmarshal([]byte(text), v) == nil
}

// SetJSON replaces a draft of more than text. Set with "" takes it away.
func (b *Book) SetJSON(key string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		return // a type of ours that is no JSON is found by the first test of it
	}
	b.Set(key, string(text))
}

// Load is the command that reads the file. What was set before stays.
func (b *Book) Load() tea.Cmd {
	return func() tea.Msg {
		if b.path == "" {
			return Loaded{}
		}
		kept, err := read(b.path)
		b.mu.Lock()
		defer b.mu.Unlock()
		for key, d := range kept {
			if !b.changed[key] {
				b.now[key] = d.Text
			}
		}
		return Loaded{err}
	}
}

// Save is the command that writes what changed, nil when nothing did or when
// it is under way already.
func (b *Book) Save() tea.Cmd {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.changed) == 0 || b.waiting || b.path == "" {
		return nil
	}
	b.waiting = true
	return func() tea.Msg {
		time.Sleep(settle)
		b.mu.Lock()
		b.waiting = false
		b.mu.Unlock()
		if err := b.Flush(); err != nil {
			return Unsaved{err}
		}
		return nil
	}
}

// Flush writes what changed at once. It is for the end, and no part of Update.
func (b *Book) Flush() error {
	if b.path == "" {
		return nil
	}
	b.mu.Lock()
	changes := make(map[string]string, len(b.changed))
	for key := range b.changed {
		changes[key] = b.now[key]
	}
	clear(b.changed)
	b.mu.Unlock()
	if len(changes) == 0 {
		return nil
	}
	err := update(b.path, changes)
	if aside := (*asideError)(nil); err != nil && !errors.As(err, &aside) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for key := range changes {
			b.changed[key] = true
		}
	}
	return err
}
