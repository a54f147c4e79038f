package bench

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []time.Duration
		want   time.Duration
	}{
		{nil, 0},
		{[]time.Duration{5}, 5},
		{[]time.Duration{9, 1, 5}, 5},
		{[]time.Duration{9, 1, 5, 7}, 6},
	} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median(%v) = %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestTableSaysWhatWasMissed(t *testing.T) {
	ms := func(n int) []time.Duration { return []time.Duration{time.Duration(n) * time.Millisecond} }
	var out bytes.Buffer
	table(&out, []*row{
		{what: "right", rival: "r", goal: 2, ours: ms(20), its: ms(10)},
		{what: "wrong", rival: "r", goal: 2, ours: ms(21), its: ms(10)},
	})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[1], "2.00x    2.00x  ok") || !strings.HasSuffix(lines[2], "2.10x    2.00x  MISSED") {
		t.Errorf("table:\n%s", out.String())
	}
}
