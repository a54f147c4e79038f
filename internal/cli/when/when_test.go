package when

import (
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/exitcode"
)

func TestSince(t *testing.T) {
	zone := time.FixedZone("there", 2*60*60)
	now := time.Date(2026, 3, 10, 14, 30, 15, 500, zone)
	for text, want := range map[string]time.Time{
		"90s":                  now.Add(-90 * time.Second),
		"2h30m":                now.Add(-150 * time.Minute),
		"0s":                   now,
		"3d":                   now.Add(-72 * time.Hour),
		"1w":                   now.Add(-7 * 24 * time.Hour),
		"14:30":                time.Date(2026, 3, 10, 14, 30, 0, 0, zone),
		"14:30:16":             time.Date(2026, 3, 9, 14, 30, 16, 0, zone),
		"23:00":                time.Date(2026, 3, 9, 23, 0, 0, 0, zone),
		"2026-03-01":           time.Date(2026, 3, 1, 0, 0, 0, 0, zone),
		"2026-03-01 08:15":     time.Date(2026, 3, 1, 8, 15, 0, 0, zone),
		"2026-03-01T08:15:30":  time.Date(2026, 3, 1, 8, 15, 30, 0, zone),
		"2026-03-01T08:15:30Z": time.Date(2026, 3, 1, 8, 15, 30, 0, time.UTC),
	} {
		if got, err := Since(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "-5m", "25:00", "10", "99999999d", "d", "2026-13-01", "10m ago"} {
		if got, err := Since(text, now); exitcode.For(err) != exitcode.Usage {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
