// Package api is the contract between hf and hfd: wire types, string enums,
// error codes, routes and the API level. It imports only the standard library,
// so every side of the system can use its enums and none can drift from it.
//
// The wire is HTTP/1.1 with JSON over the user's Unix socket. Lists and single
// answers are one JSON document; streams are NDJSON, one value a line. A fact
// not yet known is absent from the JSON; a fact known to be nothing is null.
package api

// Level is raised by every additive change of the contract. Both sides send
// theirs in the HeaderLevel header and in Hello.
const Level = 1

// Schema is the version of the JSON documents a person's scripts read.
const Schema = 1

// Proto is the range of wire protocols this build speaks.
const (
	ProtoMin = 1
	ProtoMax = 1
)

// Headers of every request and response.
const (
	HeaderLevel   = "Hf-Api-Level"
	HeaderVersion = "Hf-Version"
	// HeaderRequest carries the id of a mutating request. The daemon stores it
	// in the transaction of the request's effect, so a retry is harmless.
	HeaderRequest = "Idempotency-Key"
	// HeaderNotice is on answers while there is something that everybody should
	// know, such as a full disk: one line of text, escaped like a query. There
	// may be several.
	HeaderNotice = "Hf-Notice"
)

// Host is the fixed Host header: a browser that reached the socket would not
// send it.
const Host = "hfd"
