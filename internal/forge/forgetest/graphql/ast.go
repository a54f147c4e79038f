package graphql

// Document is a parsed request.
type Document struct {
	Operations []*Operation
	fragments  map[string]*fragment
}

// Operation is a query or a mutation.
type Operation struct {
	Kind string // query, mutation
	Name string
	vars []variable
	set  []*selection
}

// Roots are the names of the fields that the operation asks the root for.
func (o *Operation) Roots() []string {
	var names []string
	for _, s := range o.set {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	return names
}

// Operation returns the operation of that name, or the only one.
func (d *Document) Operation(name string) (*Operation, error) {
	if name == "" && len(d.Operations) == 1 {
		return d.Operations[0], nil
	}
	for _, o := range d.Operations {
		if o.Name == name && name != "" {
			return o, nil
		}
	}
	return nil, &Error{Message: "An operation name is required"}
}

type fragment struct {
	name, on string
	set      []*selection
	at       Location
}

// variable is the declaration of a variable.
type variable struct {
	name       string
	typ        *typeRef
	def        any
	hasDefault bool
	at         Location
}

// selection is a field, the spread of a fragment, or an inline fragment.
type selection struct {
	name  string // of a field
	alias string // what the field is called in the answer
	args  []argument

	spread string // the name of a fragment
	inline bool
	on     string // the type of an inline fragment; "" = any

	directives []directive
	set        []*selection
	at         Location
}

type argument struct {
	name  string
	value any
}

type directive struct {
	name string
	args []argument
}

// Values in a document are nil, bool, int, float64, string, []any, map[string]any
// and these.
type (
	variableName string
	enumName     string
)

// typeRef is the type of a field, an argument or a variable.
type typeRef struct {
	name    string
	elem    *typeRef // of a list
	nonNull bool
}

func (t *typeRef) String() string {
	s := t.name
	if t.elem != nil {
		s = "[" + t.elem.String() + "]"
	}
	if t.nonNull {
		s += "!"
	}
	return s
}

// base is the name of the type without lists and bangs.
func (t *typeRef) base() string {
	for t.elem != nil {
		t = t.elem
	}
	return t.name
}
