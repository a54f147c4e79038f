// Package crash kills hf's programs, or has them meet an error, before and
// after every side effect that internal/fault names, and looks afterwards
// whether everything still agrees: the database, the journals, git's worktrees
// and refs, the processes and the files. Points are found in the source, and
// what reaches them is found by running it, so that a side effect that gets a
// point is tested without anything more.
package crash
