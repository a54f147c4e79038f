// Package events is the pane of what happened to the selected task, and the log of its steps.
package events

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Pane is what happened to the selected task, and the log of its steps.
type Pane struct {
	d             *pane.Deps
	width, height int
}

// New returns the pane.
func New(d *pane.Deps) *Pane { return &Pane{d: d} }

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.Events }

// Title is what its tab is called.
func (p *Pane) Title() string { return "Events" }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) { p.width, p.height = width, height }

// Update takes a message.
func (p *Pane) Update(tea.Msg) tea.Cmd { return nil }

// View draws the pane.
func (p *Pane) View(bool) []string { return widget.Block(nil, p.width, p.height) }
