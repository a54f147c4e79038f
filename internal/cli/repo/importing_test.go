package repo

import (
	"slices"
	"testing"
)

func TestNumbers(t *testing.T) {
	for answer, want := range map[string][]int{
		"": nil, "1": {1}, "2,4": {2, 4}, "3-5, 1": {1, 3, 4, 5}, "all": {1, 2, 3, 4, 5}, "5 5 4-5": {4, 5},
	} {
		if got, err := numbers(answer, 5); err != nil || !slices.Equal(got, want) {
			t.Errorf("numbers(%q) = %v, %v", answer, got, err)
		}
	}
	for _, answer := range []string{"0", "6", "2-1", "x", "1-", "-3", "1-9", "none"} {
		if got, err := numbers(answer, 5); err == nil {
			t.Errorf("numbers(%q) = %v", answer, got)
		}
	}
}
