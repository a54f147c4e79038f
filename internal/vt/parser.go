// Package vt follows what a program writes to a terminal just far enough to know
// which modes it has switched on: so that they can be switched off behind it and
// on again on another terminal. It draws nothing and knows no screen.
package vt

import (
	"bytes"
	"strings"
)

const (
	esc = 0x1b
	bel = 0x07
	can = 0x18
	sub = 0x1a
	enq = 0x05
)

// maxSeq is how much of a sequence is kept, in bytes. What is longer carries
// data, a picture or a clipboard, and is followed only to its end.
const maxSeq = 4 << 10

type state byte

const (
	ground    state = iota
	escape          // behind ESC
	charset         // in ESC and intermediates
	control         // in CSI
	text            // in OSC, DCS, APC, PM or SOS
	textEnded       // behind ESC in one of those
)

// parser cuts a stream into text and sequences. A sequence that was aborted is
// neither.
type parser struct {
	state state
	seq   []byte // of the sequence so far, from its ESC on, at most maxSeq
}

// feed tells text and whole sequences, in their order. What it tells is valid
// until it returns.
func (p *parser) feed(b []byte, told func(text []byte), sequence func(seq []byte)) {
	for len(b) > 0 {
		if p.state == ground {
			i := bytes.IndexByte(b, esc)
			if i < 0 {
				told(b)
				return
			}
			if i > 0 {
				told(b[:i])
			}
			p.begin()
			b = b[i+1:]
			continue
		}
		c := b[0]
		b = b[1:]
		switch p.state {
		case escape, charset, control:
			p.short(c, told, sequence)
		case textEnded:
			if c == '\\' {
				p.end(c, sequence)
				continue
			}
			p.begin() // the ESC was another sequence's
			p.short(c, told, sequence)
		case text:
			switch {
			case c == esc:
				p.state = textEnded
			case c == can || c == sub:
				p.state = ground
			case c == bel && p.seq[1] == ']':
				p.end(c, sequence)
			default:
				p.keep(c)
			}
		case ground:
		}
	}
}

// short takes a byte of a sequence that carries no text.
func (p *parser) short(c byte, told, sequence func([]byte)) {
	switch {
	case c == esc:
		p.begin()
	case c == can || c == sub || c >= 0x7f:
		p.state = ground
	case c < ' ': // is carried out in the middle of a sequence
		told([]byte{c})
	case p.state == control && c < '@', c < '0':
		if p.keep(c); p.state == escape {
			p.state = charset
		}
	case p.state == escape && c == '[':
		p.keep(c)
		p.state = control
	case p.state == escape && bytes.IndexByte([]byte("]PX^_"), c) >= 0:
		p.keep(c)
		p.state = text
	default:
		p.end(c, sequence)
	}
}

func (p *parser) begin() {
	p.state = escape
	p.seq = append(p.seq[:0], esc)
}

func (p *parser) keep(c byte) {
	if len(p.seq) < maxSeq {
		p.seq = append(p.seq, c)
	}
}

func (p *parser) end(c byte, sequence func([]byte)) {
	if c == '\\' && p.state == textEnded {
		p.keep(esc)
	}
	p.keep(c)
	p.state = ground
	if len(p.seq) < maxSeq {
		sequence(p.seq)
	}
}

// csi is a CSI sequence in its parts.
type csi struct {
	private byte // one of <=>?, or 0
	params  string
	inter   string
	final   byte
}

// readCSI reads a whole sequence that begins with ESC [.
func readCSI(seq []byte) csi {
	body := string(seq[2 : len(seq)-1])
	out := csi{final: seq[len(seq)-1]}
	if body != "" && body[0] >= '<' && body[0] <= '?' {
		out.private, body = body[0], body[1:]
	}
	for len(body) > 0 && body[len(body)-1] < '0' {
		out.inter, body = body[len(body)-1:]+out.inter, body[:len(body)-1]
	}
	out.params = body
	return out
}

// bodyOf is what a whole OSC sequence says, without how it ends.
func bodyOf(seq []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(seq[2:]), "\a"), "\x1b\\")
}
