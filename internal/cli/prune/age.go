package prune

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// age is a flag with a duration that may also be in days or weeks.
type age struct{ into **time.Duration }

func (a *age) String() string {
	if a.into == nil || *a.into == nil {
		return ""
	}
	return (*a.into).String()
}

func (a *age) Type() string { return "duration" }

func (a *age) Set(text string) error {
	d, err := parse(text)
	if err != nil {
		return err
	}
	*a.into = &d
	return nil
}

func parse(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, is := strings.CutSuffix(text, suffix); is {
			n, err := strconv.ParseUint(digits, 10, 16)
			if err != nil {
				break
			}
			return time.Duration(n) * unit, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("a duration such as 12h, 14d or 2w is needed")
	}
	return d, nil
}
