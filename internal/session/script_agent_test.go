package session_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// scriptAgent is an agent that does what the last block of its prompt says:
//
//	ask    asks a question and repeats the answer as it came
//	hang   says nothing for ever
//	blocks repeats its prompt as it came
//
// It can take no conversation up again.
func scriptAgent(in io.Reader, out io.Writer) {
	var prompt json.RawMessage
	end := func(text string) {
		said, _ := json.Marshal(text)
		fmt.Fprintf(out, `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":%s}}}}`+"\n", said)
		fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":{"stopReason":"end_turn"}}`+"\n", prompt)
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var msg struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Prompt []struct {
					Text string `json:"text"`
				} `json:"prompt"`
			} `json:"params"`
			Result json.RawMessage `json:"result"`
		}
		if json.Unmarshal(line, &msg) != nil {
			continue
		}
		switch msg.Method {
		case "initialize":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":1,"agentCapabilities":{"promptCapabilities":{"image":true,"embeddedContext":true}}}}`+"\n", msg.ID)
		case "session/new":
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%s,"result":{"sessionId":"s1"}}`+"\n", msg.ID)
		case "session/prompt":
			prompt = msg.ID
			switch blocks := msg.Params.Prompt; blocks[len(blocks)-1].Text {
			case "ask":
				fmt.Fprintln(out, `{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"mode":"form","message":"How many?","requestedSchema":{"properties":{"n":{"type":"integer"}},"required":["n"]}}}`)
			case "hang":
			default:
				end(string(line))
			}
		case "":
			end(string(msg.Result))
		}
	}
}
