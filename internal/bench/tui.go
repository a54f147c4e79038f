package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// What the screen may take, on whatever machine.
const (
	paintGoal = 100 * time.Millisecond
	keyGoal   = 16 * time.Millisecond
	keyMost   = 50 * time.Millisecond
)

// screens measures the screen: hf on a terminal, with as many tasks as anybody
// has. The rivals are what a person expects, and the same with few tasks.
func screens(ctx context.Context, b *built, o options, log io.Writer) (all []*row, err error) {
	parts := []screenPart{paints(), presses(), floods(), idles(), memories(o)}
	for _, p := range parts {
		if o.wanted(p.rows...) {
			all = append(all, p.rows...)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	fmt.Fprintln(log, "filling databases of screens")
	few, err := b.talker(ctx, "fewscreen", 10, 100)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, few.leave(context.WithoutCancel(ctx))) }()
	many, err := b.talker(ctx, "manyscreen", 1000, 10_000)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, many.leave(context.WithoutCancel(ctx))) }()
	for _, p := range parts {
		if !o.wanted(p.rows...) {
			continue
		}
		fmt.Fprintln(log, "measuring", p.rows[0].what)
		if err := p.measure(ctx, few, many, o); err != nil {
			return all, err
		}
	}
	return all, nil
}

// screenPart is some rows that are measured together.
type screenPart struct {
	rows    []*row
	measure func(ctx context.Context, few, many *talker, o options) error
}

// paints measures how soon the screen shows tasks after hf was started.
func paints() screenPart {
	ratio := &row{what: "tui first paint, 1000 tasks", rival: "10 tasks", goal: 2}
	goal := &row{what: "tui first paint, 1000 tasks", rival: "a person", goal: 1, its: []time.Duration{paintGoal}}
	return screenPart{[]*row{ratio, goal}, func(ctx context.Context, few, many *talker, o options) error {
		for round := range max(o.rounds/3, 5) + 2 {
			its, err := few.paint(ctx)
			if err != nil {
				return err
			}
			ours, err := many.paint(ctx)
			if err != nil {
				return err
			}
			if round >= 2 { // the first rounds fill caches
				ratio.its, ratio.ours = append(ratio.its, its), append(ratio.ours, ours)
			}
		}
		goal.ours = ratio.ours
		return nil
	}}
}

// presses measures how soon the screen shows what a key did, in the list and in
// a long conversation, and how many bytes that takes.
func presses() screenPart {
	ratio := &row{what: "tui key to frame, 1000 tasks", rival: "10 tasks", goal: 1.5}
	goal := &row{what: "tui key to frame, 1000 tasks", rival: "a frame", goal: 1, its: []time.Duration{keyGoal}}
	late := &row{what: "tui key to frame, 99 of 100", rival: "a glance", goal: 1, its: []time.Duration{keyMost}}
	size := &row{what: "tui bytes of a key", rival: "the screen", goal: 0.5, format: kilobytes, its: []time.Duration{screenSize}}
	return screenPart{[]*row{ratio, goal, late, size}, func(ctx context.Context, few, many *talker, o options) error {
		theirs, err := few.read(ctx)
		if err != nil {
			return err
		}
		defer theirs.close()
		ours, err := many.read(ctx)
		if err != nil {
			return err
		}
		defer ours.close()
		for i := range 4 * o.rounds {
			key := []string{"k", "j"}[i%2] // from the end up and back
			switch half := 2 * o.rounds; {
			case i == half:
				key = "\t" // from the list to the conversation
			case i > half:
				key = []string{"j", "k"}[i%2]
			}
			its, _, err := theirs.press(ctx, key)
			if err != nil {
				return err
			}
			our, bytes, err := ours.press(ctx, key)
			if err != nil {
				return err
			}
			ratio.its, ratio.ours = append(ratio.its, its), append(ratio.ours, our)
			size.ours = append(size.ours, time.Duration(bytes))
		}
		goal.ours, late.ours = ratio.ours, []time.Duration{most(ratio.ours)}
		return nil
	}}
}

