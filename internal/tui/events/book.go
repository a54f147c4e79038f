package events

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// book is what is known of a task's past: events, and among them the work that
// was done on it, each where it began.
type book struct {
	blocks []*block
	latest map[string]*block // of each operation the last try
}

// block is an event or a try at an operation.
type block struct {
	id    string
	at    time.Time
	event *api.HistoryEntry // nil for work
	work  *work
	lines []line // as they were drawn
	drawn bool
}

// work is a try at an operation.
type work struct {
	id, kind string
	state    api.OperationState
	err      *api.Error
	steps    []api.Step
	updated  time.Time
	known    bool // the steps are hfd's word, not gathered from events
}

// settled is how long after an operation ended the events of it are that end,
// not those of another try.
const settled = time.Second

func newBook() *book { return &book{latest: map[string]*block{}} }

// add takes in an event: of a step it becomes part of the work.
func (b *book) add(e *api.HistoryEntry) {
	switch e.Kind { //nolint:exhaustive // all others are events
	case api.EventStepDone, api.EventStepFailed:
		var s api.StepEvent
		if json.Unmarshal(e.Data, &s) == nil && s.Operation != "" {
			b.step(e, &s)
			return
		}
	case api.EventOperationDone, api.EventOperationFailed:
		var op api.Operation
		if json.Unmarshal(e.Data, &op) == nil && b.latest[op.ID] != nil {
			b.end(e, &op)
			return
		}
	}
	entry := *e
	b.insert(&block{id: "e" + strconv.FormatInt(e.Seq, 10), at: e.Time, event: &entry})
}

// step notes how a step ended.
func (b *book) step(e *api.HistoryEntry, s *api.StepEvent) {
	at := b.latest[s.Operation]
	if at != nil && at.work.holds(e) {
		return
	}
	if at == nil || over(at.work.state) {
		at = b.try(s.Operation, s.Kind, e.Time)
	}
	at.drawn = false
	w := at.work
	w.updated = e.Time
	i := slices.IndexFunc(w.steps, func(have api.Step) bool { return have.Name == s.Step })
	if i < 0 {
		w.steps = append(w.steps, api.Step{Name: s.Step})
		i = len(w.steps) - 1
	}
	step := &w.steps[i]
	step.State, step.Detail = api.StepDone, s.Detail
	if e.Kind == api.EventStepFailed {
		step.State, step.Log, w.err = api.StepFailed, s.Log, s.Error
	}
	if step.StartedAt != nil && step.EndedAt == nil {
		end := e.Time
		step.EndedAt = &end
	}
}

// end notes how an operation ended.
func (b *book) end(e *api.HistoryEntry, op *api.Operation) {
	at := b.latest[op.ID]
	if w := at.work; !w.holds(e) {
		w.state, w.err, w.updated, at.drawn = op.State, op.Error, e.Time, false
	}
}

// holds reports whether what hfd said of an operation that ended tells of an
// event, too.
func (w *work) holds(e *api.HistoryEntry) bool {
	return w.known && over(w.state) && e.Time.Sub(w.updated) < settled
}

// know takes in what hfd says of an operation.
func (b *book) know(op *api.Operation) {
	at := b.latest[op.ID]
	switch {
	case at == nil:
		at = b.try(op.ID, op.Kind, op.CreatedAt)
	case over(at.work.state) && !over(op.State): // it is tried again
		at = b.try(op.ID, op.Kind, op.UpdatedAt)
	}
	at.drawn = false
	at.work.state, at.work.err, at.work.steps, at.work.known = op.State, op.Error, op.Steps, true
	at.work.updated = op.UpdatedAt
}

// forget gives an operation up that hfd no longer knows: what the events say is
// all there is.
func (b *book) forget(id string) {
	if at := b.latest[id]; at != nil {
		at.work.known = true
		if !over(at.work.state) {
			at.work.state = api.OperationDone
		}
		at.drawn = false
	}
}

// try begins a try at an operation.
func (b *book) try(id, kind string, at time.Time) *block {
	n := 1
	for _, had := range b.blocks {
		if had.work != nil && had.work.id == id {
			n++
		}
	}
	block := &block{
		id: "o" + id + "/" + strconv.Itoa(n), at: at,
		work: &work{id: id, kind: kind, state: api.OperationRunning, updated: at},
	}
	b.latest[id] = block
	b.insert(block)
	return block
}

// insert puts a block where its time is, which is mostly the end.
func (b *book) insert(one *block) {
	i := len(b.blocks)
	for i > 0 && b.blocks[i-1].at.After(one.at) {
		i--
	}
	b.blocks = slices.Insert(b.blocks, i, one)
}

func over(s api.OperationState) bool {
	return s == api.OperationDone || s == api.OperationFailed || s == api.OperationHalted
}

// open names operations that go on or of which nothing was asked yet, the
// newest first.
func (b *book) open(most int) []string {
	var out []string
	for _, at := range slices.Backward(b.blocks) {
		if w := at.work; w != nil && b.latest[w.id] == at && (!w.known || !over(w.state)) && len(out) < most {
			out = append(out, w.id)
		}
	}
	return out
}

// unknown reports whether there is an operation of which nothing was asked yet.
func (b *book) unknown() bool {
	return slices.ContainsFunc(b.blocks, func(at *block) bool {
		return at.work != nil && b.latest[at.work.id] == at && !at.work.known
	})
}

// live reports whether work is in progress.
func (b *book) live() bool {
	return slices.ContainsFunc(b.blocks, func(at *block) bool { return at.work != nil && !over(at.work.state) })
}

// age has what is in progress drawn anew: time went on. It reports whether there
// is any.
func (b *book) age() (goes bool) {
	for _, at := range b.blocks {
		if at.work != nil && !over(at.work.state) {
			at.drawn, goes = false, true
		}
	}
	return goes
}

// redraw gives up what was drawn.
func (b *book) redraw() {
	for _, at := range b.blocks {
		at.drawn = false
	}
}
