// Package fault names the moments around hf's side effects: just before one
// begins, and when it has happened and nobody has been told yet. A program that
// was built with the tag "fault" can be made to die, or to meet an error, at
// any of them, by a test that then looks whether everything still agrees. In
// every other build the package does nothing and leaves nothing behind: its
// functions are inlined away, names and all.
//
// The name of a point is a literal, so that a test can find all of them in the
// source: a side effect that gets a point is tested without anything more.
package fault

// Variable names the directory through which a test and the programs it runs
// talk about faults. It has no meaning for programs without the tag.
const Variable = "HF_FAULT"

// Files in that directory.
const (
	// PlanFile says what is to happen: the name of a point, the number of the
	// hit and the action, with spaces between. Without it nothing strikes.
	PlanFile = "plan"
	// HitsFile gets a line for each point that a program passes: its name, a
	// word that no other line has, and the process. Hits are counted from
	// the beginning of the file: who makes a new plan removes it.
	HitsFile = "hits"
	// ClockFile holds the duration by which the clock was set forward or, where
	// it is negative, back.
	ClockFile = "clock"
)

// The actions of a plan.
const (
	Exit   = "exit"   // the process kills itself, as SIGKILL would
	Error  = "error"  // the point returns an error
	ENOSPC = "enospc" // the point returns what a full disk answers
	EIO    = "eio"    // the point returns what a broken disk answers
	Sleep  = "sleep"  // the point takes a second, for others to be first
)
