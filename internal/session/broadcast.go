package session

import "sync"

// broadcast wakes everyone who watches a key. A wake says only "look again":
// watch first, look, then wait.
type broadcast struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{}
}

func newBroadcast() *broadcast {
	return &broadcast{watchers: map[string]map[chan struct{}]struct{}{}}
}

// watch returns a channel that receives after the next wake of key. The caller
// must call stop.
func (b *broadcast) watch(key string) (woken <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watchers[key] == nil {
		b.watchers[key] = map[chan struct{}]struct{}{}
	}
	b.watchers[key][ch] = struct{}{}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers[key], ch)
		if len(b.watchers[key]) == 0 {
			delete(b.watchers, key)
		}
	}
}

func (b *broadcast) wake(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.watchers[key] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
