package graphql

import "fmt"

// validator checks an operation against the schema before it runs.
type validator struct {
	schema *Schema
	doc    *Document
	op     *Operation
	vars   map[string]variable
	used   map[string]bool
	inside map[string]bool // fragments being looked at
	errs   []*Error
}

func (s *Schema) validate(doc *Document, op *Operation, root *typeDef) []*Error {
	v := &validator{schema: s, doc: doc, op: op, vars: map[string]variable{}, used: map[string]bool{}, inside: map[string]bool{}}
	for _, d := range op.vars {
		v.vars[d.name] = d
		if t := s.types[d.typ.base()]; t == nil || t.composite() {
			v.fail(d.at, "variableRequiresValidType", "%s isn't a valid input type (on $%s)", d.typ.base(), d.name)
		}
	}
	v.set(op.set, root)
	for _, d := range op.vars {
		if !v.used[d.name] {
			v.fail(d.at, "variableNotUsed", "Variable $%s is declared by %s but not used", d.name, operationName(op))
		}
	}
	return v.errs
}

func operationName(op *Operation) string {
	if op.Name == "" {
		return "anonymous " + op.Kind
	}
	return op.Name
}

func (v *validator) fail(at Location, code, format string, args ...any) {
	v.errs = append(v.errs, &Error{
		Message: fmt.Sprintf(format, args...), Locations: []Location{at},
		Extensions: map[string]any{"code": code},
	})
}

func (v *validator) set(set []*selection, parent *typeDef) {
	for _, s := range set {
		for _, d := range s.directives {
			v.directive(d, s.at)
		}
		switch {
		case s.spread != "":
			v.spread(s, parent)
		case s.inline:
			v.inline(s, parent)
		default:
			v.field(s, parent)
		}
	}
}

func (v *validator) spread(s *selection, parent *typeDef) {
	f := v.doc.fragments[s.spread]
	if f == nil {
		v.fail(s.at, "useAndDefineFragment", "Fragment %s was used, but not defined", s.spread)
		return
	}
	if v.inside[s.spread] {
		v.fail(s.at, "infiniteLoop", "Fragment %s contains an infinite loop", s.spread)
		return
	}
	v.inside[s.spread] = true
	defer delete(v.inside, s.spread)
	v.inline(&selection{on: f.on, set: f.set, at: f.at}, parent)
}

func (v *validator) inline(s *selection, parent *typeDef) {
	t := parent
	if s.on != "" {
		if t = v.schema.types[s.on]; t == nil || !t.composite() {
			v.fail(s.at, "undefinedType", "No such type %s, so it can't be a fragment condition", s.on)
			return
		}
	}
	if !overlap(parent, t) {
		v.fail(s.at, "cannotSpreadFragment", "Fragment on %s can't be spread inside %s", t.name, parent.name)
		return
	}
	v.set(s.set, t)
}

// overlap reports whether something can be of both types.
func overlap(a, b *typeDef) bool {
	for name := range objects(a) {
		if objects(b)[name] {
			return true
		}
	}
	return false
}

func objects(t *typeDef) map[string]bool {
	if t.abstract() {
		return t.possible
	}
	return map[string]bool{t.name: true}
}

func (v *validator) field(s *selection, parent *typeDef) {
	if s.name == "__typename" {
		return
	}
	f := parent.fields[s.name]
	if f == nil {
		v.errs = append(v.errs, &Error{
			Message: fmt.Sprintf("Field '%s' doesn't exist on type '%s'", s.name, parent.name), Locations: []Location{s.at},
			Extensions: map[string]any{"code": "undefinedField", "typeName": parent.name, "fieldName": s.name},
		})
		return
	}
	v.arguments(s, f)
	t := v.schema.types[f.typ.base()]
	switch {
	case t.composite() && len(s.set) == 0:
		v.fail(s.at, "selectionMismatch", "Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", s.name, t.name, s.name)
	case !t.composite() && len(s.set) > 0:
		v.fail(s.at, "selectionMismatch", "Selections can't be made on scalars (field '%s' returns %s but has selections)", s.name, t.name)
	default:
		v.set(s.set, t)
	}
}

func (v *validator) arguments(s *selection, f *fieldDef) {
	given := map[string]bool{}
	for _, a := range s.args {
		given[a.name] = true
		def := f.args[a.name]
		if def == nil {
			v.fail(s.at, "argumentNotAccepted", "Field '%s' doesn't accept argument '%s'", s.name, a.name)
			continue
		}
		v.value(a.value, def, s.at, fmt.Sprintf("argument '%s' on Field '%s'", a.name, s.name))
	}
	for name, def := range f.args {
		if def.typ.nonNull && !def.hasDefault && !given[name] {
			v.fail(s.at, "missingRequiredArguments", "Field '%s' is missing required arguments: %s", s.name, name)
		}
	}
	// As GitHub does: a connection has to be bounded.
	if f.args["first"] != nil && f.args["last"] != nil && !given["first"] && !given["last"] {
		v.fail(s.at, "MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `%s` connection.", s.name)
	}
}

