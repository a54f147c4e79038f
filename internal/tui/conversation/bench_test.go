package conversation

import (
	"fmt"
	"testing"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// What an agent says in one go, and the frame that shows it.
func BenchmarkArrived(b *testing.B) {
	for _, n := range []int{1, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := New(tuitest.Deps(b, &tuitest.Client{}, tuitest.Looks()[0].Theme, nil))
			p.Resize(70, 34)
			p.Update(pane.Selected{ID: "auth1"})
			p.batch = &model.Batch[api.Entry]{}
			line := 0
			for b.Loop() {
				items := make([]api.Entry, n)
				for i := range items {
					line++
					items[i] = api.Entry{Kind: api.EntryText, MessageID: "m", Text: fmt.Sprintf("line %d of 1000000\n", line)}
				}
				p.arrived(arrived{batch: p.batch, items: joined(items), more: true})
				p.View(false)
			}
		})
	}
}
