// Package when reads the times that people write in flags.
package when

import (
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/cli/exitcode"
)

// Since reads how long ago something is, such as 90s, 10m, 2h30m, 3d or 1w, or
// when it was: a time of day, a date, both, or RFC 3339. Times without a zone
// are those of the person's clock, and a time of day is the last one.
func Since(text string, now time.Time) (time.Time, error) {
	if d, ok := ago(text); ok {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		t, err := time.ParseInLocation(layout, text, now.Location())
		if err != nil {
			continue
		}
		t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, now.Location())
		if t.After(now) {
			t = t.AddDate(0, 0, -1)
		}
		return t, nil
	}
	return time.Time{}, &exitcode.UsageError{
		Message: strconv.Quote(text) + " is no time",
		Hint:    `a duration such as 10m, 2h or 3d, a time of day such as 14:30, a date, or both: "2006-01-02 15:04"`,
	}
}

func ago(text string) (time.Duration, bool) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseUint(digits, 10, 16)
			return time.Duration(n) * length, err == nil
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
