package model

import (
	"context"
	"iter"
	"sync"
	"time"
)

// Batch reads a stream in the background and hands out what has come since the
// last time, so that a stream of thousands a second is a few messages.
type Batch[T any] struct {
	every time.Duration
	last  time.Time // of Next
	stop  context.CancelFunc

	mu    sync.Mutex
	items []T
	err   error
	ended bool
	ready chan struct{} // holds one when there is something
}

// maxBatch bounds what is read ahead: the stream waits then.
const maxBatch = 4096

// NewBatch begins to read. Stop ends it.
func NewBatch[T any](ctx context.Context, every time.Duration, stream func(context.Context) iter.Seq2[T, error]) *Batch[T] {
	ctx, stop := context.WithCancel(ctx)
	b := &Batch[T]{every: every, stop: stop, ready: make(chan struct{}, 1)}
	go b.read(ctx, stream(ctx))
	return b
}

func (b *Batch[T]) read(ctx context.Context, stream iter.Seq2[T, error]) {
	var err error
	for v, e := range stream {
		if e != nil {
			err = e
			break
		}
		if !b.add(ctx, v) {
			break
		}
	}
	b.mu.Lock()
	b.err, b.ended = err, true
	b.mu.Unlock()
	b.wake()
}

func (b *Batch[T]) add(ctx context.Context, v T) bool {
	for {
		b.mu.Lock()
		if len(b.items) < maxBatch {
			b.items = append(b.items, v)
			b.mu.Unlock()
			b.wake()
			return ctx.Err() == nil
		}
		b.mu.Unlock()
		if sleep(ctx, time.Millisecond); ctx.Err() != nil {
			return false
		}
	}
}

func (b *Batch[T]) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// Next waits for something to come and returns all of it. What comes alone is
// returned at once, what comes close to what was returned last a little later,
// with more of it. more is false at the end of the stream.
func (b *Batch[T]) Next() (items []T, more bool, err error) {
	<-b.ready
	if rest := b.every - time.Since(b.last); rest > 0 {
		time.Sleep(rest)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = time.Now()
	items, b.items = b.items, nil
	if b.ended {
		b.wake()
	}
	return items, !b.ended, b.err
}

// Stop ends reading. Next returns.
func (b *Batch[T]) Stop() { b.stop() }
