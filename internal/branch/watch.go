package branch

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// watchLimit is how many directories of one repository are watched.
const watchLimit = 256

// watcher tells at once when a ref of a repository changes, as far as the system
// lets it. It is a convenience: what it misses is seen some seconds later, so
// that none of its errors matters.
type watcher struct {
	events *fsnotify.Watcher // nil where there is none to be had

	mu     sync.Mutex
	owners map[string]map[chan struct{}]bool // by directory
	dirs   map[chan struct{}][]string
}

func newWatcher(log *slog.Logger) *watcher {
	w := &watcher{owners: map[string]map[chan struct{}]bool{}, dirs: map[chan struct{}][]string{}}
	events, err := fsnotify.NewWatcher()
	if err != nil {
		log.Info("refs cannot be watched; they are looked at every few seconds", "err", err)
		return w
	}
	w.events = events
	return w
}

// run passes on what happens until the watcher is closed.
func (w *watcher) run() {
	if w.events == nil {
		return
	}
	for {
		select {
		case e, ok := <-w.events.Events:
			if !ok {
				return
			}
			if matters(e) {
				w.tell(filepath.Dir(e.Name))
			}
		case _, ok := <-w.events.Errors: // some events were lost
			if !ok {
				return
			}
			w.tell("")
		}
	}
}

// matters reports whether something that happened may have moved a ref. Git
// makes a lock beside what it writes, and renames it; of what it has directly in
// its directory, most says nothing of refs.
func matters(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod || filepath.Ext(e.Name) == ".lock" {
		return false
	}
	switch dir, name := filepath.Split(e.Name); {
	case filepath.Base(dir) == "reftable" || strings.Contains(dir, "/refs/"):
		return true
	default:
		return slices.Contains([]string{"HEAD", "config", "packed-refs", "refs", "reftable", "heads", "remotes", "spice"}, name)
	}
}

// tell wakes those who watch a directory, everybody for "".
func (w *watcher) tell(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wake := func(moved chan struct{}) {
		select {
		case moved <- struct{}{}:
		default:
		}
	}
	for moved := range w.owners[dir] {
		wake(moved)
	}
	if dir == "" {
		for moved := range w.dirs {
			wake(moved)
		}
	}
}

// watch sends to moved when something happens in one of the directories, and no
// more for those it was told of before.
func (w *watcher) watch(moved chan struct{}, dirs []string) {
	if w.events == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	dirs = dirs[:min(len(dirs), watchLimit)]
	for _, d := range w.dirs[moved] {
		if slices.Contains(dirs, d) {
			continue
		}
		if delete(w.owners[d], moved); len(w.owners[d]) == 0 {
			delete(w.owners, d)
			_ = w.events.Remove(d)
		}
	}
	w.dirs[moved] = nil
	for _, d := range dirs {
		// Again for one that is watched: another directory may have its name now.
		if w.events.Add(d) != nil {
			continue
		}
		if w.owners[d] == nil {
			w.owners[d] = map[chan struct{}]bool{}
		}
		w.owners[d][moved] = true
		w.dirs[moved] = append(w.dirs[moved], d)
	}
	if len(dirs) == 0 {
		delete(w.dirs, moved)
	}
}

func (w *watcher) close() {
	if w.events != nil {
		_ = w.events.Close()
	}
}
