package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/xec"
)

const (
	// maxRead bounds what reading a file shows, in bytes.
	maxRead = 64 << 10
	// cancelGrace is how long a command may take to end when its turn is
	// cancelled.
	cancelGrace = 500 * time.Millisecond
)

// tool announces a tool call and returns its id.
func (t *turn) tool(fields object) string {
	t.tools++
	id := fmt.Sprintf("call-%d-%d", t.n, t.tools)
	fields["sessionUpdate"], fields["toolCallId"] = "tool_call", id
	if fields["status"] == nil {
		fields["status"] = "in_progress"
	}
	t.update(t.session.id, fields)
	return id
}

func (t *turn) toolUpdate(id string, fields object) {
	fields["sessionUpdate"], fields["toolCallId"] = "tool_call_update", id
	t.update(t.session.id, fields)
}

func textContent(text string) []object {
	return []object{{"type": "content", "content": textBlock(text)}}
}

// local names a path below the working directory.
func (t *turn) local(path string) (string, error) {
	if filepath.IsAbs(path) {
		rel, err := filepath.Rel(t.session.cwd, path)
		if err != nil {
			return "", err
		}
		path = rel
	}
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("%s is outside the working directory", path)
	}
	return filepath.Clean(path), nil
}

// write makes or extends a file and shows the edit.
func (t *turn) write(ctx context.Context, path, text string, extend bool) error {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	verb := "Write "
	if extend {
		verb = "Append to "
	}
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(t.session.cwd, path)
	}
	id := t.tool(object{
		"title": verb + path, "kind": "edit", "locations": []object{{"path": abs}},
		"rawInput": object{"file_path": abs, "content": text},
	})
	diff, err := t.edit(path, abs, text, extend)
	if err != nil {
		t.toolUpdate(id, object{"status": "failed", "content": textContent(err.Error())})
		return ctx.Err()
	}
	t.toolUpdate(id, object{"status": "completed", "content": []object{diff}})
	return ctx.Err()
}

func (t *turn) edit(path, abs, text string, extend bool) (object, error) {
	name, err := t.local(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(t.session.cwd)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	old, err := root.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	diff := object{"type": "diff", "path": abs, "oldText": nil}
	if err == nil {
		diff["oldText"] = string(old)
	}
	if extend {
		text = string(old) + text
	}
	diff["newText"] = text
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	return diff, root.WriteFile(name, []byte(text), 0o644)
}

func (t *turn) readFile(path string) {
	id := t.tool(object{
		"title": "Read " + path, "kind": "read",
		"locations": []object{{"path": filepath.Join(t.session.cwd, path)}}, "rawInput": object{"file_path": path},
	})
	text, err := t.content(path)
	if err != nil {
		t.toolUpdate(id, object{"status": "failed", "content": textContent(err.Error())})
		return
	}
	t.toolUpdate(id, object{"status": "completed", "content": textContent(text)})
}

func (t *turn) content(path string) (string, error) {
	name, err := t.local(path)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(t.session.cwd)
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	b, err := root.ReadFile(name)
	return strings.ToValidUTF8(string(b[:min(len(b), maxRead)]), "�"), err
}

// command runs a shell command, after it was allowed.
func (t *turn) command(ctx context.Context, command string) error {
	t.session.mu.Lock()
	free := t.session.mode == modeAll || t.session.runs
	t.session.mu.Unlock()
	input := object{"command": command}
	id := t.tool(object{"title": command, "kind": "execute", "status": "pending", "rawInput": input})
	if !free {
		option, err := t.permission(ctx, object{"toolCallId": id, "title": command, "kind": "execute", "rawInput": input}, true)
		if err != nil {
			return err
		}
		if option == "deny" {
			t.toolUpdate(id, object{"status": "failed", "content": textContent("not allowed")})
			return nil
		}
	}
	t.toolUpdate(id, object{"status": "in_progress"})
	return t.execute(ctx, id, xec.Cmd{Argv: []string{"/bin/sh", "-c", command}})
}

// execute runs a program for a tool call and shows its output as it comes.
func (t *turn) execute(ctx context.Context, id string, cmd xec.Cmd) error {
	out := &shown{turn: t, id: id}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Grace = t.session.cwd, t.env, out, out, cancelGrace
	err := xec.Run(ctx, cmd)
	if ctx.Err() != nil {
		t.toolUpdate(id, object{"status": "failed"})
		return ctx.Err()
	}
	code, status := 0, "completed"
	if err != nil {
		status, code = "failed", 1
		if failed, ok := errors.AsType[*xec.Error](err); ok {
			code = failed.Code
		} else {
			_, _ = out.Write([]byte(err.Error() + "\n"))
		}
	}
	end := object{"status": status, "rawOutput": object{"exit_code": code}}
	if t.outputs.Load() {
		end["_meta"] = object{"terminal_exit": object{"terminal_id": id, "exit_code": code}}
	}
	t.toolUpdate(id, end)
	return nil
}

// shown passes a command's output on: in pieces to a client that can show
// them, as the whole so far to any other.
type shown struct {
	turn *turn
	id   string
	mu   sync.Mutex
	all  strings.Builder
}

func (w *shown) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.ToValidUTF8(string(p), "�")
	if w.turn.outputs.Load() {
		w.turn.toolUpdate(w.id, object{"_meta": object{"terminal_output_delta": object{"terminal_id": w.id, "data": text}}})
		return len(p), nil
	}
	if w.all.Len() < maxRead {
		w.all.WriteString(text)
		w.turn.toolUpdate(w.id, object{"content": textContent(w.all.String())})
	}
	return len(p), nil
}

