package hold

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of start times in /proc on every Linux there is.
const tick = time.Second / 100

// Since returns the processes below a session's holder that began after a time
// and still live: what a piece of work has left behind.
func Since(sessionDir string, t time.Time) ([]int, error) {
	info, alive := Alive(sessionDir)
	if !alive {
		return nil, nil
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return nil, fmt.Errorf("read the time since boot: %w", err)
	}
	boot := time.Now().Add(-time.Duration(up.Nano()))
	below, err := descendants(info.PID)
	if err != nil {
		return nil, err
	}
	t = t.Add(-2 * tick) // start times are cut to whole ticks
	var pids []int
	for _, p := range below {
		if boot.Add(time.Duration(p.start) * tick).After(t) {
			pids = append(pids, p.pid)
		}
	}
	return pids, nil
}
