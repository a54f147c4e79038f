package acp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coder/acp-go-sdk"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

func TestPolicy(t *testing.T) {
	options := `"options":[{"optionId":"a","kind":"allow_always","name":"A"},{"optionId":"o","kind":"allow_once","name":"O"},{"optionId":"r","kind":"reject_once","name":"R"}]`
	onlyReject := `"options":[{"optionId":"r","kind":"reject_once","name":"R"}]`
	edit := func(path string) string {
		return fmt.Sprintf(`"toolCall":{"toolCallId":"c","kind":"edit","title":"Edit","locations":[{"path":%q}]}`, path)
	}
	tests := []struct {
		name   string
		policy api.Permission
		before string // a tool_call update
		call   string
		option string
		auto   bool
	}{
		{"ask", api.PermissionAsk, "", edit("/w/a"), options, false},
		{"edits inside", api.PermissionEdits, "", edit("/w/a"), options, true},
		{"edits relative", api.PermissionEdits, "", edit("sub/a"), options, true},
		{"edits outside", api.PermissionEdits, "", edit("/etc/passwd"), options, false},
		{"edits beside", api.PermissionEdits, "", edit("/work/a"), options, false},
		{"edits above", api.PermissionEdits, "", edit("/w/../etc/passwd"), options, false},
		{"edits of git", api.PermissionEdits, "", edit("/w/.git/config"), options, false},
		{"edits of git's link", api.PermissionEdits, "", edit("/w/.git"), options, false},
		{"edits of nothing", api.PermissionEdits, "", `"toolCall":{"toolCallId":"c","kind":"edit","title":"Edit"}`, options, false},
		{"edits, path told before", api.PermissionEdits, `{"sessionUpdate":"tool_call","toolCallId":"c","kind":"edit","locations":[{"path":"/w/a"}]}`, `"toolCall":{"toolCallId":"c"}`, options, true},
		{"edits, other path told before", api.PermissionEdits, `{"sessionUpdate":"tool_call","toolCallId":"c","kind":"edit","content":[{"type":"diff","path":"/etc/passwd","newText":"x"}]}`, edit("/w/a"), options, false},
		{"edits does not run", api.PermissionEdits, "", `"toolCall":{"toolCallId":"c","kind":"execute","title":"rm","locations":[{"path":"/w/a"}]}`, options, false},
		{"all", api.PermissionAll, "", `"toolCall":{"toolCallId":"c","kind":"execute","title":"rm"}`, options, true},
		{"all, nothing to allow", api.PermissionAll, "", edit("/w/a"), onlyReject, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := ready(t, Config{Cwd: "/w", Permission: tt.policy})
			k.prompt("one", "hello")
			if tt.before != "" {
				k.update(tt.before)
			}
			k.entries = nil
			k.agent(`{"jsonrpc":"2.0","id":4,"method":"session/request_permission","params":{"sessionId":"s",` + tt.call + `,` + tt.option + `}}`)
			if !slices.Contains(k.kinds(), api.EntryPermission) {
				t.Fatalf("not in the transcript: %v", k.kinds())
			}
			due, f := k.m.Due(), k.m.Facts()
			if !tt.auto {
				if len(due) != 0 || len(f.OpenPermissions) != 1 || f.Activity != api.ActivityNeedsPermission {
					t.Errorf("due %v, facts %+v", due, f)
				}
				return
			}
			if len(due) != 1 || !bytes.Contains(due[0].Line, []byte(`"optionId":"o"`)) {
				t.Fatalf("due %+v", due)
			}
			if f.Activity != api.ActivityWorking || len(f.OpenPermissions) != 0 {
				t.Errorf("a person is asked: %+v", f)
			}
			k.due()
			last := k.entries[len(k.entries)-1]
			if last.Kind != api.EntryResolved || last.Permission.State != api.PermissionAllowed || !strings.Contains(last.Text, string(tt.policy)) {
				t.Errorf("resolved as %+v", last)
			}
			if due := k.m.Due(); len(due) != 0 {
				t.Errorf("due again: %+v", due)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	k := ready(t, Config{Cwd: "/w", Permission: api.PermissionAsk})
	k.prompt("one", "hello")
	if _, err := k.m.Prompt(Message{ID: "two", Text: "more"}); err == nil {
		t.Error("a prompt in the middle of a turn was accepted")
	}
	k.agent(`{"jsonrpc":"2.0","id":"x-1","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"c","title":"T"},"options":[{"optionId":"o","kind":"allow_once","name":"O"},{"optionId":"r","kind":"reject_once","name":"R"}]}}`)
	id := k.m.Facts().OpenPermissions[0].ID
	if _, err := k.m.Answer(id, "nope"); err == nil {
		t.Error("an option that was not offered was accepted")
	}
	if _, err := k.m.Answer("nope", "o"); err == nil {
		t.Error("an unknown request was answered")
	}
	line, err := k.m.Answer(id, "r")
	if err != nil {
		t.Fatal(err)
	}
	var sdk struct {
		ID     string                        `json:"id"`
		Result acp.RequestPermissionResponse `json:"result"`
	}
	if err := json.Unmarshal(line, &sdk); err != nil || sdk.ID != "x-1" || sdk.Result.Outcome.Selected == nil || sdk.Result.Outcome.Selected.OptionId != "r" {
		t.Errorf("the SDK reads %s as %+v, %v", line, sdk, err)
	}
	got := k.feed(journal.In, string(line))
	if len(got) != 1 || got[0].Permission.State != api.PermissionDenied || got[0].Permission.ResolvedAt == nil {
		t.Errorf("folded as %+v", got)
	}
	if _, err := k.m.Answer(id, "o"); err == nil {
		t.Error("a closed request was answered again")
	}
}

func TestRequestIDsOfAnyKind(t *testing.T) {
	k := ready(t, Config{Cwd: "/w"})
	k.prompt("one", "hello")
	ask := func(id string) string {
		k.agent(`{"method":"session/request_permission","params":{"toolCall":{"toolCallId":"c","title":"T"},"options":[{"optionId":"o","kind":"allow_once","name":"O"}]},"id":` + id + `,"jsonrpc":"2.0"}`)
		open := k.m.Facts().OpenPermissions
		return open[len(open)-1].ID
	}
	number, text, again := ask("1"), ask(`"1"`), ask("1")
	if number == text || text == again || number == again {
		t.Errorf("ids %s %s %s are not all different", number, text, again)
	}
	line, err := k.m.Answer(text, "o")
	if err != nil {
		t.Fatal(err)
	}
	k.feed(journal.In, string(line))
	open := k.m.Facts().OpenPermissions
	if len(open) != 2 || open[0].ID != number || open[1].ID != again {
		t.Errorf("open %+v", open)
	}
}
