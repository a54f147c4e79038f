package graphql

// Cost is what the request takes of a rate limit, by GitHub's rule: the number of
// requests that it would be if each connection was asked for alone, each page as
// full as it can be, divided by 100; at least 1.
func (p *Prepared) Cost() int {
	e := &execution{Prepared: p}
	requests := e.requests(p.op.set, p.schema.root(p.op), 1)
	return max(1, (requests+50)/100)
}

// requests counts the connections below a set that is reached times times.
func (e *execution) requests(set []*selection, t *typeDef, times int) int {
	total := 0
	for _, s := range set {
		switch {
		case s.spread != "":
			f := e.doc.fragments[s.spread]
			total += e.requests(f.set, e.schema.types[f.on], times)
		case s.inline:
			on := t
			if s.on != "" {
				on = e.schema.types[s.on]
			}
			total += e.requests(s.set, on, times)
		case len(s.set) > 0:
			def := t.fields[s.name]
			below := times
			if size := e.pageSize(s); size > 0 {
				total += times
				below = times * size
			}
			total += e.requests(s.set, e.schema.types[def.typ.base()], below)
		}
	}
	return total
}

func (e *execution) pageSize(s *selection) int {
	for _, a := range s.args {
		if a.name == "first" || a.name == "last" {
			switch n := e.literal(a.value).(type) {
			case int:
				return n
			case float64:
				return int(n)
			}
		}
	}
	return 0
}
