// Package login knows who is signed in to a forge, and signs people in.
//
// A token comes from, the first that is there: the caller's variables, gh's own
// login, `hf auth login`; and last from the variables of whoever called hfd
// before, which are kept in memory only. So work in the background, and a caller
// from another shell, find the token that an earlier caller had, while hfd
// lives; what `hf auth login` stored is there always.
package login
