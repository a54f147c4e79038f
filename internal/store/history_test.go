package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func TestHistoryIsWhatMeansSomething(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "a", "b")
	update(t, s, func(tx *Tx) error {
		a, err := tx.Task("a")
		if err != nil {
			return err
		}
		a.Branch = "branch-a"
		if err := tx.PutTask(a); err != nil {
			return err
		}
		long := "first line\n" + strings.Repeat("x", 5000)
		if err := tx.PutMessage(&session.Message{ID: "m", Task: "a", Text: long}); err != nil {
			return err
		}
		for _, e := range []struct {
			kind api.EventKind
			ws   string
			task string
			data any
		}{
			{api.EventTaskCreated, "w", "a", nil},
			{api.EventStepStarted, "w", "a", api.StepEvent{}},
			{api.EventStepProgress, "w", "a", api.StepEvent{}},
			{api.EventStepDone, "w", "a", api.StepEvent{Step: "name"}},
			{api.EventTaskChanged, "w", "a", api.TaskChange{Was: "running", Status: "running"}},
			{api.EventTaskChanged, "w", "a", api.TaskChange{Was: "running", Status: "idle"}},
			{api.EventSessionActivity, "w", "b", api.TaskChange{Status: "idle"}},
			{api.EventMessageState, "w", "a", api.Message{ID: "m", State: api.MessageQueued}},
			{api.EventMessageState, "w", "a", api.Message{ID: "m", State: api.MessageDelivered}},
			{api.EventMessageState, "w", "a", api.Message{ID: "m", State: api.MessageDone}},
			{api.EventRepoChanged, "w", "", api.Repo{Name: "r", Progress: "50 %"}},
			{api.EventRepoChanged, "w", "", api.Repo{Name: "r"}},
			{api.EventBackendUpgraded, "", "", api.BackendUpgrade{Build: 2}},
			{api.EventTaskCreated, "other", "", nil},
			{api.EventStepDone, "w", "", api.StepEvent{Step: "prepare"}},
			{api.EventStepFailed, "w", "", api.StepEvent{Step: "sync"}},
		} {
			if _, err := tx.Event(e.kind, e.ws, e.task, e.data); err != nil {
				return err
			}
		}
		return nil
	})
	read := func(f task.HistoryFilter) (got string, events []task.HistoryEvent) {
		if f.Limit == 0 {
			f.Limit = 100
		}
		view(t, s, func(tx *Tx) (err error) {
			events, err = tx.History(f)
			return err
		})
		for _, e := range events {
			got += fmt.Sprint(e.Seq, " ")
		}
		return got, events
	}
	for _, tt := range []struct {
		f    task.HistoryFilter
		want string
	}{
		{task.HistoryFilter{Workspace: "w"}, "1 4 6 7 8 12 13 16 "},
		{task.HistoryFilter{Workspace: "w", Limit: 3, Newest: true}, "12 13 16 "},
		{task.HistoryFilter{Workspace: "w", Limit: 3}, "1 4 6 "},
		{task.HistoryFilter{Workspace: "w", Limit: 2, Newest: true, Before: 8}, "6 7 "},
		{task.HistoryFilter{Workspace: "w", After: 7}, "8 12 13 16 "},
		{task.HistoryFilter{Workspace: "w", Task: "b"}, "7 "},
		{task.HistoryFilter{Workspace: "w", Task: "a", Limit: 2, Newest: true}, "6 8 "},
		{task.HistoryFilter{Workspace: "w", Branch: "branch-a"}, "1 4 6 8 "},
		{task.HistoryFilter{Workspace: "w", Branch: "branch-a", Limit: 1, Newest: true}, "8 "},
		{task.HistoryFilter{Workspace: "w", Branch: "branch-a", Task: "b"}, ""},
		{task.HistoryFilter{Workspace: "none", Branch: "branch-a"}, ""},
		{task.HistoryFilter{Workspace: "other"}, "13 14 "},
	} {
		if got, _ := read(tt.f); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.f, got, tt.want)
		}
	}
	_, events := read(task.HistoryFilter{Workspace: "w", Task: "a"})
	if last := events[len(events)-1]; last.Title == "" || last.Branch != "branch-a" || !strings.HasPrefix(last.Message, "first line\n") || len(last.Message) != 200 {
		t.Errorf("the event is without its task or message: %+v", last)
	}
}

// A page of a long history is found by an index, in its order: no table is read
// whole and nothing is sorted but the page itself.
func TestHistoryIsFoundByIndex(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "a")
	for name, query := range map[string]string{"task": historyOfTask, "workspace": historyOfWorkspace} {
		var plan []string
		view(t, s, func(tx *Tx) error {
			rows, err := tx.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+fmt.Sprintf(query, "DESC"), 0, 1<<40, 10, "a")
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var id, parent, unused int
				var what string
				if err := rows.Scan(&id, &parent, &unused, &what); err != nil {
					return err
				}
				plan = append(plan, what)
			}
			return rows.Err()
		})
		text := strings.Join(plan, "\n")
		if !strings.Contains(text, "SEARCH events USING INDEX") || strings.Contains(text, "SCAN events") {
			t.Errorf("%s:\n%s", name, text)
		}
		if name == "task" && !strings.Contains(text, "USING INDEX events_stack") {
			t.Errorf("actions on stacks are not found by their index:\n%s", text)
		}
	}
}
