package client

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

const rows = `{"schema":1,"tasks":[` +
	`{"id":"abcdefgh","title":"Fix \"it\" \u0026 that, größer","status":"waiting","reason":"permission","agent":"demo","branch":"fix/it","diff":{"files":3,"added":120,"removed":7,"untracked":0},"createdAt":"2026-01-02T03:04:05.6789Z"},` +
	`{"id":"bcdefghi","title":"","status":"idle","agent":"demo","createdAt":"2026-01-02T03:04:05Z"},{}` +
	`],"seq":41}`

func TestRowsOfATableAreReadWithoutEncodingJSON(t *testing.T) {
	p := plain{rest: rows}
	got, ok := p.list()
	if !ok || len(got.Tasks) != 3 || got.Seq != 41 {
		t.Fatalf("gave up before %q, or read wrong: %+v", p.rest, got)
	}
	first := got.Tasks[0]
	if first.Title != `Fix "it" & that, größer` || *first.Diff != (api.DiffStat{Files: 3, Added: 120, Removed: 7}) || !first.CreatedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC)) {
		t.Errorf("first task: %+v", first)
	}
}

// All there is of a task is read, too.
func TestWholeTasksAreReadWithoutEncodingJSON(t *testing.T) {
	at, n, yes := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 3, true
	want := api.TaskList{Schema: 1, Seq: 9, Tasks: []api.Task{{
		Schema: 1, ID: "a", Title: "t", Prompt: "p \"{[,]}\" \\", Workspace: "w", Repo: "r", Branch: "b", Base: "main", Parent: api.Some("z"), Status: api.StatusRunning,
		Reason: "why", Activity: api.ActivityWorking, Lifecycle: api.LifecycleReady, Step: api.None[string](), Agent: "demo", Model: "m", Mode: "o",
		Provider: "docker", Isolation: "none", Path: "/p", Target: "x", Session: "s", Diff: &api.DiffStat{Files: 1}, Ahead: &n, Behind: &n, Restack: &yes,
		Conflicts: []api.Conflict{{}}, Unpushed: &n, Pull: api.Some(api.PullRequestSummary{Number: 7, URL: "https://example.invalid/7"}),
		Rebase: &api.StoppedRebase{}, CreatedAt: at, UpdatedAt: at, TurnStart: &at, LastEvent: 4, Result: &api.TurnResult{EndedAt: at},
	}, {ID: "b", CreatedAt: at, UpdatedAt: at}}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	p := plain{rest: string(text)}
	if got, ok := p.list(); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("gave up before %q, or read\n%+v and not\n%+v", p.rest, got, want)
	}
}

func TestOtherListsAreLeftToEncodingJSON(t *testing.T) {
	whole, err := json.MarshalIndent(api.TaskList{Schema: 1, Seq: 2, Tasks: []api.Task{{ID: "a", Prompt: "p"}}}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var l taskList
	if err := decode(whole, &l); err != nil || l.Seq != 2 || l.Tasks[0].Prompt != "p" {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range []string{``, `{`, `[]`, `{"tasks":[{"id":"a}]}`, rows[:len(rows)-1], rows + "}"} {
		if err := decode([]byte(bad), &l); err == nil {
			t.Errorf("%q was taken for a list", bad)
		}
	}
}

// FuzzTaskList: what this takes for a list, encoding/json reads alike.
func FuzzTaskList(f *testing.F) {
	f.Add(rows)
	f.Add(`{"tasks":[],"seq":0}`)
	f.Add(`{"tasks":[{"diff":{},"diff":{"files":1}}]}`)
	f.Add(`{"tasks":[{"id":"\ud83d\ude00\u0000"}]}`)
	f.Add(`{"seq":01}`)
	f.Add(`{"tasks":[{"pullRequest":{"number":1},"parent":null,"ahead":2,"x":[{"y":"}]"}],"PROMPT":"p"}]}`)
	f.Add(`{"tasks":[{"x":}]}`)
	f.Add(`{"tasks":[{"a\"b":1,"ahead":-1}]}`)
	f.Add(`{"tasks":[{"diff":{"`)
	f.Add(`{"seq":9223372036854775808}`)
	f.Add("{\"tasks\":[{\"title\":\"a\tb\x7f\"}]}")
	f.Fuzz(func(t *testing.T, text string) {
		p := plain{rest: text}
		got, ok := p.list()
		if !ok {
			return
		}
		var want api.TaskList
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%q: took what encoding/json refuses: %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", text, got, want)
		}
	})
}

func BenchmarkTaskList(b *testing.B) {
	const head, tail = `{"schema":1,"tasks":[`, `,{}],"seq":41}`
	two := strings.TrimSuffix(strings.TrimPrefix(rows, head), tail)
	text := head + strings.Repeat(two+",", 499) + two + tail
	b.Run("plain", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			p := plain{rest: strings.Clone(text)}
			if _, ok := p.list(); !ok {
				b.Fatal("gave up")
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			var l api.TaskList
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				b.Fatal(err)
			}
		}
	})
}
