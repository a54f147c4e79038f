package exitcode

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func TestEveryCodeHasAnExitCode(t *testing.T) {
	for _, code := range api.Codes() {
		exit, ok := Of(code)
		if !ok {
			t.Errorf("%s is not in the table", code)
		}
		if !slices.ContainsFunc(Meanings(), func(m Meaning) bool { return m.Code == exit }) {
			t.Errorf("%s leads to %d, which is not documented", code, exit)
		}
		if exit == OK {
			t.Errorf("%s leads to success", code)
		}
	}
	if exit, ok := Of("from_the_future"); ok || exit != Failed {
		t.Errorf("an unknown code is %d, %v", exit, ok)
	}
}

func TestMeaningsAreInOrderAndUnique(t *testing.T) {
	m := Meanings()
	for i := 1; i < len(m); i++ {
		if m[i].Code <= m[i-1].Code {
			t.Errorf("%d follows %d", m[i].Code, m[i-1].Code)
		}
	}
}

func TestFor(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{fmt.Errorf("plain"), 1},
		{Usagef("what is %q", "x"), 2},
		{fmt.Errorf("create: %w", &api.Error{Code: api.CodeAgent}), 3},
		{&api.Error{Code: api.CodeNotFound}, 10},
		{fmt.Errorf("wait: %w", SilentError(8)), 8},
		{context.Canceled, 130},
		{fmt.Errorf("wait: %w", context.DeadlineExceeded), 124},
	}
	for _, tt := range tests {
		if got := For(tt.err); got != tt.want {
			t.Errorf("For(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}
