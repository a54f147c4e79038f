package task

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func TestWords(t *testing.T) {
	code := 3
	for _, tt := range []struct {
		kind    api.EventKind
		data    any
		message string
		want    string
	}{
		{api.EventTaskCreated, nil, "", "task created: Fix it"},
		{api.EventTaskRenamed, api.TaskRename{From: "a", To: "b"}, "", `renamed from "a" to "b"`},
		{api.EventTaskChanged, api.TaskChange{Status: api.StatusProvisioning, Reason: "sandbox"}, "", "now provisioning (sandbox)"},
		{api.EventSessionActivity, api.TaskChange{Status: api.StatusIdle}, "", "now idle"},
		{api.EventStepDone, api.StepEvent{Kind: "create", Step: "branch", Detail: "fix/it"}, "", "create: step branch done: fix/it"},
		{api.EventStepFailed, api.StepEvent{Kind: "kill", Step: "save", Error: &api.Error{Message: "disk full"}}, "", "kill: step save failed: disk full"},
		{api.EventOperationDone, api.Operation{Kind: "kill"}, "", "kill done"},
		{api.EventOperationFailed, api.Operation{Kind: "create", State: api.OperationHalted, Error: &api.Error{Message: "ask"}}, "", "create halted: ask"},
		{api.EventSessionEnded, api.ExitEvent{Code: &code}, "", "agent ended, with exit code 3"},
		{api.EventMessageState, api.Message{State: api.MessageQueued}, "do this\nand that", "message queued: do this …"},
		{api.EventMessageState, api.Message{State: api.MessageFailed, Error: "gone"}, "do", "message failed: gone: do"},
		{api.EventTurnStarted, api.Message{State: api.MessageDelivered}, "do", "turn began: do"},
		{api.EventTurnEnded, api.TurnResult{StopReason: api.StopEndTurn}, "", "turn ended"},
		{api.EventTurnEnded, api.TurnResult{StopReason: api.StopError, Message: "no"}, "", "turn ended: error: no"},
		{api.EventPermissionAsked, api.PermissionRequest{ID: "p1", Title: "ls"}, "", "agent asks (p1): ls"},
		{api.EventPermissionResolved, api.PermissionRequest{ID: "p1", Title: "list", Command: "ls", State: api.PermissionAllowed, ResolvedBy: api.ResolvedByPerson}, "", "allowed by you (p1): list: ls"},
		{api.EventPermissionResolved, api.PermissionRequest{ID: "p1", Title: "ls", State: api.PermissionAllowed, ResolvedBy: api.ResolvedByPolicy}, "", "allowed by the permission policy (p1): ls"},
		{api.EventPermissionResolved, api.PermissionRequest{ID: "p1", Title: "ls", State: api.PermissionCancelled, ResolvedBy: api.ResolvedByAgent}, "", "no longer asked (p1): ls"},
		{api.EventCheckEnded, api.CheckResult{Command: "go test", ExitCode: 1}, "", "check failed (exit 1): go test"},
		{api.EventRepoChanged, api.Repo{Name: "web", State: "error", Reason: "gone"}, "", "repo web error: gone"},
		{api.EventBackendUpgraded, api.BackendUpgrade{From: 1, Build: 2, Version: "v2"}, "", "hfd upgraded in place to v2 (build 2, was 1)"},
		{"something.new", nil, "", "something.new"},
	} {
		e := HistoryEvent{Title: "Fix it", Message: tt.message}
		e.Kind = tt.kind
		if tt.data != nil {
			b, err := json.Marshal(tt.data)
			if err != nil {
				t.Fatal(err)
			}
			e.Data = b
		}
		if got := e.Words(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.kind, got, tt.want)
		}
		e.Data = json.RawMessage(`"of another kind"`)
		if e.Words() == "" {
			t.Errorf("%s with data of another kind has no words", tt.kind)
		}
	}
}

func TestCheckTitle(t *testing.T) {
	for title, ok := range map[string]bool{
		"Fix the login": true, "ürgs ✓": true, strings.Repeat("ü", maxTitle): true,
		"": false, " \t": false, "a\nb": false, "a\x1b[2Jb": false, "a\xffb": false, strings.Repeat("x", maxTitle+1): false,
	} {
		if err := CheckTitle(title); (err == nil) != ok {
			t.Errorf("%.20q: %v", title, err)
		}
	}
}
