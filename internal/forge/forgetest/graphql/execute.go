package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Request is what a client sends.
type Request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName,omitempty"`
	Variables     map[string]any `json:"variables,omitempty"`
}

// Response is what it gets.
type Response struct {
	Data   any      `json:"data,omitempty"`
	Errors []*Error `json:"errors,omitempty"`
}

// Prepared is a request that was read and checked.
type Prepared struct {
	schema *Schema
	doc    *Document
	op     *Operation
	vars   map[string]any
}

// Operation is what will run.
func (p *Prepared) Operation() *Operation { return p.op }

// Prepare reads a request and checks it. What is wrong with it comes as a
// response.
func (s *Schema) Prepare(r Request) (*Prepared, *Response) {
	doc, err := Parse(r.Query)
	if err != nil {
		return nil, &Response{Errors: []*Error{asError(err)}}
	}
	op, err := doc.Operation(r.OperationName)
	if err != nil {
		return nil, &Response{Errors: []*Error{asError(err)}}
	}
	if errs := s.validate(doc, op, s.root(op)); len(errs) > 0 {
		return nil, &Response{Errors: errs}
	}
	p := &Prepared{schema: s, doc: doc, op: op, vars: map[string]any{}}
	for _, d := range op.vars {
		value, given := r.Variables[d.name]
		if !given {
			if !d.hasDefault {
				if d.typ.nonNull {
					return nil, invalidVariable(d, "Expected value to not be null")
				}
				continue
			}
			value = d.def
		}
		if p.vars[d.name], err = s.coerce(value, d.typ); err != nil {
			return nil, invalidVariable(d, err.Error())
		}
	}
	return p, nil
}

func invalidVariable(d variable, why string) *Response {
	return &Response{Errors: []*Error{{
		Message:   fmt.Sprintf("Variable $%s of type %s was provided invalid value: %s", d.name, d.typ, why),
		Locations: []Location{d.at},
	}}}
}

func (s *Schema) root(op *Operation) *typeDef {
	if op.Kind == "mutation" {
		return s.types["Mutation"]
	}
	return s.types["Query"]
}

// Run carries the request out, one field after the other.
func (p *Prepared) Run(ctx context.Context) *Response {
	e := &execution{Prepared: p, ctx: ctx}
	data, ok := e.object(nil, p.schema.root(p.op), p.op.set, nil)
	r := &Response{Errors: e.errs}
	if ok {
		r.Data = data
	} else {
		r.Data = json.RawMessage("null")
	}
	return r
}

// execution is a request being carried out.
type execution struct {
	*Prepared
	ctx  context.Context
	errs []*Error
}

// ordered is an object of the answer: its fields come as they were asked for.
type ordered struct {
	keys   []string
	values []any
}

