package hold

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// MaxInput is the most bytes one input can have.
const MaxInput = 64 << 20

// maxLine bounds a line of the protocol, in bytes.
const maxLine = 4 << 10

const (
	opHello      = "hello"
	opInput      = "input"
	opCloseStdin = "close_stdin"
	opRead       = "read"
	opSignal     = "signal"
	opStop       = "stop"
	opAckExit    = "ack_exit"
	opAttach     = "attach"
	opKeys       = "keys"
	opResize     = "resize"
)

// request is one line to the holder. The tags are the protocol: frozen.
type request struct {
	Op      string `json:"op"`
	Proto   int    `json:"proto,omitempty"`    // hello
	Seq     uint64 `json:"seq,omitempty"`      // input
	Len     int    `json:"len,omitempty"`      // bytes behind this line
	From    int64  `json:"from,omitempty"`     // read
	Name    string `json:"name,omitempty"`     // signal
	Grace   int64  `json:"grace_ms,omitempty"` // stop
	Columns int    `json:"cols,omitempty"`     // attach, resize
	Rows    int    `json:"rows,omitempty"`     // attach, resize
}

const (
	typeOK     = "ok"
	typeHello  = "hello"
	typeError  = "error"
	typeGrew   = "grew"
	typeData   = "data"
	typeEnd    = "end"
	typeScreen = "screen"
)

// answer is one line from the holder. The tags are the protocol: frozen.
type answer struct {
	Type    string `json:"type"`
	Info    *Info  `json:"info,omitempty"`    // hello; the end of a terminal
	Code    string `json:"code,omitempty"`    // error
	Message string `json:"message,omitempty"` // error
	LastSeq uint64 `json:"lastSeq,omitempty"` // ok to an input; error "stale"
	Size    int64  `json:"size,omitempty"`    // grew, end
	From    int64  `json:"from,omitempty"`    // data
	Len     int    `json:"len,omitempty"`     // data, screen: bytes behind this line
}

const (
	codeStale      = "stale"
	codeClosed     = "closed"
	codeExited     = "exited"
	codeRunning    = "running"
	codeControl    = "not_controller"
	codeInvalid    = "invalid"
	codeUnknown    = "unknown_op"
	codeFailed     = "failed"
	codeNoTerminal = "no_terminal"
	codeTaken      = "taken"
)

// The ways in which a holder refuses.
var (
	ErrStale      = errors.New("an input of that number was applied already")
	ErrClosed     = errors.New("the process's standard input is closed")
	ErrExited     = errors.New("the process has ended")
	ErrRunning    = errors.New("the process has not ended")
	ErrControl    = errors.New("another client has control")
	ErrNoTerminal = errors.New("the process has no terminal")
	ErrTaken      = errors.New("somebody else has attached")
)

var errTooLarge = errors.New("the input is too large")

// refusals is the one table of errors and their codes.
func refusals() map[string]error {
	return map[string]error{
		codeStale: ErrStale, codeClosed: ErrClosed, codeExited: ErrExited, codeRunning: ErrRunning, codeControl: ErrControl,
		codeNoTerminal: ErrNoTerminal, codeTaken: ErrTaken,
	}
}

// err is the error that an answer is.
func (a answer) err() error {
	if a.Type != typeError {
		return nil
	}
	if err := refusals()[a.Code]; err != nil {
		return err
	}
	return fmt.Errorf("the holder refuses: %s", a.Message)
}

// readLine reads one line of JSON.
func readLine(r *bufio.Reader, v any) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("read protocol line: %w", err)
	}
	return nil
}

// line is v as one line of JSON.
func line(v any) []byte {
	b, _ := json.Marshal(v) // strings and numbers always marshal
	return append(b, '\n')
}

// errPeer says that the other side runs as another user.
var errPeer = errors.New("the other side of the socket belongs to another user")

// checkPeer refuses any user but this one, root included.
func checkPeer(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err := errors.Join(err, credErr); err != nil {
		return fmt.Errorf("ask who the peer is: %w", err)
	}
	if int64(cred.Uid) != int64(os.Geteuid()) {
		return errPeer
	}
	return nil
}