// floods measures how soon a letter is seen that is typed while the agent it is
// for says 10 MB.
func floods() screenPart {
	goal := &row{what: "tui key while an agent says 10 MB", rival: "a frame", goal: 1, its: []time.Duration{keyGoal}}
	late := &row{what: "tui key of that, 99 of 100", rival: "a glance", goal: 1, its: []time.Duration{keyMost}}
	return screenPart{[]*row{goal, late}, func(ctx context.Context, _, many *talker, _ options) (err error) {
		goal.ours, err = many.flood(ctx)
		late.ours = []time.Duration{most(goal.ours)}
		return err
	}}
}

// talker is a world one task of which has said a lot: the last one of the list.
type talker struct {
	*world
	task    string
	started []string // tasks with agents
}

// talker makes a world with so many tasks, the agent of one of which has said so
// many lines.
func (b *built) talker(ctx context.Context, name string, tasks, lines int) (*talker, error) {
	w, err := b.listed(ctx, name, tasks-1)
	if err != nil {
		return nil, err
	}
	t := &talker{world: w}
	if t.task, err = t.create(ctx, "stream: "+strconv.Itoa(lines)+" every 0s"); err != nil {
		return nil, err
	}
	return t, t.ask(ctx, nil, "wait", t.task, "--for", "idle", "--timeout", "120s")
}

// create makes a task whose agent does as a script says.
func (t *talker) create(ctx context.Context, script string) (id string, err error) {
	var made api.Task
	if err := t.ask(ctx, &made, "create", "--agent", "demo", "--no-wait", "--json", script); err != nil {
		return "", err
	}
	t.started = append(t.started, made.ID)
	return made.ID, nil
}

// leave ends the agents and the daemon.
func (t *talker) leave(ctx context.Context) error {
	err := t.ask(ctx, nil, append([]string{"kill", "--yes"}, t.started...)...)
	return errors.Join(err, t.stop(ctx))
}

// title is what the titles of all tasks that are filled in begin with.
const title = "Fix the flaky test number"

// paint starts hf and says how soon it shows tasks.
func (t *talker) paint(ctx context.Context) (time.Duration, error) {
	tty, err := t.open()
	if err != nil {
		return 0, err
	}
	defer tty.close()
	f, err := tty.until(ctx, title)
	return f.at.Sub(tty.began), err
}

// read starts hf on the conversation of the task that has said a lot.
func (t *talker) read(ctx context.Context) (*terminal, error) {
	tty, err := t.open("tui", t.task)
	if err != nil {
		return nil, err
	}
	_, err = tty.until(ctx, "line ")
	return tty, err
}

// What a flood is made of, 10 MB in all: one long line, and many short ones.
const (
	longLine  = 100_000
	manyLines = 500_000
)

// flood types a message while the agent it is for says 10 MB, and says how long
// it took until each letter was seen.
func (t *talker) flood(ctx context.Context) (took []time.Duration, err error) {
	task, err := t.create(ctx, fmt.Sprintf("input: ready?\nsay: %s\nstream: %d every 0s", strings.Repeat("long ", longLine/5), manyLines))
	if err != nil {
		return nil, err
	}
	tty, err := t.open("tui", task)
	if err != nil {
		return nil, err
	}
	defer tty.close()
	if _, err := tty.until(ctx, "1 waiting"); err != nil {
		return nil, err
	}
	if _, _, err := tty.press(ctx, "m"); err != nil {
		return nil, err
	}
	if err := t.ask(ctx, nil, "send", task, "go"); err != nil {
		return nil, err
	}
	over := make(chan error, 1)
	go func() { over <- t.ask(ctx, nil, "wait", task, "--for", "idle", "--timeout", "300s") }()
	for letter := 'Ā'; ; letter++ { // one that is nowhere else yet
		select {
		case err := <-over:
			return took, err
		default:
		}
		typed := time.Now()
		if _, err := tty.pty.WriteString(string(letter)); err != nil {
			return took, err
		}
		f, err := tty.until(ctx, string(letter))
		if err != nil {
			return took, err
		}
		took = append(took, f.at.Sub(typed))
		if _, _, err := tty.look(ctx, 50*time.Millisecond); err != nil {
			return took, err
		}
	}
}

// most is what 99 of 100 values are not above.
func most(values []time.Duration) time.Duration {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return v[(len(v)*99-1)/100]
}

func kilobytes(bytes time.Duration) string { return fmt.Sprintf("%.2f kB", float64(bytes)/1000) }
