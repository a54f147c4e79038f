package backend

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// poll is how often a followed log is looked at: hfd itself may be away.
const poll = 200 * time.Millisecond

// logsOptions is one parsed call of `hf backend logs`.
type logsOptions struct {
	io     *iostreams.IOStreams
	path   func() (string, error)
	follow bool
	lines  int
	raw    bool
}

func newLogs(f *factory.Factory, runF func(context.Context, *logsOptions) error) *cobra.Command {
	opts := &logsOptions{io: f.IO, path: func() (string, error) {
		p, err := f.Paths()
		return p.Log(), err
	}}
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Print hfd's log",
		Long:  "Print the end of hfd's log, whether it runs or not. --json prints its lines as they are.",
		Example: `  hf backend logs -n 100
  hf backend logs -f`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.lines < 0 {
				return exitcode.Usagef("--lines is negative")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runLogs(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.follow, "follow", "f", false, "go on as the log does")
	cmd.Flags().IntVarP(&opts.lines, "lines", "n", 50, "how many `lines` to begin with")
	cmd.Flags().BoolVar(&opts.raw, "json", false, "print the lines as they are")
	return cmd
}

func runLogs(ctx context.Context, opts *logsOptions) error {
	path, err := opts.path()
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && !opts.follow:
		return &api.Error{Code: api.CodeNotFound, Message: "hfd has not written a log yet", Hint: "it would be " + path}
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("read the log: %w", err)
	}
	t := tail{opts: opts, path: path, f: f}
	defer t.close()
	if err := t.last(opts.lines); err != nil || !opts.follow {
		return err
	}
	return t.follow(opts.io.WhileRead(ctx))
}

// tail reads a file that grows and is replaced by an empty one now and then.
type tail struct {
	opts *logsOptions
	path string
	f    *os.File // nil until there is one
	r    *bufio.Reader
	part string // a line whose end is not written yet
}

func (t *tail) close() {
	if t.f != nil {
		_ = t.f.Close()
	}
}

// last prints the last n lines and leaves the reader at the end.
func (t *tail) last(n int) error {
	if t.f == nil {
		return nil
	}
	t.r = bufio.NewReader(t.f)
	var lines []string
	for {
		line, err := t.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if lines = append(lines, line); len(lines) > 2*n+1000 {
			lines = slices.Clone(lines[len(lines)-n:])
		}
	}
	for _, line := range lines[max(0, len(lines)-n):] {
		if err := t.print(line); err != nil {
			return err
		}
	}
	return nil
}

func (t *tail) line() (string, error) {
	part, err := t.r.ReadString('\n')
	t.part += part
	if err != nil {
		return "", err
	}
	line := t.part
	t.part = ""
	return strings.TrimSuffix(line, "\n"), nil
}

func (t *tail) follow(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := t.rest(); err != nil {
			return err
		}
		if t.replaced() {
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// rest prints what was written since.
func (t *tail) rest() error {
	for t.f != nil {
		line, err := t.line()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if err := t.print(line); err != nil {
			return err
		}
	}
	return nil
}

// replaced opens the file that now has the name, if it is another one. The old
// one has been read to its end before.
func (t *tail) replaced() bool {
	now, err := os.Stat(t.path)
	if err != nil {
		return false
	}
	if t.f != nil {
		if was, err := t.f.Stat(); err == nil && os.SameFile(was, now) {
			return false
		}
	}
	f, err := os.Open(t.path)
	if err != nil {
		return false
	}
	if t.f != nil {
		_ = t.rest() // what came between the last look and the change
		_ = t.f.Close()
	}
	t.f, t.r, t.part = f, bufio.NewReader(f), ""
	return true
}

func (t *tail) print(line string) error {
	if !t.opts.raw {
		line = pretty(t.opts.io.OutStyle(), line)
	}
	_, err := fmt.Fprintln(t.opts.io.Out, line)
	return err
}

// pretty turns a line of the log into one for a person. A line that is no
// record is shown as it is.
func pretty(st iostreams.Style, line string) string {
	var rec map[string]any
	if err := json.Unmarshal([]byte(line), &rec); err != nil {
		return sanitize.Line(line)
	}
	take := func(key string) string {
		s, _ := rec[key].(string)
		delete(rec, key)
		return sanitize.Line(s)
	}
	at, level, msg := take("time"), take("level"), take("msg")
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		at = t.Local().Format("01-02 15:04:05.000")
	}
	level = fmt.Sprintf("%-5s", level)
	switch level {
	case "ERROR":
		level = st.Red(level)
	case "WARN ":
		level = st.Yellow(level)
	}
	var out strings.Builder
	out.WriteString(st.Dim(at) + " " + level + " " + msg)
	for _, key := range slices.Sorted(maps.Keys(rec)) {
		value, ok := rec[key].(string)
		if !ok {
			b, err := json.Marshal(rec[key])
			if err != nil {
				continue
			}
			value = string(b)
		}
		out.WriteString(" " + st.Dim(sanitize.Line(key)+"=") + sanitize.Exact(value))
	}
	return out.String()
}
