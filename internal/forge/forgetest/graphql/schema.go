package graphql

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Resolver gives the value of a field. nil is null; slices of any are lists.
type Resolver func(ctx context.Context, source any, args Args) (any, error)

// Schema is what can be asked for.
type Schema struct {
	types   map[string]*typeDef
	resolve map[string]Resolver
	typeOf  func(any) string
}

type typeKind int

const (
	kindScalar typeKind = iota
	kindEnum
	kindObject
	kindInterface
	kindUnion
	kindInput
)

type typeDef struct {
	name       string
	kind       typeKind
	fields     map[string]*fieldDef
	implements []string
	possible   map[string]bool // of an interface or a union
	values     map[string]bool // of an enum
}

func (t *typeDef) composite() bool {
	return t.kind == kindObject || t.kind == kindInterface || t.kind == kindUnion
}

func (t *typeDef) abstract() bool { return t.kind == kindInterface || t.kind == kindUnion }

type fieldDef struct {
	typ  *typeRef
	args map[string]*inputDef // of a field
}

type inputDef struct {
	typ        *typeRef
	def        any
	hasDefault bool
}

// NewSchema reads a schema. resolve has the resolvers by "Type.field"; a field
// without one is looked up in a source that is a map. typeOf names the type of a
// source where the schema says only the interface or the union.
func NewSchema(text string, resolve map[string]Resolver, typeOf func(any) string) (*Schema, error) {
	s := &Schema{types: map[string]*typeDef{}, resolve: resolve, typeOf: typeOf}
	for _, name := range []string{"Int", "Float", "String", "Boolean", "ID"} {
		s.types[name] = &typeDef{name: name, kind: kindScalar}
	}
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	for p.tok.kind != tokenEnd {
		t, err := p.typeDef()
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		s.types[t.name] = t
	}
	return s, s.link()
}

// link fills in who implements what, and looks for names that mean nothing.
func (s *Schema) link() error {
	for _, t := range s.types {
		for _, name := range t.implements {
			i, ok := s.types[name]
			if !ok || i.kind != kindInterface {
				return fmt.Errorf("schema: %s implements %s, which is no interface", t.name, name)
			}
			i.possible[t.name] = true
		}
		for field, def := range t.fields {
			if s.types[def.typ.base()] == nil {
				return fmt.Errorf("schema: %s.%s is of type %s, which there is not", t.name, field, def.typ)
			}
			for arg, in := range def.args {
				if s.types[in.typ.base()] == nil {
					return fmt.Errorf("schema: %s.%s(%s) is of type %s, which there is not", t.name, field, arg, in.typ)
				}
			}
		}
	}
	for name := range s.resolve {
		if !s.knows(name) {
			return fmt.Errorf("schema: there is a resolver of %s, which there is not", name)
		}
	}
	return nil
}

func (s *Schema) knows(name string) bool {
	for _, t := range s.types {
		for field := range t.fields {
			if t.name+"."+field == name {
				return true
			}
		}
	}
	return false
}

func (p *parser) typeDef() (*typeDef, error) {
	if p.tok.kind == tokenString { // a description
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	word, err := p.name()
	if err != nil {
		return nil, err
	}
	kinds := map[string]typeKind{
		"scalar": kindScalar, "enum": kindEnum, "type": kindObject, "interface": kindInterface, "union": kindUnion, "input": kindInput,
	}
	kind, ok := kinds[word]
	if !ok {
		return nil, p.lex.fail(p.tok.at, fmt.Sprintf("%q defines nothing", word))
	}
	t := &typeDef{kind: kind, fields: map[string]*fieldDef{}, possible: map[string]bool{}, values: map[string]bool{}}
	if t.name, err = p.name(); err != nil {
		return nil, err
	}
	switch kind {
	case kindScalar:
		return t, nil
	case kindEnum:
		return t, p.list("{", "}", func() error {
			name, err := p.name()
			t.values[name] = true
			return err
		})
	case kindUnion:
		return t, p.members(t)
	default:
	}
	if ok, err := p.accept("implements"); err != nil {
		return nil, err
	} else if ok {
		for !p.is("{") {
			if _, err := p.accept("&"); err != nil {
				return nil, err
			}
			name, err := p.name()
			if err != nil {
				return nil, err
			}
			t.implements = append(t.implements, name)
		}
	}
	return t, p.list("{", "}", func() error { return p.fieldDef(t) })
}

// members reads the members of a union.
func (p *parser) members(t *typeDef) error {
	for sep := "="; p.is(sep); sep = "|" {
		if err := p.advance(); err != nil {
			return err
		}
		name, err := p.name()
		if err != nil {
			return err
		}
		t.possible[name] = true
	}
	return nil
}

func (p *parser) fieldDef(t *typeDef) error {
	name, err := p.name()
	if err != nil {
		return err
	}
	f := &fieldDef{args: map[string]*inputDef{}}
	if p.is("(") {
		err := p.list("(", ")", func() error {
			arg, err := p.name()
			if err != nil {
				return err
			}
			f.args[arg] = &inputDef{}
			return p.inputDef(f.args[arg])
		})
		if err != nil {
			return err
		}
	}
	in := &inputDef{}
	if err := p.inputDef(in); err != nil {
		return err
	}
	f.typ = in.typ
	t.fields[name] = f
	return nil
}

// inputDef reads ": Type = default".
func (p *parser) inputDef(in *inputDef) (err error) {
	if err = p.expect(":"); err != nil {
		return err
	}
	if in.typ, err = p.typeRef(); err != nil {
		return err
	}
	if in.hasDefault, err = p.accept("="); in.hasDefault && err == nil {
		in.def, err = p.value()
	}
	return err
}

// Args are the arguments of a field, coerced to the types that the schema says:
// absent ones are missing, unless they have a default.
type Args map[string]any

// Has reports whether an argument is there and not null.
func (a Args) Has(name string) bool { return a[name] != nil }

// String returns a text, "" when it is absent.
func (a Args) String(name string) string {
	s, _ := a[name].(string)
	return s
}

// Int returns a number, or def when it is absent.
func (a Args) Int(name string, def int) int {
	if n, ok := a[name].(int); ok {
		return n
	}
	return def
}

// Bool returns a truth, false when it is absent.
func (a Args) Bool(name string) bool {
	b, _ := a[name].(bool)
	return b
}

// Strings returns a list of texts.
func (a Args) Strings(name string) []string {
	list, _ := a[name].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Object returns an input object.
func (a Args) Object(name string) Args {
	m, _ := a[name].(map[string]any)
	return Args(m)
}

// Objects returns a list of input objects.
func (a Args) Objects(name string) []Args {
	list, _ := a[name].([]any)
	var out []Args
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, Args(m))
		}
	}
	return out
}

// names returns the keys of a map, sorted.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
