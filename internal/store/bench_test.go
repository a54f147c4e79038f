package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// BenchmarkFloor is what the disk allows: append 4 KiB and make it durable.
func BenchmarkFloor(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
}

func event(tx *Tx) error {
	_, err := tx.Event(api.EventWarning, "w", "", nil)
	return err
}

// BenchmarkCommit is one durable event, by one writer and by many at once.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := openTest(b, Options{})
			b.SetParallelism(writers)
			began := time.Now()
			if writers == 1 {
				for b.Loop() {
					update(b, s, event)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						update(b, s, event)
					}
				})
			}
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "commits/s")
		})
	}
}

func BenchmarkTasks(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := openTest(b, Options{})
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("t%07d", i)
			}
			seed(b, s, names...)
			for b.Loop() {
				view(b, s, func(tx *Tx) error {
					tasks, err := tx.Tasks(task.Filter{Workspace: "w"})
					if len(tasks) != n {
						b.Fatal(len(tasks))
					}
					return err
				})
			}
		})
	}
}

// BenchmarkOpen is a start of the daemon on a database with a history.
func BenchmarkOpen(b *testing.B) {
	for _, events := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "hf.db")
			s, err := Open(b.Context(), path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			update(b, s, func(tx *Tx) error {
				for range events {
					if _, err := tx.Event(api.EventStepProgress, "w", "t", api.StepEvent{Operation: "o", Kind: "create", Step: "sandbox", Detail: "Updating files: 43% (4300/10000)"}); err != nil {
						return err
					}
				}
				return nil
			})
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s, err := Open(b.Context(), path, Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		})
	}
}

// BenchmarkHistory is a page of a long history: of one workspace of two, of one
// task, and of a workspace in which little happened.
func BenchmarkHistory(b *testing.B) {
	const events = 100_000
	s := openTest(b, Options{})
	seed(b, s, "a", "b")
	update(b, s, func(tx *Tx) error {
		kinds := []api.EventKind{api.EventStepDone, api.EventStepProgress, api.EventTaskChanged, api.EventMessageState}
		for i := range events {
			workspace, of := "w", "a"
			if i%1000 == 0 {
				workspace, of = "quiet", ""
			}
			change := api.TaskChange{Was: api.StatusRunning, Status: api.StatusIdle}
			if _, err := tx.Event(kinds[i%len(kinds)], workspace, of, change); err != nil {
				return err
			}
		}
		return nil
	})
	for name, f := range map[string]task.HistoryFilter{
		"workspace": {Workspace: "w"}, "task": {Task: "a"}, "quiet": {Workspace: "quiet"},
	} {
		f.Limit, f.Newest = 50, true
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				view(b, s, func(tx *Tx) error {
					_, err := tx.History(f)
					return err
				})
			}
		})
	}
}