// ask is a permission request for nothing but the answer.
func (t *turn) ask(ctx context.Context, question string) error {
	id := t.tool(object{"title": question, "kind": "other", "status": "pending"})
	option, err := t.permission(ctx, object{"toolCallId": id, "title": question, "kind": "other"}, false)
	if err != nil {
		return err
	}
	if option == "deny" {
		t.toolUpdate(id, object{"status": "failed", "content": textContent("denied")})
		t.say("denied: " + question)
		return nil
	}
	t.toolUpdate(id, object{"status": "completed", "content": textContent("allowed")})
	t.say("allowed: " + question)
	return nil
}

// permission asks for a tool call and returns the option chosen.
func (t *turn) permission(ctx context.Context, call object, lasting bool) (string, error) {
	options := []object{{"optionId": "allow", "kind": "allow_once", "name": "Allow"}}
	if lasting {
		options = append(options, object{"optionId": "always", "kind": "allow_always", "name": "Always allow"})
	}
	options = append(options, object{"optionId": "deny", "kind": "reject_once", "name": "Deny"})
	answer, err := t.call(ctx, "session/request_permission", object{
		"sessionId": t.session.id, "toolCall": call, "options": options,
	})
	if err != nil {
		return "", err
	}
	var r struct {
		Outcome struct {
			Outcome string `json:"outcome"`
			Option  string `json:"optionId"`
		} `json:"outcome"`
	}
	_ = json.Unmarshal(answer, &r)
	switch {
	case r.Outcome.Outcome == "cancelled":
		return "", context.Canceled
	case r.Outcome.Option == "always":
		t.session.mu.Lock()
		t.session.runs = true
		t.session.mu.Unlock()
		return "always", nil
	case r.Outcome.Option == "allow":
		return "allow", nil
	default:
		return "deny", nil
	}
}

// commit commits everything in the working directory. An identity is made up
// only where git has none.
func (t *turn) commit(ctx context.Context, text string) error {
	id := t.tool(object{
		"title": "Commit: " + text, "kind": "execute", "rawInput": object{"command": []string{"git", "commit", "-m", text}},
	})
	git := func(args ...string) xec.Cmd {
		return xec.Cmd{Argv: append([]string{"git"}, args...), Dir: t.session.cwd, Env: t.env}
	}
	if err := xec.Run(ctx, git("add", "--all")); err != nil {
		t.toolUpdate(id, object{"status": "failed", "content": textContent(err.Error())})
		return ctx.Err()
	}
	var identity []string
	for _, set := range []string{"user.name=hf demo agent", "user.email=demo-agent@hf.invalid"} {
		key, _, _ := strings.Cut(set, "=")
		if xec.Run(ctx, git("config", "--get", key)) != nil {
			identity = append(identity, "-c", set)
		}
	}
	cmd := git(append(identity, "commit", "--file=-")...)
	cmd.Stdin = strings.NewReader(text)
	return t.execute(ctx, id, cmd)
}
