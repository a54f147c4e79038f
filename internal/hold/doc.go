// Package hold keeps one process, an agent, alive and on record, whatever
// happens to hfd. The holder (Main, run as `hf hold`) is the process's parent
// and the subreaper of everything below it; it journals all output before
// anybody sees it and all input before the process gets it, records how the
// process ended, and is the only one that kills, and only its own descendants.
// The rest of the package is its client.
//
// # Files
//
// A session's directory holds journal (see package journal), hold.json (who
// and where the holder is), hold.lock (flock'ed for the holder's life, never
// unlinked), hold.err (its standard error) and, once the process has ended,
// exit.json. A holder that is gone without exit.json was interrupted.
//
// # Protocol
//
// Holders live for days under newer daemons. So the protocol is frozen: fields,
// ops and answer types may be added, nothing may be changed or taken away, and
// both sides ignore what they do not know.
//
// Both sides check that the other runs as the same user. A request is one line
// of JSON, {"op": …}, with as many bytes behind it as its "len" says. The
// answer is one line, {"type": "ok" | "hello" | "error", …}; an error has a
// "code" and a "message". Requests of one connection are answered in order.
//
//	hello       takes control. The controller before is ended, and what it had
//	            fully sent is carried out, before the answer: {"info": …} with
//	            lastSeq, size, agentPid and, if it has ended, exit. From then
//	            on {"type":"grew","size":N} tells that the journal grew.
//	input       seq, len: journaled, then answered, then written to the
//	            process's standard input. seq must be above lastSeq, else the
//	            error is "stale" and carries lastSeq. For the controller only.
//	close_stdin closes the standard input behind all earlier input. For the
//	            controller only.
//	read        from: the journal's bytes from that offset on, as they come, in
//	            {"type":"data","from":N,"len":L} frames; {"type":"end"} behind
//	            the last one. Takes the connection over.
//	signal      name (SIGINT, …): to the process's group.
//	stop        grace_ms: SIGTERM to the group, and after the grace SIGSTOP and
//	            SIGKILL to every descendant, until there is none; answered then.
//	ack_exit    lets a holder go whose process has ended.
//	attach      cols, rows: the process's terminal, where it has one. Takes the
//	            connection over. {"type":"screen","len":L} has what it showed last,
//	            to be drawn on a terminal in no mode; {"type":"data","len":L} what
//	            comes, and {"type":"end","info":…} how the process ended. The
//	            client sends keys (len) and resize (cols, rows), which have no
//	            answers. The one attached before gets the error "taken".
//
// Every connection may read, attach, signal, stop and acknowledge; a stop is never
// held up by an input.
//
// # Terminals
//
// A process in a terminal has one in place of the three pipes. What it shows is
// kept in memory, the last of it only, and what is typed is kept nowhere: the
// journal has how it began and how it ended. It waits for who is attached and
// reads slowly, but not for who takes in nothing.
//
// # When the holder dies
//
// The process is forked by a thread that lives exactly as long as the holder,
// with SIGKILL as its parent-death signal: it ends when the holder does, also
// by SIGKILL, and its pipes close for all that is left below it. Descendants
// that neither read, write nor follow their parent outlive such a crash; they
// do not outlive anything else.
package hold
