package task

import (
	"context"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// titles is a store of one task that counts events.
type titles struct {
	Store // what is not below is not asked for
	Tx

	task     Task
	events   int
	requests map[string][]byte
}

func (s *titles) Update(_ context.Context, fn func(Tx) error) error { return fn(s) }
func (s *titles) Task(string) (*Task, error)                        { t := s.task; return &t, nil }
func (s *titles) LastSeq() (int64, error)                           { return int64(s.events), nil }

func (s *titles) PutTask(t *Task) error {
	s.task = *t
	return nil
}

func (s *titles) Remember(id string, b []byte) error {
	s.requests[id] = b
	return nil
}

func (s *titles) Replay(id string) ([]byte, bool, error) {
	b, ok := s.requests[id]
	return b, ok, nil
}

func (s *titles) Event(api.EventKind, string, string, any) (int64, error) {
	s.events++
	return int64(s.events), nil
}

// A rename happens once, however often it is asked for, and changes the title
// alone.
func TestRename(t *testing.T) {
	st := &titles{task: Task{ID: "t", Title: "old", Branch: "fix/old", Path: "/w/old-t"}, requests: map[string][]byte{}}
	s := NewService(Config{Store: st})
	for _, tt := range []struct {
		request, title string
		want           string
		events         int
	}{
		{"r1", "  new ", "new", 1},
		{"r1", "  new ", "new", 1},
		{"r2", "new", "new", 1},
		{"r3", "newer", "newer", 2},
		{"r1", "  new ", "newer", 2}, // a repeat that comes late undoes nothing
	} {
		r, err := s.Rename(t.Context(), tt.request, "t", api.RenameTask{Title: tt.title})
		if err != nil || r.Operation != nil || st.task.Title != tt.want || st.events != tt.events {
			t.Errorf("%+v: %+v with %d events, %v", tt, st.task, st.events, err)
		}
	}
	if got := st.task.slug(); got != "old" {
		t.Errorf("its sandbox is now called %q", got)
	}
	if st.task.Branch != "fix/old" || st.task.Path != "/w/old-t" {
		t.Errorf("more than the title changed: %+v", st.task)
	}
	st.task = Task{ID: "t", Title: "日本"}
	was := st.task.slug()
	if _, err := s.Rename(t.Context(), "r5", "t", api.RenameTask{Title: "japan"}); err != nil || st.task.slug() != was {
		t.Errorf("a title without a slug: the sandbox was called %q, now %q, %v", was, st.task.slug(), err)
	}
	if _, err := s.Rename(t.Context(), "r4", "t", api.RenameTask{Title: " "}); !api.IsCode(err, api.CodeInvalid) {
		t.Errorf("an empty title: %v", err)
	}
}
