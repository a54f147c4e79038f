// Package acp understands one agent session that speaks the Agent Client
// Protocol, version 1, over the journal of its process.
//
// A Machine is a pure fold: it is fed the records of the journal in order and
// knows from them alone what the agent does, what was asked of it and what it
// still has to be told. It does no I/O and reads no clock, so that any daemon
// that reads the same journal comes to the same state, entries and request
// ids. Lines are kept as the agent wrote them where nothing here understands
// them; no update is taken for another.
//
// The wire types are hf's own: a field or update that they do not know must
// neither be lost nor fail the line it stands in.
package acp
