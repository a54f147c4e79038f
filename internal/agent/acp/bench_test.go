package acp

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/journal"
)

func BenchmarkFeed(b *testing.B) {
	records := sample(b, "claude")
	cfg := configs["claude"]
	opening := records[:11]
	for name, line := range map[string]string{
		"chunk": `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","messageId":"m","content":{"type":"text","text":"some words of an answer"}}}}`,
		"tool":  `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"tool_call_update","toolCallId":"c","content":[{"type":"content","content":{"type":"text","text":"` + strings.Repeat("output of a tool ", 600) + `"}}]}}}`,
	} {
		b.Run(name, func(b *testing.B) {
			m := New(cfg)
			fold(m, opening)
			at := m.s.Seen
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				rec := journal.Record{Kind: journal.Out, Offset: at, Next: at + 1, Data: []byte(line + "\n")}
				at = rec.Next
				m.Feed(rec)
			}
		})
	}
}
