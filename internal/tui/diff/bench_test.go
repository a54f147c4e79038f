package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// long is a diff of so many lines in ten files.
func long(lines int) *api.Diff {
	d := &api.Diff{Task: "auth1"}
	var b strings.Builder
	for f := range 10 {
		name := fmt.Sprintf("pkg/f%d.go", f)
		n := lines / 10 / 3
		d.Files = append(d.Files, api.FileDiff{Path: name, Status: "modified", Added: n, Removed: n})
		fmt.Fprintf(&b, "diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1,%d +1,%d @@\n", name, name, name, name, 2*n, 2*n)
		for i := range n {
			fmt.Fprintf(&b, " \tif err := do(%d, \"text\"); err != nil { // a comment\n-\treturn one(ctx, %d)\n+\treturn two(ctx, %d)\n", i, i, i)
		}
	}
	d.Patch = b.String()
	return d
}

// sized is the pane with such a diff.
func sized(b *testing.B, lines int) *Pane {
	b.Helper()
	deps := tuitest.Deps(b, &tuitest.Client{}, tuitest.Looks()[0].Theme, bindings)
	u := tuitest.Snapshot()
	deps.Store.Apply(&u)
	p := New(deps)
	p.Resize(120, 40)
	p.Update(pane.Selected{ID: "auth1"})
	p.take(parse(long(lines)))
	return p
}

// BenchmarkLine is a key and the frame it leads to.
func BenchmarkLine(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := sized(b, n)
			for i := 0; b.Loop(); i++ {
				p.Update(widget.Move(1 - 2*(i/30%2)))
				p.View(true)
			}
		})
	}
}

// BenchmarkPage is a key after which most of the screen was not drawn before.
func BenchmarkPage(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := sized(b, n)
			for i := 0; b.Loop(); i++ {
				p.Update(widget.Page(2))
				if v := p.view(); v.cur == len(v.rows)-1 {
					p.Update(widget.Home{})
				}
				p.paint.forget()
				p.View(true)
			}
		})
	}
}

// BenchmarkTake is what a changed diff costs the screen, BenchmarkParse what it
// costs behind it.
func BenchmarkTake(b *testing.B) {
	p := sized(b, 10_000)
	p.Update(widget.End{})
	c := [2]*change{parse(long(10_000)), parse(long(10_000))}
	for i := 0; b.Loop(); i++ {
		p.take(c[i%2])
		p.View(true)
	}
}

func BenchmarkParse(b *testing.B) {
	d := long(10_000)
	b.SetBytes(int64(len(d.Patch)))
	for b.Loop() {
		parse(d)
	}
}