// MarshalJSON writes the object.
func (o *ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// object is the answer for one source. It is not ok when a field that must not be
// null is: then all of it is.
func (e *execution) object(source any, t *typeDef, set []*selection, path []any) (*ordered, bool) {
	out := &ordered{}
	fields := map[string][]*selection{}
	e.collect(set, t, &out.keys, fields)
	for _, key := range out.keys {
		v, ok := e.field(source, t, fields[key], append(slices.Clip(path), key))
		if !ok {
			return nil, false
		}
		out.values = append(out.values, v)
	}
	return out, true
}

// collect gathers the fields of a type by the name that they have in the answer.
func (e *execution) collect(set []*selection, t *typeDef, keys *[]string, fields map[string][]*selection) {
	for _, s := range set {
		if !e.included(s) {
			continue
		}
		switch {
		case s.spread != "":
			f := e.doc.fragments[s.spread]
			if e.applies(f.on, t) {
				e.collect(f.set, t, keys, fields)
			}
		case s.inline:
			if e.applies(s.on, t) {
				e.collect(s.set, t, keys, fields)
			}
		default:
			if fields[s.alias] == nil {
				*keys = append(*keys, s.alias)
			}
			fields[s.alias] = append(fields[s.alias], s)
		}
	}
}

func (e *execution) included(s *selection) bool {
	for _, d := range s.directives {
		for _, a := range d.args {
			want, _ := e.literal(a.value).(bool)
			if want == (d.name == "skip") {
				return false
			}
		}
	}
	return true
}

func (e *execution) applies(on string, t *typeDef) bool {
	return on == "" || on == t.name || e.schema.types[on].possible[t.name]
}

func (e *execution) field(source any, t *typeDef, same []*selection, path []any) (any, bool) {
	s := same[0]
	if s.name == "__typename" {
		return t.name, true
	}
	def := t.fields[s.name]
	args, err := e.args(s, def)
	var value any
	if err == nil {
		value, err = e.resolve(source, t.name, s.name, args)
	}
	if err != nil {
		problem := asError(err)
		problem.Path, problem.Locations = path, []Location{s.at}
		e.errs = append(e.errs, problem)
		return nil, !def.typ.nonNull
	}
	var set []*selection
	for _, s := range same {
		set = append(set, s.set...)
	}
	return e.complete(value, def.typ, set, path, s.at)
}

func (e *execution) resolve(source any, typeName, field string, args Args) (any, error) {
	if r := e.schema.resolve[typeName+"."+field]; r != nil {
		return r(e.ctx, source, args)
	}
	if m, ok := source.(map[string]any); ok {
		return m[field], nil
	}
	return nil, fmt.Errorf("%s.%s has no resolver for %T", typeName, field, source)
}

func (e *execution) args(s *selection, def *fieldDef) (Args, error) {
	args := Args{}
	for name, in := range def.args {
		if in.hasDefault {
			v, err := e.schema.coerce(in.def, in.typ)
			if err != nil {
				return nil, err
			}
			args[name] = v
		}
	}
	for _, a := range s.args {
		if name, ok := a.value.(variableName); ok {
			if _, given := e.vars[string(name)]; !given {
				continue
			}
		}
		v, err := e.schema.coerce(e.literal(a.value), def.args[a.name].typ)
		if err != nil {
			return nil, err
		}
		args[a.name] = v
	}
	return args, nil
}

// literal puts the variables into a value of the document.
func (e *execution) literal(value any) any {
	switch x := value.(type) {
	case variableName:
		return e.vars[string(x)]
	case enumName:
		return string(x)
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = e.literal(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for name, item := range x {
			out[name] = e.literal(item)
		}
		return out
	}
	return value
}

// complete makes a resolved value part of the answer.
func (e *execution) complete(value any, typ *typeRef, set []*selection, path []any, at Location) (any, bool) {
	if value == nil {
		if typ.nonNull {
			e.errs = append(e.errs, &Error{Message: fmt.Sprintf("Cannot return null for non-nullable field of type %s", typ), Path: path, Locations: []Location{at}})
		}
		return nil, !typ.nonNull
	}
	if typ.elem != nil {
		list, ok := value.([]any)
		if !ok {
			e.errs = append(e.errs, &Error{Message: fmt.Sprintf("%T is no list", value), Path: path, Locations: []Location{at}})
			return nil, !typ.nonNull
		}
		out := make([]any, 0, len(list))
		for i, item := range list {
			itemPath := append(slices.Clip(path), i)
			if err, ok := item.(error); ok {
				problem := asError(err)
				problem.Path, problem.Locations = path, []Location{at}
				e.errs = append(e.errs, problem)
				item = nil
			}
			v, ok := e.complete(item, typ.elem, set, itemPath, at)
			if !ok {
				return nil, !typ.nonNull
			}
			out = append(out, v)
		}
		return out, true
	}
	t := e.schema.types[typ.name]
	if !t.composite() {
		return value, true
	}
	if t.abstract() {
		t = e.schema.types[e.schema.typeOf(value)]
	}
	out, ok := e.object(value, t, set, path)
	if !ok {
		return nil, !typ.nonNull
	}
	return out, true
}
