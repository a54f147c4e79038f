package tui

import (
	"fmt"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// many is a screen with so many tasks.
func many(b *testing.B, n int) *app {
	b.Helper()
	d := tuitest.Deps(b, &tuitest.Client{}, tuitest.Looks()[0].Theme, table)
	a := newApp(d, panes(d))
	d.Seen = a.sees
	tasks := make([]api.Task, n)
	for i := range tasks {
		tasks[i] = tuitest.Tasks()[i%7]
		tasks[i].ID = fmt.Sprint("t", i)
		tasks[i].CreatedAt = tuitest.Now().Add(-time.Duration(i) * time.Second)
	}
	a.Update(model.Update{All: true, Tasks: tasks, Conn: model.Connection{Up: true}})
	a.width, a.height = 120, 40
	a.arrange()
	return a
}

func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := many(b, n)
			for b.Loop() {
				a.Lines()
			}
		})
	}
}

// A key, and the frame that shows what it did.
func BenchmarkKey(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := many(b, n)
			for i := 0; b.Loop(); i++ {
				a.Update(tuitest.Key([]string{"j", "k"}[i%2]))
				a.Lines()
			}
		})
	}
}

// An event of one task, and the frame that shows it.
func BenchmarkEvent(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := many(b, n)
			for i := 0; b.Loop(); i++ {
				t := *a.deps.Store.Task("t1")
				t.Reason = fmt.Sprint(i)
				a.Update(model.Update{Tasks: []api.Task{t}, Conn: model.Connection{Up: true}})
				a.Lines()
			}
		})
	}
}
