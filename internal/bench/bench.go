// Package bench measures what has a speed goal. Machines differ and are busy
// with other things, so everything is a ratio to a rival that does the same
// kind of work, measured in turns with it in one run.
package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// row is one goal and what was measured for it.
type row struct {
	what  string
	rival string
	goal  float64 // the highest ratio that is right
	ours  []time.Duration
	its   []time.Duration

	format func(time.Duration) string // nil: as milliseconds
}

func (r *row) ratio() float64 {
	its := median(r.its)
	if its == 0 {
		return 0
	}
	return float64(median(r.ours)) / float64(its)
}

// median is the middle of the values, the mean of the two in the middle for an
// even number of them.
func median(values []time.Duration) time.Duration {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// options are what a run can be told.
type options struct {
	rounds  int
	files   int
	only    string
	stream  time.Duration
	strict  bool
	verbose bool
}

// Main measures and prints a table. args are the words after the program's
// name. It returns the exit status: 1 when something could not be measured, or
// with -strict when a goal was missed.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 60, "how often short commands are measured; long ones are measured less often")
	flags.IntVar(&o.files, "files", 10000, "files in the repository of the sandbox row")
	flags.DurationVar(&o.stream, "stream", time.Minute, "how long an agent streams while the memory of the screen is looked at")
	flags.StringVar(&o.only, "only", "", "measure only the rows whose name has this text")
	flags.BoolVar(&o.strict, "strict", false, "a missed goal is a failure")
	flags.BoolVar(&o.verbose, "v", false, "say what is being done")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	log := io.Discard
	if o.verbose {
		log = stderr
	}
	rows, err := run(ctx, o, log)
	table(stdout, rows)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	if o.strict && slices.ContainsFunc(rows, func(r *row) bool { return r.ratio() > r.goal }) {
		return 1
	}
	return 0
}

// table prints the rows.
func table(w io.Writer, rows []*row) {
	fmt.Fprintf(w, "%-38s %10s %-18s %10s %8s %8s\n", "what", "median", "against", "median", "ratio", "goal")
	for _, r := range rows {
		verdict, show := "ok", r.format
		if show == nil {
			show = millis
		}
		if r.ratio() > r.goal {
			verdict = "MISSED"
		}
		fmt.Fprintf(w, "%-38s %10s %-18s %10s %7.2fx %7.2fx  %s\n",
			r.what, show(median(r.ours)), r.rival, show(median(r.its)), r.ratio(), r.goal, verdict)
	}
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

// run builds what is measured, measures it and removes it again.
func run(ctx context.Context, o options, log io.Writer) (rows []*row, err error) {
	dir, err := os.MkdirTemp("", "hfb") // short: sockets lie below it
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Fprintln(log, "building")
	b, err := build(ctx, dir)
	if err != nil {
		return nil, err
	}
	for _, m := range []func(context.Context, *built, options, io.Writer) ([]*row, error){starts, creates, sandboxes, crashes, refreshes, screens} {
		more, err := m(ctx, b, o, log)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// wanted reports whether any of the rows is to be measured.
func (o options) wanted(rows ...*row) bool {
	return slices.ContainsFunc(rows, func(r *row) bool { return strings.Contains(r.what, o.only) })
}
