package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// turn is one prompt being carried out.
type turn struct {
	*server
	session *session
	n       int // of the session's turns
	prompt  string
	tools   int
	texts   int
	words   int // said so far
}

// errOver ends a turn early without an error.
var errOver = errors.New("the turn is over")

// turnError is an error that the turn ends in.
type turnError struct {
	text string
	data any
}

func (e *turnError) Error() string { return e.text }

// run carries the prompt out and answers it.
func (t *turn) run(ctx context.Context, id json.RawMessage) {
	err := ctx.Err()
	if err == nil {
		err = t.script(ctx)
	}
	result := object{"stopReason": "end_turn", "usage": object{
		"inputTokens": len(strings.Fields(t.prompt)), "outputTokens": t.words,
		"totalTokens": len(strings.Fields(t.prompt)) + t.words,
	}}
	var failed *turnError
	var asks *inputError
	switch {
	case t.server.ctx.Err() != nil:
		return // the process ends
	case errors.As(err, &failed):
		t.send(object{"id": id, "error": object{"code": -32603, "message": failed.text, "data": failed.data}})
		return
	case errors.As(err, &asks):
		result["_meta"] = object{"hf": object{"input": asks.question}}
	case errors.Is(err, errOver):
		return
	case err != nil:
		result["stopReason"] = "cancelled"
	}
	t.result(id, result)
}

// inputError ends the turn with a question to the person.
type inputError struct{ question string }

func (e *inputError) Error() string { return e.question }

func (t *turn) script(ctx context.Context) error {
	t.session.mu.Lock()
	forgot, rest := t.session.forgot, t.session.rest
	t.session.forgot, t.session.rest = false, nil
	t.session.mu.Unlock()
	if forgot {
		t.say("The demo agent was started anew: it remembers nothing of the earlier conversation.")
	}
	script, ok := parse(t.prompt)
	switch {
	case ok:
	case rest != nil:
		t.say("You answered: " + strings.TrimSpace(t.prompt))
		script = rest
	default:
		return t.plain(ctx)
	}
	for i, d := range script {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.verb == "input" {
			t.session.mu.Lock()
			t.session.rest = append([]directive{}, script[i+1:]...)
			t.session.mu.Unlock()
		}
		if err := t.do(ctx, d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// plain is what the agent does with a prompt that is no script.
func (t *turn) plain(ctx context.Context) error {
	prompt := strings.TrimSpace(t.prompt)
	name := "demo/" + slug(prompt) + ".md"
	t.say(fmt.Sprintf("I am the demo agent. A real agent would now do this:\n\n> %s\n\nI write it down in %s.\n",
		strings.ReplaceAll(prompt, "\n", "\n> "), name))
	if err := t.write(ctx, name, "# "+strings.SplitN(prompt, "\n", 2)[0]+"\n\n"+prompt+"\n", false); err != nil {
		return err
	}
	t.say("Done.")
	return nil
}

func (t *turn) do(ctx context.Context, d directive) error {
	switch d.verb {
	case "say":
		t.say(d.text)
	case "think":
		t.update(t.session.id, object{"sessionUpdate": "agent_thought_chunk", "content": textBlock(d.text)})
	case "plan":
		t.plan(d.text)
	case "write", "append":
		return t.write(ctx, d.path, d.text, d.verb == "append")
	case "read":
		t.readFile(d.path)
	case "run":
		return t.command(ctx, d.text)
	case "ask":
		return t.ask(ctx, d.text)
	case "input":
		return &inputError{question: d.text}
	case "commit":
		return t.commit(ctx, d.text)
	case "sleep":
		pause, _ := time.ParseDuration(d.text)
		return wait(ctx, pause)
	case "stream":
		return t.stream(ctx, d.text)
	case "fail":
		return &turnError{text: d.text}
	case "limit":
		pause, _ := time.ParseDuration(d.text)
		reset := time.Now().Add(pause).UTC().Format(time.RFC3339Nano)
		return &turnError{
			text: "the demo agent's usage limit is reached",
			data: object{"_meta": object{"hf": object{"limit": object{"resetAt": reset}}}},
		}
	default:
		return t.misbehave(d)
	}
	return nil
}

// misbehave does what no agent should.
func (t *turn) misbehave(d directive) error {
	switch d.verb {
	case "garbage":
		t.raw([]byte("\x1b[31mthis is not JSON-RPC\x1b[0m {\x00\xff\n"))
	case "crash":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		<-t.server.ctx.Done()
	case "exit":
		code, _ := strconv.Atoi(d.text)
		t.stop(code)
		return errOver
	case "hang":
		t.hung.Store(true)
		<-t.server.ctx.Done()
	}
	return nil
}

func (t *turn) say(text string) {
	t.texts++
	t.chunk(text)
}

// chunk is a part of the message that say began.
func (t *turn) chunk(text string) {
	t.words += len(strings.Fields(text))
	t.update(t.session.id, object{
		"sessionUpdate": "agent_message_chunk", "content": textBlock(text),
		"messageId": fmt.Sprintf("text-%d-%d", t.n, t.texts),
	})
}

func (t *turn) plan(text string) {
	entries := []object{}
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			entries = append(entries, object{"content": part, "status": "pending", "priority": "medium"})
		}
	}
	t.update(t.session.id, object{"sessionUpdate": "plan", "entries": entries})
}

func (t *turn) stream(ctx context.Context, text string) error {
	lines, every, _ := streamOf(text)
	t.texts++
	for i := range lines {
		if i > 0 {
			if err := wait(ctx, every); err != nil {
				return err
			}
		}
		t.chunk(fmt.Sprintf("line %d of %d\n", i+1, lines))
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func textBlock(text string) object { return object{"type": "text", "text": text} }
