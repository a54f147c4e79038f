package graphql

import (
	"fmt"
	"strconv"
)

// parser reads documents, of requests and of schemas.
type parser struct {
	lex   *lexer
	tok   token
	depth int
}

// maxDepth bounds how deep a request may nest.
const maxDepth = 64

// Parse reads a request.
func Parse(src string) (*Document, error) {
	p, err := newParser(src)
	if err != nil {
		return nil, err
	}
	doc := &Document{fragments: map[string]*fragment{}}
	for p.tok.kind != tokenEnd {
		if p.tok.text == "fragment" && p.tok.kind == tokenName {
			f, err := p.fragment()
			if err != nil {
				return nil, err
			}
			doc.fragments[f.name] = f
			continue
		}
		o, err := p.operation()
		if err != nil {
			return nil, err
		}
		doc.Operations = append(doc.Operations, o)
	}
	if len(doc.Operations) == 0 {
		return nil, &Error{Message: "A query attribute must be specified and must be a string."}
	}
	return doc, nil
}

func newParser(src string) (*parser, error) {
	p := &parser{lex: newLexer(src)}
	return p, p.advance()
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) is(text string) bool {
	return (p.tok.kind == tokenPunct || p.tok.kind == tokenName) && p.tok.text == text
}

// accept passes a token if it comes next.
func (p *parser) accept(text string) (bool, error) {
	if !p.is(text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(text string) error {
	if ok, err := p.accept(text); ok || err != nil {
		return err
	}
	return p.unexpected(fmt.Sprintf("%q", text))
}

func (p *parser) unexpected(wanted string) error {
	got := fmt.Sprintf("%q", p.tok.text)
	if p.tok.kind == tokenEnd {
		got = "the end of the document"
	}
	return p.lex.fail(p.tok.at, fmt.Sprintf("expected %s, got %s", wanted, got))
}

func (p *parser) name() (string, error) {
	if p.tok.kind != tokenName {
		return "", p.unexpected("a name")
	}
	name := p.tok.text
	return name, p.advance()
}

// list reads items between two brackets, at least one.
func (p *parser) list(begin, end string, item func() error) error {
	if err := p.expect(begin); err != nil {
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if ok, err := p.accept(end); ok || err != nil {
			return err
		}
	}
}

func (p *parser) operation() (*Operation, error) {
	o := &Operation{Kind: "query"}
	if !p.is("{") {
		kind, err := p.name()
		if err != nil {
			return nil, err
		}
		if kind != "query" && kind != "mutation" {
			return nil, p.lex.fail(p.tok.at, fmt.Sprintf("%q is no operation here", kind))
		}
		o.Kind = kind
		if p.tok.kind == tokenName {
			if o.Name, err = p.name(); err != nil {
				return nil, err
			}
		}
		if p.is("(") {
			err := p.list("(", ")", func() error {
				v, err := p.variable()
				o.vars = append(o.vars, v)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	var err error
	o.set, err = p.selections()
	return o, err
}

func (p *parser) variable() (v variable, err error) {
	v.at = p.tok.at
	if err = p.expect("$"); err != nil {
		return v, err
	}
	if v.name, err = p.name(); err != nil {
		return v, err
	}
	if err = p.expect(":"); err != nil {
		return v, err
	}
	if v.typ, err = p.typeRef(); err != nil {
		return v, err
	}
	if v.hasDefault, err = p.accept("="); v.hasDefault && err == nil {
		v.def, err = p.value()
	}
	return v, err
}

func (p *parser) typeRef() (*typeRef, error) {
	t := &typeRef{}
	list, err := p.accept("[")
	if err != nil {
		return nil, err
	}
	if list {
		if t.elem, err = p.typeRef(); err != nil {
			return nil, err
		}
		if err = p.expect("]"); err != nil {
			return nil, err
		}
	} else if t.name, err = p.name(); err != nil {
		return nil, err
	}
	t.nonNull, err = p.accept("!")
	return t, err
}

func (p *parser) fragment() (*fragment, error) {
	f := &fragment{at: p.tok.at}
	err := p.expect("fragment")
	if err == nil {
		f.name, err = p.name()
	}
	if err == nil {
		err = p.expect("on")
	}
	if err == nil {
		f.on, err = p.name()
	}
	if err == nil {
		f.set, err = p.selections()
	}
	return f, err
}

func (p *parser) selections() (set []*selection, err error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.lex.fail(p.tok.at, "too deep")
	}
	defer func() { p.depth-- }()
	err = p.list("{", "}", func() error {
		s, err := p.selection()
		set = append(set, s)
		return err
	})
	return set, err
}

func (p *parser) selection() (*selection, error) {
	s := &selection{at: p.tok.at}
	spread, err := p.accept("...")
	if err != nil {
		return nil, err
	}
	if spread {
		return s, p.spread(s)
	}
	if s.name, err = p.name(); err != nil {
		return nil, err
	}
	s.alias = s.name
	colon, err := p.accept(":")
	if err != nil {
		return nil, err
	}
	if colon {
		if s.name, err = p.name(); err != nil {
			return nil, err
		}
	}
	if s.args, err = p.arguments(); err != nil {
		return nil, err
	}
	if s.directives, err = p.directives(); err != nil {
		return nil, err
	}
	if p.is("{") {
		s.set, err = p.selections()
	}
	return s, err
}

// spread reads what comes after the three dots.
func (p *parser) spread(s *selection) (err error) {
	switch {
	case p.is("on"):
		if err = p.advance(); err != nil {
			return err
		}
		s.inline = true
		if s.on, err = p.name(); err != nil {
			return err
		}
	case p.tok.kind == tokenName:
		if s.spread, err = p.name(); err != nil {
			return err
		}
	default:
		s.inline = true
	}
	if s.directives, err = p.directives(); err != nil || !s.inline {
		return err
	}
	s.set, err = p.selections()
	return err
}

func (p *parser) arguments() (args []argument, err error) {
	if !p.is("(") {
		return nil, nil
	}
	err = p.list("(", ")", func() error {
		name, err := p.name()
		if err != nil {
			return err
		}
		if err := p.expect(":"); err != nil {
			return err
		}
		v, err := p.value()
		args = append(args, argument{name, v})
		return err
	})
	return args, err
}

func (p *parser) directives() (out []directive, err error) {
	for {
		ok, err := p.accept("@")
		if err != nil || !ok {
			return out, err
		}
		var d directive
		if d.name, err = p.name(); err != nil {
			return nil, err
		}
		if d.args, err = p.arguments(); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
}

func (p *parser) value() (any, error) {
	t := p.tok
	switch {
	case p.is("$"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		name, err := p.name()
		return variableName(name), err
	case p.is("["):
		return p.listValue()
	case p.is("{"):
		return p.objectValue()
	case t.kind == tokenString:
		return t.text, p.advance()
	case t.kind == tokenInt:
		n, err := strconv.Atoi(t.text)
		if err != nil {
			return nil, p.lex.fail(t.at, fmt.Sprintf("%q is no number", t.text))
		}
		return n, p.advance()
	case t.kind == tokenFloat:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, p.lex.fail(t.at, fmt.Sprintf("%q is no number", t.text))
		}
		return f, p.advance()
	case t.kind == tokenName:
		var v any
		switch t.text {
		case "true", "false":
			v = t.text == "true"
		case "null":
		default:
			v = enumName(t.text)
		}
		return v, p.advance()
	}
	return nil, p.unexpected("a value")
}

func (p *parser) listValue() (any, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	out := []any{}
	for {
		if ok, err := p.accept("]"); ok || err != nil {
			return out, err
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func (p *parser) objectValue() (any, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for {
		if ok, err := p.accept("}"); ok || err != nil {
			return out, err
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		if out[name], err = p.value(); err != nil {
			return nil, err
		}
	}
}
