package pull

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// fits checks that a dialog is a box that fits, and holds nothing that a terminal
// obeys.
func fits(t *testing.T, d pane.Dialog) {
	t.Helper()
	for _, size := range append(tuitest.Sizes(), tuitest.Size{W: 12, H: 4}) {
		lines := d.View(size.W, size.H)
		if len(lines) > size.H {
			t.Errorf("%d lines at %+v", len(lines), size)
		}
		for _, l := range lines {
			if n := widget.Width(l); n > size.W || n != widget.Width(lines[0]) {
				t.Errorf("a line is %d columns wide at %+v: %.200q", n, size, l)
			}
			if strings.ContainsAny(strings.ReplaceAll(l, "\x1b[", ""), "\x1b\r\n\x00\x07\u202e\u2066") || !utf8.ValidString(l) {
				t.Errorf("a line holds what a terminal obeys: %.200q", l)
			}
		}
	}
}

// Whatever commits and people on the forge say, the dialogs hold what they held
// before.
func TestHostileText(t *testing.T) {
	for _, h := range []string{"\x1b[2J\x1b]0;owned\x07gone", "a\u202eb\u2066c", "\xff\xfe", strings.Repeat("日", 1<<16), strings.Repeat("\r\n", 1<<14), "\tx"} {
		c := &tuitest.Client{
			Plans: map[string]api.PullPlan{"test3": {Title: h, Body: h, Head: h, Base: h, Commits: 1 << 30}},
			Pulls: map[string]api.PullRequest{"test3": {
				PullRequestSummary: api.PullRequestSummary{Number: 1 << 40, URL: h, State: api.PullRequestDraft, Checks: api.ChecksFail, Review: api.ReviewChangesRequested},
				Base:               h, CheckRuns: []api.CheckRun{{Name: h, State: api.ChecksFail}},
			}},
		}
		d := tuitest.Deps(t, c, tuitest.Looks()[1].Theme, nil)
		u := tuitest.Snapshot()
		u.Tasks[2].Title, u.Tasks[2].Branch, u.Tasks[2].Conflicts = h, h, []api.Conflict{{With: h, Files: []string{h}}}
		d.Store.Apply(&u)
		task := d.Store.Task("test3")

		made, plan := NewCreate(d, task)
		fits(t, made)
		made.Update(plan())
		fits(t, made)
		made.Update(edited{task: "test3", text: h})
		made.Update(tuitest.Key("tab"))
		made.Update(begun{task: "test3", err: &api.Error{Message: h, Hint: h}})
		fits(t, made)
		made.plan.Existing = &api.PullRequestSummary{Number: 1, URL: h}
		fits(t, made)
		failed, _ := NewCreate(d, task)
		failed.Update(planned{task: "test3", err: &api.Error{Message: h}})
		fits(t, failed)

		merge, look := NewMerge(d, task)
		fits(t, merge)
		merge.Update(look())
		merge.Update(merging{task: "test3", err: &api.Error{Message: h, Hint: h}})
		fits(t, merge)
	}
}

// The answer about another task, or of a dialog before, changes nothing.
func TestAnswersOfOthers(t *testing.T) {
	d := tuitest.Deps(t, &tuitest.Client{}, tuitest.Looks()[1].Theme, nil)
	u := tuitest.Snapshot()
	d.Store.Apply(&u)
	m, _ := NewCreate(d, d.Store.Task("test3"))
	m.Update(planned{task: "auth1", plan: api.PullPlan{Title: "of another"}})
	if _, done := m.Update(begun{task: "auth1"}); done || m.plan != nil || m.asked.op != "" {
		t.Error("it took the answer of another")
	}
	m.Update(planned{task: "test3", plan: api.PullPlan{Title: "mine"}})
	m.Update(tuitest.Key("!"))
	m.Update(planned{task: "test3", plan: api.PullPlan{Title: "again"}})
	if got := m.title.Value(); got != "mine!" {
		t.Errorf("the title is %q", got)
	}
	m.Update(tuitest.Key("ctrl+u"))
	m.Update(tuitest.Key("enter"))
	if m.asked.busy || m.wrong != "a pull request needs a title" {
		t.Errorf("without a title it says %q", m.wrong)
	}
}
