package session

import (
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func TestWhoEndedAPermissionRequest(t *testing.T) {
	for _, tt := range []struct {
		state  api.PermissionState
		answer string
		want   api.Resolver
	}{
		{api.PermissionOpen, "", ""},
		{api.PermissionAnswered, "yes", ""},
		{api.PermissionAllowed, "yes", api.ResolvedByPerson},
		{api.PermissionDenied, "no", api.ResolvedByPerson},
		{api.PermissionAllowed, "", api.ResolvedByPolicy},
		{api.PermissionCancelled, "", api.ResolvedByAgent},
		{api.PermissionCancelled, "yes", api.ResolvedByAgent}, // the answer came too late
	} {
		p := &Permission{Answer: tt.answer}
		p.State = tt.state
		if got := resolver(p); got != tt.want {
			t.Errorf("%s with answer %q: %q, want %q", tt.state, tt.answer, got, tt.want)
		}
	}
}
