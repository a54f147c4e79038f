package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// The most that the head of an answer may be: a line, in bytes, and the number
// of lines. Bodies have no limit.
const (
	maxLine  = 16 << 10
	maxLines = 100
)

// conn is one connection, used by one call at a time.
type conn struct {
	net.Conn
	r     *bufio.Reader
	stop  func() bool // ends watching the caller's context
	dirty bool        // not at the boundary between two answers
}

func newConn(c net.Conn) *conn { return &conn{Conn: c, r: bufio.NewReader(c)} }

// watch breaks the connection when ctx ends.
func (c *conn) watch(ctx context.Context) {
	c.stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
}

// unwatch ends watching. It is false when the connection was broken meanwhile.
func (c *conn) unwatch() bool {
	if c.stop == nil {
		return true
	}
	alive := c.stop()
	c.stop = nil
	return alive
}

// request is one request. id is set for mutations.
type request struct {
	method, path, version, id string
	body                      []byte
}

func (r request) bytes() []byte {
	var b bytes.Buffer
	b.Grow(256 + len(r.body))
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n%s: %d\r\n", r.method, r.path, api.Host, api.HeaderLevel, api.Level)
	if r.version != "" {
		fmt.Fprintf(&b, "%s: %s\r\n", api.HeaderVersion, printable(r.version))
	}
	if r.id != "" {
		fmt.Fprintf(&b, "%s: %s\r\n", api.HeaderRequest, r.id)
	}
	if r.body != nil {
		b.WriteString("Content-Type: application/json\r\n")
	}
	if r.body != nil || r.method != "GET" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n")
	b.Write(r.body)
	return b.Bytes()
}

// printable keeps a value from ending its header line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// response is the head of an answer, and its body yet to be read.
type response struct {
	status int
	length int64 // of the body; -1 unless it was declared
	body   io.Reader

	notices []string
}

// roundTrip sends a request and reads the head of the answer. The connection
// is dirty until the body has been read to its end.
func (c *conn) roundTrip(req request) (*response, error) {
	c.dirty = true
	_, werr := c.Write(req.bytes())
	// A daemon that refuses may close before it read everything: its answer
	// is worth more than the error of the write.
	resp, err := c.readHead()
	if err != nil {
		return nil, errors.Join(werr, err)
	}
	return resp, nil
}

func (c *conn) readHead() (*response, error) {
	line, err := readLine(c.r)
	if err != nil {
		return nil, err
	}
	status, err := parseStatus(line)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(c.r)
	if err != nil {
		return nil, err
	}
	resp := &response{status: status, length: h.length, notices: h.notices}
	switch {
	case status == 204 || status == 304:
		resp.length = 0
		resp.body = c.ending(strings.NewReader(""), h.close)
	case h.chunked:
		resp.length = -1
		resp.body = c.ending(&chunks{r: c.r}, h.close)
	case h.length >= 0:
		resp.body = c.ending(&exactly{r: c.r, left: h.length}, h.close)
	default:
		resp.body = c.r // to the end of the connection, which stays dirty
	}
	return resp, nil
}

// all reads the body to its end.
func (r *response) all() ([]byte, error) {
	if r.length > 0 && r.length < 1<<20 {
		b := make([]byte, 0, r.length+bytes.MinRead)
		buf := bytes.NewBuffer(b)
		_, err := buf.ReadFrom(r.body)
		return buf.Bytes(), err
	}
	return io.ReadAll(r.body)
}

// ending marks the connection clean at the end of a body, unless the daemon
// is about to close it.
func (c *conn) ending(body io.Reader, closing bool) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := body.Read(p)
		if err == io.EOF && !closing {
			c.dirty = false
		}
		return n, err
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// readLine reads to the next line end and returns what is before it.
func readLine(r *bufio.Reader) (string, error) {
	var b []byte
	for {
		part, err := r.ReadSlice('\n')
		b = append(b, part...)
		if len(b) > maxLine {
			return "", fmt.Errorf("a line of more than %d bytes in the head of an answer", maxLine)
		}
		switch {
		case err == nil:
			return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return "", io.ErrUnexpectedEOF
		default:
			return "", err
		}
	}
}

func parseStatus(line string) (int, error) {
	proto, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || n < 200 || n > 599 || proto != "HTTP/1.1" {
		return 0, fmt.Errorf("%q is no status line", line)
	}
	return n, nil
}

// header holds what matters of an answer's head.
type header struct {
	length  int64 // -1: not declared
	chunked bool
	close   bool
	notices []string
}

func readHeader(r *bufio.Reader) (header, error) {
	h := header{length: -1}
	for range maxLines {
		line, err := readLine(r)
		if err != nil {
			return h, err
		}
		if line == "" {
			return h, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return h, fmt.Errorf("%q is no header", line)
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return h, fmt.Errorf("a body of %q bytes", value)
			}
			h.length = n
		case "transfer-encoding":
			if !strings.EqualFold(value, "chunked") {
				return h, fmt.Errorf("transfer encoding %q is unknown", value)
			}
			h.chunked = true
		case "connection":
			h.close = strings.EqualFold(value, "close")
		case strings.ToLower(api.HeaderNotice):
			if text, err := url.QueryUnescape(value); err == nil {
				h.notices = append(h.notices, text)
			}
		}
	}
	return h, fmt.Errorf("more than %d lines in the head of an answer", maxLines)
}

// exactly reads a body of a declared length. Less than that is an error.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunks reads a chunked body. Only the last, empty chunk ends it; the end of
// the connection before that is io.ErrUnexpectedEOF.
type chunks struct {
	r    *bufio.Reader
	left int64
	open bool // a chunk was begun: its line end is still to come
	done bool
}

func (c *chunks) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.done {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *chunks) next() error {
	if c.open {
		if line, err := readLine(c.r); err != nil || line != "" {
			return errors.Join(err, errors.New("a chunk without an end"))
		}
		c.open = false
	}
	line, err := readLine(c.r)
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no size of a chunk", line)
	}
	if n > 0 {
		c.left, c.open = n, true
		return nil
	}
	if _, err := readHeader(c.r); err != nil { // trailers
		return err
	}
	c.done = true
	return nil
}
