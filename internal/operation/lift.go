package operation

// Lift makes plans for a store whose transactions can do more of plans for a
// part of it, so that one runner carries out the plans of several services.
func Lift[Whole, Part any](plans []Plan[Part], part func(Whole) Part) []Plan[Whole] {
	out := make([]Plan[Whole], 0, len(plans))
	for _, p := range plans {
		lifted := Plan[Whole]{Kind: p.Kind, Steps: p.Steps, About: p.About}
		if p.Changed != nil {
			lifted.Changed = func(tx Whole, op *Operation, step *Step) error { return p.Changed(part(tx), op, step) }
		}
		out = append(out, lifted)
	}
	return out
}
