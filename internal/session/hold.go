package session

import (
	"context"
	"sync"
)

// Hold keeps a task's outbox closed until release is called, by as many as like
// to at a time: no turn begins meanwhile. A turn in progress goes on, and what it
// asks is answered. A prompt that was being written stands in the journal when
// Hold returns, so after CatchUp it is known whether a turn is in progress.
func (m *Manager) Hold(ctx context.Context, task string) (release func(), err error) {
	g := m.gates.hold(task)
	release = sync.OnceFunc(func() {
		m.gates.release(task)
		m.Wake(task)
	})
	select {
	case g.writing <- struct{}{}: // nobody writes now
		<-g.writing
		return release, nil
	case <-ctx.Done():
		release()
		return nil, context.Cause(ctx)
	}
}

// Held counts those who hold a task's outbox.
func (m *Manager) Held(task string) int {
	m.gates.mu.Lock()
	defer m.gates.mu.Unlock()
	if one, ok := m.gates.of[task]; ok {
		return one.held
	}
	return 0
}

// gates lets prompts through, by task.
type gates struct {
	mu sync.Mutex
	of map[string]*gate
}

// gate is what the prompts of one task pass.
type gate struct {
	writing chan struct{} // has a token while a prompt is written
	held    int
	used    int // by those who hold or write: at 0 it is forgotten
}

// at returns the gate of a task, which the caller uses until drop. The caller
// has the lock.
func (g *gates) at(task string) *gate {
	one, ok := g.of[task]
	if !ok {
		one = &gate{writing: make(chan struct{}, 1)}
		g.of[task] = one
	}
	one.used++
	return one
}

func (g *gates) drop(task string, one *gate) {
	if one.used--; one.used == 0 {
		delete(g.of, task)
	}
}

func (g *gates) hold(task string) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.at(task)
	one.held++
	return one
}

func (g *gates) release(task string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.of[task]
	one.held--
	g.drop(task, one)
}

// enter begins to write a prompt, unless the gate is held. leave ends it.
func (g *gates) enter(task string) (leave func(), open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.at(task)
	if one.held > 0 {
		g.drop(task, one)
		return nil, false
	}
	one.writing <- struct{}{} // only its one session writes
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		<-one.writing
		g.drop(task, one)
	}, true
}
