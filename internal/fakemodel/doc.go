// Package fakemodel is a working model server for tests and demonstrations: it
// speaks to real coding agents on 127.0.0.1 and needs no account. It keeps no
// conversation. Each request holds the whole of one, so what to answer next is
// worked out from the request alone, and an agent may be killed, resumed or
// asked twice without the server losing its place.
//
// # The script
//
// The last message of the user says what the model does, line by line:
//
//	say: TEXT               say TEXT
//	edit FILE: TEXT         make FILE hold TEXT, by the agent's own editing tool
//	run: CMD                run CMD, by the agent's own shell tool
//	ask: QUESTION           ask the user, by the agent's own question tool
//	slow: N [every D]       say N numbered lines, one each D (default 200ms)
//	fail: FAULT [D]         fail each request of this turn from here on (see Fault)
//
// Lines that are none of these are ignored; a prompt without a directive is
// repeated back. In TEXT and CMD, \n is a new line. A tool is called first and
// the script goes on when its result came back. As a model would, it reads a file
// that an agent does not let it overwrite unread, and asks for a command to be run
// outside the agent's sandbox when that stopped it. A turn whose last line calls a
// tool is closed with a word about how that went.
//
// # Wires
//
// Anthropic Messages (POST /v1/messages), OpenAI Responses (POST /v1/responses)
// and Chat Completions (POST /v1/chat/completions), Gemini (POST
// /v1beta/models/MODEL:streamGenerateContent), streamed and whole. What agents ask beside a turn, for a
// title or a classification, gets a short valid answer, in the shape that its
// schema asks for.
//
// # Control
//
// A test in the same process uses the methods of Server. Scripts use GET
// /control/requests and POST /control/fault with the JSON of a Fault.
package fakemodel
