package server

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func text(t *testing.T, r *rows, tasks []task.Task, fields string) string {
	t.Helper()
	b, err := r.list(tasks, 5, fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRowsAreATaskList(t *testing.T) {
	r := newRows(view{})
	zero := 0
	tasks := []task.Task{
		{ID: "a", Title: `"x" & y`, Lifecycle: api.LifecycleReady, Ahead: &zero, CreatedAt: time.Unix(1, 5)},
		{ID: "b", Parent: "a", Diff: &api.DiffStat{Added: 2}},
	}
	for n := range 3 {
		want, err := json.Marshal(view{}.list(tasks[:n], 5))
		if err != nil {
			t.Fatal(err)
		}
		if got := text(t, r, tasks[:n], ""); got != string(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	want := `{"schema":1,"tasks":[{"parent":null,"id":"a","ahead":0,"title":"\"x\" \u0026 y"},{"parent":"a","id":"b"}],"seq":5}`
	if got := text(t, r, tasks, "parent,id,newer,ahead,title"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRowsAreThoseOfNow(t *testing.T) {
	r := newRows(view{})
	at := task.Task{ID: "a", Title: "one", RepoName: "web", Version: 1}
	changes := []struct {
		what   string
		change func()
		want   string
	}{
		{"nothing", func() {}, `{"title":"one","repo":"web"}`},
		{"its version", func() { at.Title, at.Version = "two", 2 }, `{"title":"two","repo":"web"}`},
		{"its repo", func() { at.RepoName = "site" }, `{"title":"two","repo":"site"}`},
		{"its newest event", func() { at.LastEvent = 9 }, `{"title":"two","repo":"site","lastEvent":9}`},
	}
	for _, c := range changes {
		c.change()
		want := `{"schema":1,"tasks":[` + c.want + `],"seq":5}`
		for range 2 {
			if got := text(t, r, []task.Task{at}, "title,repo,lastEvent"); got != want {
				t.Errorf("after %s changed: got %s, want %s", c.what, got, want)
			}
		}
	}
}

func TestRowsRememberOnlySoMany(t *testing.T) {
	r := newRows(view{})
	tasks := make([]task.Task, maxTexts+1)
	for i := range tasks {
		tasks[i].ID = time.Unix(int64(i), 0).UTC().Format(time.RFC3339)
	}
	text(t, r, tasks, "id")
	text(t, r, tasks[:1], "title")
	if len(r.texts) != 1 {
		t.Errorf("%d texts are remembered", len(r.texts))
	}
}
