// Package e2e holds the tests of hf as a whole: the real hf and hfd, real git,
// real processes and sockets, each test in a home of its own.
package e2e
