package command

// Undo is the message that something was done here which can be taken back.
type Undo struct {
	What  string   // was done
	Tasks []string // that were archived or killed, to be restored
	Repo  string   // whose stacks were acted on, for one that is about no tasks
	Quiet bool     // nothing is shown of it
}

// mostUndos is how many things can be taken back, one after the other.
const mostUndos = 50

// Keep notes that something can be taken back.
func (e *Env) Keep(u *Undo) {
	e.undos = append(e.undos, *u)
	if over := len(e.undos) - mostUndos; over > 0 {
		e.undos = e.undos[over:]
	}
}

// LastUndo is what can be taken back next, nil for nothing.
func (e *Env) LastUndo() *Undo {
	if len(e.undos) == 0 {
		return nil
	}
	return &e.undos[len(e.undos)-1]
}

// TakeUndo is LastUndo, which is then the one before.
func (e *Env) TakeUndo() *Undo {
	u := e.LastUndo()
	if u != nil {
		e.undos = e.undos[:len(e.undos)-1]
	}
	return u
}

// ForgetUndos is for another workspace.
func (e *Env) ForgetUndos() { e.undos = nil }
