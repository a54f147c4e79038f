package session_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/pkg/api"
)

// leakyAgent runs a command in its first turn and, told to cancel, says that
// it did while the command goes on.
func leakyAgent(in io.Reader, out io.Writer) {
	var prompt json.RawMessage
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var msg struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if json.Unmarshal(lines.Bytes(), &msg) != nil {
			continue
		}
		switch msg.Method {
		case "initialize":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":1,"agentCapabilities":{}}}`+"\n", msg.ID)
		case "session/new":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":{"sessionId":"s1"}}`+"\n", msg.ID)
		case "session/prompt":
			prompt = msg.ID
			cmd := exec.Command("/bin/sleep", "1000")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if err := cmd.Start(); err != nil {
				panic(err)
			}
			_ = os.WriteFile("leak.pid", []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
			fmt.Fprintln(out, `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"tool_call","toolCallId":"t1","title":"sleep","kind":"execute","status":"in_progress"}}}`)
		case "session/cancel":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":{"stopReason":"cancelled"}}`+"\n", prompt)
		}
	}
}

// An interrupt ends what the turn was doing, also where the agent only says so.
func TestInterruptEndsTheCommandToo(t *testing.T) {
	b := newBench(t)
	b.startAgent("leaky-agent")
	b.send("m1", "go")
	b.await("the turn begins", func(tx *store.Tx) bool {
		task, err := tx.Task(taskID)
		return err == nil && task.TurnStartedAt != nil
	})
	var pid int
	b.eventually("the command runs", func() bool {
		text, err := os.ReadFile(filepath.Join(b.dir, "work", "leak.pid"))
		if err == nil {
			pid, err = strconv.Atoi(string(text))
		}
		return err == nil && slices.ContainsFunc(b.transcript(""), func(e api.Entry) bool { return e.Kind == api.EntryTool })
	})
	if err := b.m.Interrupt(taskID); err != nil {
		t.Fatal(err)
	}
	b.awaitMessage("m1", api.MessageDone)
	b.awaitActivity(api.ActivityExited)
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("the command %d still runs", pid)
	}
}
