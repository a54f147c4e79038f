package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// history reads a stream of history to its end and returns the numbers.
func history(t *testing.T, body string) (seqs []int64) {
	t.Helper()
	for line := range strings.Lines(body) {
		var e api.HistoryEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Schema != api.Schema || e.Title != "Fix it" || e.Branch != "fix/it" || e.Text == "" {
			t.Fatalf("entry %+v", e)
		}
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func TestHistoryInParts(t *testing.T) {
	w := newWorld()
	for range 600 { // more than two batches
		w.happen(api.Event{Kind: api.EventTaskCreated, Workspace: "default", Task: "t", Time: epoch})
	}
	s := serve(t, w)
	for query, want := range map[string][2]int64{
		"":                  {1, 600},
		"limit=3":           {598, 600},
		"limit=3&before=11": {8, 10},
		"before=300":        {1, 299},
		"after=500":         {501, 600},
		"after=598&limit=1": {599, 600}, // who goes on misses nothing
	} {
		status, body := ask(t, s, "GET", "/v1/history?"+query, "")
		got := history(t, body)
		if status != 200 || len(got) == 0 || got[0] != want[0] || got[len(got)-1] != want[1] || int64(len(got)) != want[1]-want[0]+1 || !slices.IsSorted(got) {
			t.Errorf("%q: %d, %v, want %v", query, status, got, want)
		}
	}
	for _, query := range []string{"limit=x", "before=-1", "after=1.5"} {
		if status, body := ask(t, s, "GET", "/v1/history?"+query, ""); status != 400 {
			t.Errorf("%q: %d %s", query, status, body)
		}
	}
}

func TestHistoryFollows(t *testing.T) {
	w := newWorld()
	for range 5 {
		w.happen(api.Event{Kind: api.EventTaskCreated, Workspace: "default", Task: "t", Time: epoch})
	}
	next, stop := follow(t, serve(t, w), "/v1/history?follow=1&limit=2")
	defer stop()
	for want := int64(4); want <= 7; want++ {
		if want > 5 {
			w.happen(api.Event{Kind: api.EventTaskRenamed, Workspace: "default", Task: "t", Data: json.RawMessage(`{"from":"a","to":"b"}`)})
		}
		line := next()
		if got := history(t, line); len(got) != 1 || got[0] != want {
			t.Fatalf("%s, want event %d", line, want)
		}
		if want > 5 && !strings.Contains(line, `renamed from \"a\" to \"b\"`) {
			t.Errorf("in words: %s", line)
		}
	}
}
