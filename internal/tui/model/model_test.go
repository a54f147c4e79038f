package model_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func store() *model.Store {
	s := model.NewStore()
	u := tuitest.Snapshot()
	s.Apply(&u)
	return s
}

// shape is the rows as text: headings, and tasks below one another.
func shape(s *model.Store) string {
	var b strings.Builder
	for _, r := range s.Rows() {
		if r.Task == nil {
			fmt.Fprintf(&b, "%s %d\n", r.Heading, r.Count)
			continue
		}
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", r.Depth+1), r.ID)
	}
	return b.String()
}

func TestRows(t *testing.T) {
	s := store()
	want := "waits for you 2\n  auth1\n  flak6\napi 2\n  perf5\n  rate7\nweb 3\n  form2\n    test3\n      docs4\n"
	if diff := cmp.Diff(want, shape(s)); diff != "" {
		t.Error(diff)
	}
	// A task whose parent waits stands alone, and comes back to it.
	form := *s.Task("form2")
	form.Status = api.StatusWaiting
	s.Apply(&model.Update{Tasks: []api.Task{form}})
	if want := "waits for you 3\n  auth1\n  form2\n  flak6\napi 2\n  perf5\n  rate7\nweb 2\n  test3\n    docs4\n"; shape(s) != want {
		t.Errorf("got\n%s", shape(s))
	}
	s.Fold("web")
	if strings.Contains(shape(s), "test3") || !strings.Contains(shape(s), "web 2") {
		t.Errorf("folded:\n%s", shape(s))
	}
}

// Parents in a circle are no stack, and no task is lost by them.
func TestParentsInACircle(t *testing.T) {
	s := model.NewStore()
	tasks := []api.Task{{ID: "a", Parent: api.Some("b")}, {ID: "b", Parent: api.Some("a")}, {ID: "c", Parent: api.Some("c")}}
	s.Apply(&model.Update{All: true, Tasks: tasks})
	for _, id := range []string{"a", "b", "c"} {
		if !strings.Contains(shape(s), "  "+id+"\n") {
			t.Errorf("%s is not in\n%s", id, shape(s))
		}
	}
}

func TestFilter(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "auth1 docs4 flak6 form2 perf5 rate7 test3",
		"s:wait":              "auth1",
		"status:idle a:codex": "docs4",
		"repo:api":            "flak6 perf5 rate7",
		"#1":                  "docs4 form2 test3",
		"#13":                 "test3",
		"pr:open ci:fail":     "test3",
		"pr:none repo:web":    "auth1",
		"review:approved":     "docs4",
		"-repo:web -rate":     "flak6 perf5",
		"FORM tests":          "test3",
		"flak6":               "flak6",
		"s:":                  "auth1 docs4 flak6 form2 perf5 rate7 test3",
		"x:y":                 "",
	} {
		s := store()
		s.SetFilter(model.ParseFilter(text))
		var got []string
		for _, task := range tuitest.Tasks() {
			if f := s.Filter(); f.Shows(&task) {
				got = append(got, task.ID)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q shows %q, want %q", text, got, want)
		}
	}
	over := api.Task{Status: api.StatusArchived}
	if f := model.ParseFilter("text"); f.WantsOver() || f.Shows(&over) {
		t.Error("archived tasks are shown")
	}
	if f := model.ParseFilter("s:arch"); !f.WantsOver() || !f.Shows(&over) {
		t.Error("archived tasks are not shown to who asks for them")
	}
}

func TestAnOlderAnswerChangesNothing(t *testing.T) {
	s := store()
	now := api.Task{ID: "rate7", Status: api.StatusRunning, LastEvent: 9}
	s.Apply(&model.Update{Tasks: []api.Task{now}})
	now.Status, now.LastEvent = api.StatusQueued, 8
	s.Apply(&model.Update{Tasks: []api.Task{now}})
	if got := s.Task("rate7").Status; got != api.StatusRunning {
		t.Errorf("the task is %s", got)
	}
}

// hfd is a daemon of a few answers.
type hfd struct {
	mu     sync.Mutex
	asked  []string
	fields []string // of tasks, that were asked for last
	live   chan api.Event
	breaks chan struct{}
}

