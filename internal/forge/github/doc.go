// Package github speaks with GitHub and GitHub Enterprise through go-gh.
//
// Where a request goes is decided here alone, by an Endpoint that is made of the
// host's name and the user's own configuration; nothing that stands in a
// repository has a say. go-gh's own look-ups of hosts and tokens, which read the
// environment of the process, are not used: hfd serves many shells. The token is
// set in the innermost transport, on requests to exactly that endpoint, so no
// redirect can take it elsewhere.
package github
