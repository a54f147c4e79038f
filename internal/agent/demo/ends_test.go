package demo_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/pkg/api"
)

func TestFailures(t *testing.T) {
	a := start(t, api.PermissionAsk)
	turn := a.do("fail: no luck", "say: never")
	if last := turn[len(turn)-1]; last.StopReason != api.StopError || last.Error.Message != "no luck" {
		t.Errorf("ended %+v", last)
	}
	before := time.Now()
	turn = a.do("limit: 1h")
	f := a.Facts()
	if stop(turn) != api.StopLimit || f.Activity != api.ActivityLimited || f.LimitReset == nil {
		t.Fatalf("ended %s, facts %+v", stop(turn), f)
	}
	if d := f.LimitReset.Sub(before); d < 59*time.Minute || d > 61*time.Minute {
		t.Errorf("the limit resets in %v", d)
	}
	turn = a.do("garbage", "say: after")
	if text(turn, api.EntryText) != "after" || a.Facts().Garbage != 1 || stop(turn) != api.StopEndTurn {
		t.Errorf("turn %+v", turn)
	}
}

func TestDies(t *testing.T) {
	for line, want := range map[string]api.ExitEvent{"crash": {Signal: "SIGKILL"}, "exit: 3": {Code: new(3)}, "exit: 0": {Code: new(0)}} {
		t.Run(line, func(t *testing.T) {
			a := start(t, api.PermissionAsk)
			id := a.begin("say: last words", line, "say: never")
			a.wait(func(f acp.Facts) bool { return f.Exit != nil })
			turn := a.end(id)
			if text(turn, api.EntryText) != "last words" || stop(turn) != api.StopInterrupted {
				t.Errorf("turn %+v", turn)
			}
			got := a.Facts().Exit
			if got.Signal != want.Signal || (got.Code == nil) != (want.Code == nil) || got.Code != nil && *got.Code != *want.Code {
				t.Errorf("exit %+v, want %+v", got, want)
			}
			if a.Facts().Activity != api.ActivityFailed {
				t.Errorf("facts %+v", a.Facts())
			}
		})
	}
}

func TestHang(t *testing.T) {
	a := start(t, api.PermissionAsk)
	a.begin("say: going", "hang")
	a.wait(func(acp.Facts) bool { return text(a.Entries(), api.EntryText) == "going" })
	for range 2 { // nothing tells that it hangs but silence
		ctx, cancel := context.WithTimeout(a.ctx, 300*time.Millisecond)
		if err := a.Wait(ctx, func(f acp.Facts) bool { return f.Turn == "" }); err == nil || a.Facts().Exit != nil {
			t.Errorf("it answered or ended: %v, %+v", err, a.Facts())
		}
		cancel()
		if err := a.Cancel(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCancel(t *testing.T) {
	for _, line := range []string{"sleep: 1h", "stream: 100000 every 1ms", "run: echo $$ > pid; sleep 3600", "ask: wait?"} {
		t.Run(line, func(t *testing.T) {
			a := start(t, api.PermissionEdits)
			id := a.begin("say: begun", line, "say: never")
			switch {
			case strings.HasPrefix(line, "run"):
				a.answer("allow_once")
				a.wait(func(acp.Facts) bool {
					return slices.ContainsFunc(a.Entries(), func(e api.Entry) bool { return e.Tool != nil && e.Tool.Status == "in_progress" })
				})
				await(t, func() bool { b, _ := os.ReadFile(filepath.Join(a.dir, "pid")); return len(b) > 0 })
			case strings.HasPrefix(line, "ask"):
				a.wait(func(f acp.Facts) bool { return len(f.OpenPermissions) == 1 })
			default:
				a.wait(func(acp.Facts) bool { return strings.HasPrefix(text(a.Entries(), api.EntryText), "begun") })
			}
			if err := a.Cancel(); err != nil {
				t.Fatal(err)
			}
			turn := a.end(id)
			if stop(turn) != api.StopCancelled || strings.Contains(text(turn, api.EntryText), "never") {
				t.Errorf("ended %s, said %q", stop(turn), text(turn, api.EntryText))
			}
			if strings.HasPrefix(line, "run") {
				pid, err := strconv.Atoi(strings.TrimSpace(a.file("pid")))
				if err != nil || syscall.Kill(pid, 0) == nil {
					t.Errorf("the command %d is still there (%v)", pid, err)
				}
			}
			if got := text(a.do("say: again"), api.EntryText); got != "again" {
				t.Errorf("the next turn said %q", got)
			}
		})
	}
}

// await polls for something that tells nobody of itself.
func await(t *testing.T, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came")
		}
	}
}

// talk runs the agent in this process and returns its pipes.
func talk(t *testing.T) (in io.WriteCloser, out *bufio.Scanner, code <-chan int) {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- demo.Main(t.Context(), nil, []string{"PATH=" + os.Getenv("PATH")}, inR, outW, io.Discard)
		_ = outW.Close()
	}()
	t.Cleanup(func() { _ = inW.Close(); _ = outR.Close() })
	return inW, bufio.NewScanner(outR), done
}

// Prompts that overlap are carried out one after the other, and the end of the
// input ends the agent with what it runs.
func TestOverlapAndEnd(t *testing.T) {
	dir := t.TempDir()
	in, out, code := talk(t)
	send := func(line string) {
		t.Helper()
		if _, err := io.WriteString(in, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	var session string
	next := func() string { // the next text or answer
		t.Helper()
		for out.Scan() {
			var m struct {
				ID     any            `json:"id"`
				Result map[string]any `json:"result"`
				Params struct {
					Update struct {
						Kind    string `json:"sessionUpdate"`
						Content any    `json:"content"`
					} `json:"update"`
				} `json:"params"`
			}
			if err := json.Unmarshal(out.Bytes(), &m); err != nil {
				t.Fatalf("%s: %v", out.Bytes(), err)
			}
			if id, ok := m.Result["sessionId"].(string); ok {
				session = id
			}
			if content, ok := m.Params.Update.Content.(map[string]any); ok && m.Params.Update.Kind == "agent_message_chunk" {
				return content["text"].(string)
			}
			if id, ok := m.ID.(string); ok {
				return id
			}
		}
		t.Fatal("the output ended")
		return ""
	}
	send(`{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":1}}`)
	next()
	send(`{"jsonrpc":"2.0","id":"n","method":"session/new","params":{"cwd":"` + dir + `","mcpServers":[]}}`)
	next()
	prompt := func(id, text string) {
		send(`{"jsonrpc":"2.0","id":"` + id + `","method":"session/prompt","params":{"sessionId":"` + session + `","prompt":[{"type":"text","text":"` + text + `"}]}}`)
	}
	prompt("p1", `say: a\nsleep: 20ms\nsay: b`)
	prompt("p2", `say: c`)
	var got []string
	for range 5 {
		got = append(got, next())
	}
	if want := []string{"a", "b", "p1", "c", "p2"}; !slices.Equal(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
	prompt("p3", `say: d\nsleep: 1h`)
	next()
	_ = in.Close()
	select {
	case c := <-code:
		if c != 0 {
			t.Errorf("ended with %d", c)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it outlives its input")
	}
}
