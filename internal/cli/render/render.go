// Package render turns what the daemon says into lines for a person. Whatever
// hf did not write itself is cleaned here.
package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/cli/wrap"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// StatusStyle returns the colour of a status.
func StatusStyle(st iostreams.Style, s api.Status) func(string) string {
	switch s {
	case api.StatusRunning:
		return st.Blue
	case api.StatusWaiting:
		return st.Yellow
	case api.StatusIdle:
		return st.Green
	case api.StatusError:
		return st.Red
	case api.StatusQueued, api.StatusProvisioning:
		return st.Cyan
	case api.StatusArchived, api.StatusKilled:
		return st.Dim
	}
	return func(s string) string { return s }
}

// Status is a task's status with its reason, on one line.
func Status(t *api.Task) string {
	if t.Reason == "" {
		return string(t.Status)
	}
	return string(t.Status) + " (" + sanitize.Line(t.Reason) + ")"
}

// Diff is a short form of a difference, "" for none.
func Diff(d *api.DiffStat) string {
	if d == nil || d.Files == 0 {
		return ""
	}
	return "+" + strconv.Itoa(d.Added) + " -" + strconv.Itoa(d.Removed)
}

// DiffLong names what a difference counts.
func DiffLong(d *api.DiffStat) string {
	if d.Files == 0 {
		return "no changes"
	}
	s := fmt.Sprintf("%s, +%d -%d", Count(d.Files, "file"), d.Added, d.Removed)
	if d.Untracked > 0 {
		s += fmt.Sprintf(", %d untracked", d.Untracked)
	}
	return s
}

// Count is a number with its noun.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Elapsed is a duration to three digits or so.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// Age is how long ago t was, in one unit.
func Age(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}

// Bytes is a size in the largest unit that leaves a whole number.
func Bytes(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// Exit says how a process ended.
func Exit(e *api.ExitEvent) string {
	switch {
	case e == nil:
		return "ended"
	case e.Signal != "":
		return "was ended by " + sanitize.Line(e.Signal)
	case e.Code != nil:
		return fmt.Sprintf("exited with code %d", *e.Code)
	}
	return "ended, nobody saw how"
}

// Result says how a turn ended.
func Result(r *api.TurnResult) string {
	s := string(r.StopReason)
	if r.Message != "" {
		s += ": " + sanitize.Line(r.Message)
	}
	if c := r.Check; c != nil {
		switch {
		case c.ExitCode == 0:
			s += ", check passed"
		case c.ExitCode < 0:
			s += ", check was ended"
		default:
			s += fmt.Sprintf(", check failed (exit %d)", c.ExitCode)
		}
	}
	return s
}

// Fields renders names and values, the values aligned. Empty values are left
// out.
func Fields(st iostreams.Style, pairs ...string) string { return FieldsIn(0, st, pairs...) }

// FieldsIn is Fields with values that are wrapped to a width, 0 for none. A path
// stays in one piece, so that it can be copied.
func FieldsIn(width int, st iostreams.Style, pairs ...string) string {
	widest := 0
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			widest = max(widest, len(pairs[i]))
		}
	}
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		name := pairs[i] + strings.Repeat(" ", widest-len(pairs[i]))
		value := pairs[i+1]
		if !strings.HasPrefix(value, "/") {
			value = wrap.Hang(value, width, widest+2)
		}
		b.WriteString(st.Dim(name) + "  " + value + "\n")
	}
	return b.String()
}

// Indent puts a prefix before every line of s and ends it with a new line.
func Indent(prefix, s string) string {
	s = strings.TrimRight(s, "\n")
	if s == "" {
		return ""
	}
	return prefix + strings.ReplaceAll(s, "\n", "\n"+prefix) + "\n"
}