func (v *validator) directive(d directive, at Location) {
	if d.name != "include" && d.name != "skip" {
		v.fail(at, "undefinedDirective", "Directive @%s is not defined", d.name)
		return
	}
	def := &inputDef{typ: &typeRef{name: "Boolean", nonNull: true}}
	for _, a := range d.args {
		v.value(a.value, def, at, "argument 'if' on Directive '"+d.name+"'")
	}
}

// value checks a value in the document, and the variables in it.
func (v *validator) value(value any, def *inputDef, at Location, where string) {
	switch x := value.(type) {
	case variableName:
		v.variable(string(x), def, at, where)
	case []any:
		if def.typ.elem != nil {
			for _, item := range x {
				v.value(item, &inputDef{typ: def.typ.elem}, at, where)
			}
			return
		}
		v.fail(at, "argumentLiteralsIncompatible", "%s has an invalid value. Expected type '%s'.", where, def.typ)
	case map[string]any:
		v.object(x, def, at, where)
	default:
		if _, err := v.schema.coerce(value, def.typ); err != nil {
			v.fail(at, "argumentLiteralsIncompatible", "%s has an invalid value (%v). Expected type '%s'.", where, value, def.typ)
		}
	}
}

func (v *validator) object(x map[string]any, def *inputDef, at Location, where string) {
	t := v.schema.types[def.typ.base()]
	if t.kind != kindInput {
		v.fail(at, "argumentLiteralsIncompatible", "%s has an invalid value. Expected type '%s'.", where, def.typ)
		return
	}
	for name, item := range x {
		f := t.fields[name]
		if f == nil {
			v.fail(at, "argumentNotAccepted", "InputObject '%s' doesn't accept argument '%s'", t.name, name)
			continue
		}
		v.value(item, &inputDef{typ: f.typ}, at, fmt.Sprintf("argument '%s' on InputObject '%s'", name, t.name))
	}
	for name, f := range t.fields {
		if _, ok := x[name]; !ok && f.typ.nonNull {
			v.fail(at, "missingRequiredInputObjectAttribute", "Argument '%s' on InputObject '%s' is required. Expected type %s", name, t.name, f.typ)
		}
	}
}

func (v *validator) variable(name string, def *inputDef, at Location, where string) {
	d, ok := v.vars[name]
	if !ok {
		v.fail(at, "variableNotDefined", "Variable $%s is used by %s but not declared", name, operationName(v.op))
		return
	}
	v.used[name] = true
	if !fits(d.typ, def.typ, d.hasDefault || def.hasDefault) {
		v.fail(at, "variableMismatch", "Type mismatch on variable $%s and %s (%s / %s)", name, where, d.typ, def.typ)
	}
}

// fits reports whether a variable of one type may stand where another is wanted.
func fits(have, want *typeRef, hasDefault bool) bool {
	if want.nonNull && !have.nonNull && !hasDefault {
		return false
	}
	if want.elem != nil {
		return have.elem != nil && fits(have.elem, want.elem, false)
	}
	return have.elem == nil && have.name == want.name
}

// coerce makes a value one of an input type. Values of a document and those of
// JSON are taken alike.
func (s *Schema) coerce(value any, typ *typeRef) (any, error) {
	if value == nil {
		if typ.nonNull {
			return nil, wrongf("Expected value to not be null")
		}
		return nil, nil
	}
	if typ.elem != nil {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		out := make([]any, len(list))
		for i, item := range list {
			v, err := s.coerce(item, typ.elem)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	t := s.types[typ.name]
	switch t.kind {
	case kindInput:
		return s.coerceObject(value, t)
	case kindEnum:
		name := fmt.Sprint(value)
		if !t.values[name] {
			return nil, wrongf("Expected %q to be one of: %v", name, names(t.values))
		}
		return name, nil
	case kindScalar:
		return coerceScalar(value, t.name)
	default:
	}
	return nil, wrongf("%s is no input type", t.name)
}

func (s *Schema) coerceObject(value any, t *typeDef) (any, error) {
	m, ok := value.(map[string]any)
	if !ok {
		return nil, wrongf("Expected %v to be a key-value object.", value)
	}
	out := map[string]any{}
	for name := range m {
		f := t.fields[name]
		if f == nil {
			return nil, wrongf("Field is not defined on %s: %s", t.name, name)
		}
		v, err := s.coerce(m[name], f.typ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	for name, f := range t.fields {
		if f.typ.nonNull && out[name] == nil {
			return nil, wrongf("%s: Expected value to not be null", name)
		}
	}
	return out, nil
}

func coerceScalar(value any, name string) (any, error) {
	wrong := wrongf("Could not coerce value %v to %s", value, name)
	switch name {
	case "Int":
		switch n := value.(type) {
		case int:
			return n, nil
		case float64:
			if n == float64(int(n)) {
				return int(n), nil
			}
		}
		return nil, wrong
	case "Float":
		switch n := value.(type) {
		case int:
			return float64(n), nil
		case float64:
			return n, nil
		}
		return nil, wrong
	case "Boolean":
		if b, ok := value.(bool); ok {
			return b, nil
		}
		return nil, wrong
	case "ID":
		switch n := value.(type) {
		case int:
			return fmt.Sprint(n), nil
		case float64:
			return fmt.Sprint(n), nil
		}
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	return nil, wrong
}
