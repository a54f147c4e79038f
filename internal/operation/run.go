package operation

// Run is what a step sees of the operation it belongs to.
type Run struct {
	Op *Operation // read-only
}