func (h *hfd) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, what)
}

func (h *hfd) Events(ctx context.Context, f client.EventFilter) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		if f.After != listed {
			yield(api.Event{}, fmt.Errorf("events after %d", f.After))
			return
		}
		for {
			select {
			case e := <-h.live:
				if !yield(e, nil) {
					return
				}
			case <-h.breaks:
				yield(api.Event{}, errors.New("gone"))
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

func (h *hfd) Task(_ context.Context, task string, _ bool) (api.TaskDetail, error) {
	h.note(task)
	if task == "dead" {
		return api.TaskDetail{}, &api.Error{Code: api.CodeNotFound}
	}
	return api.TaskDetail{Task: api.Task{ID: task}}, nil
}

// listed is the event after which hfd lists its tasks.
const listed = 41

func (h *hfd) Tasks(_ context.Context, f client.TaskFilter) (api.TaskList, error) {
	h.note("all")
	h.fields = f.Fields
	return api.TaskList{Tasks: tuitest.Tasks(), Seq: listed}, nil
}

func (h *hfd) Approvals(context.Context) ([]api.PermissionRequest, error) {
	return tuitest.Asked(), nil
}

func TestFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hfd{live: make(chan api.Event), breaks: make(chan struct{})}
		var got []model.Update
		later := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		f := &model.Feed{Source: h, Asker: h, Send: func(u model.Update) { got = append(got, u) }}
		ctx, stop := context.WithCancel(t.Context())
		go f.Run(ctx)
		later(time.Second)
		if len(got) != 1 || !got[0].All || len(got[0].Permissions) != 1 || !got[0].Conn.Up {
			t.Fatalf("at first: %+v", got)
		}
		// Prompts may be long. Everything else of a task may be shown.
		for field := range reflect.TypeFor[api.Task]().Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if asked := slices.Contains(h.fields, name); asked != (name != "prompt") {
				t.Errorf("%s is asked for: %v", name, asked)
			}
		}

		// A thousand events of one task are few updates.
		for range 1000 {
			h.live <- api.Event{Kind: api.EventSessionActivity, Task: "form2"}
			time.Sleep(time.Millisecond)
		}
		h.live <- api.Event{Kind: api.EventTaskChanged, Task: "dead"}
		later(time.Second)
		if n := len(got); n < 3 || n > 30 || got[n-1].Gone[0] != "dead" {
			t.Errorf("%d updates, the last is %+v", n, got[n-1])
		}
		// Many tasks at once are one question, and progress is none.
		h.asked = nil
		for i := range 50 {
			h.live <- api.Event{Kind: api.EventTaskChanged, Task: fmt.Sprint(i)}
			h.live <- api.Event{Kind: api.EventStepProgress, Task: "form2"}
		}
		later(time.Second)
		if len(h.asked) > 3 {
			t.Errorf("asked %q", h.asked)
		}

		got = nil
		h.breaks <- struct{}{}
		later(3 * time.Second)
		if len(got) != 2 || got[0].Conn.Up || got[0].Conn.Err == nil || !got[1].All || !got[1].Conn.Up {
			t.Errorf("after a break: %+v", got)
		}
		stop()
		synctest.Wait()
	})
}

func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const all = 10_000
		b := model.NewBatch(t.Context(), time.Second, func(context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := range all {
					if !yield(i, nil) {
						return
					}
				}
				yield(0, errors.New("over"))
			}
		})
		var got []int
		calls := 0
		for {
			items, more, err := b.Next()
			got = append(got, items...)
			calls++
			if !more {
				if err == nil || err.Error() != "over" {
					t.Errorf("err = %v", err)
				}
				break
			}
		}
		if len(got) != all || got[all-1] != all-1 || calls > 10 {
			t.Errorf("%d of them in %d parts", len(got), calls)
		}
		stopped := model.NewBatch(t.Context(), time.Second, func(ctx context.Context) iter.Seq2[int, error] {
			return func(func(int, error) bool) { <-ctx.Done() }
		})
		stopped.Stop()
		if _, more, _ := stopped.Next(); more {
			t.Error("it goes on after the end")
		}
	})
}
