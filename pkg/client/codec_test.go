package client

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// FuzzResponse compares the codec with net/http's: what that takes, this reads
// alike, or refuses.
func FuzzResponse(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nT: v\r\n\r\n")
	f.Add("HTTP/1.1 204 No Content\r\n\r\n")
	f.Add("HTTP/1.1 503 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\n\r\nto the end")
	f.Fuzz(func(t *testing.T, raw string) {
		c := &conn{r: bufio.NewReader(strings.NewReader(raw)), dirty: true}
		ours, err := c.readHead()
		if err != nil {
			return
		}
		body, err := ours.all()
		if err != nil {
			return
		}
		theirs, terr := http.ReadResponse(bufio.NewReader(strings.NewReader(raw)), nil)
		if terr != nil {
			return // laxer than it must be: nobody but hfd answers
		}
		want, terr := io.ReadAll(theirs.Body)
		_ = theirs.Body.Close()
		if terr == nil && (ours.status != theirs.StatusCode || !bytes.Equal(body, want)) {
			t.Errorf("%q: status %d, body %q; want %d, %q", raw, ours.status, body, theirs.StatusCode, want)
		}
	})
}

func TestRequestIsWhatNetHTTPReads(t *testing.T) {
	r := request{method: "POST", path: "/v1/tasks?a=b", version: "v1\r\nEvil: x", id: "0123", body: []byte(`{"prompt":"hi"}`)}
	got, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.bytes())))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != string(r.body) || got.Header.Get("Evil") != "" || got.Header.Get("Idempotency-Key") != "0123" {
		t.Errorf("%v %q, %v", got.Header, body, err)
	}
}

// What hfd wants everybody to know reaches whoever listens, as it was written.
func TestNotices(t *testing.T) {
	raw := "HTTP/1.1 200 OK\r\nHf-Notice: the+disk+is+%C3%BCber-full%0A\r\nhf-notice: second\r\nHf-Notice: %zz\r\nContent-Length: 2\r\n\r\n{}"
	c := &conn{r: bufio.NewReader(strings.NewReader(raw)), dirty: true}
	resp, err := c.readHead()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(resp.notices, "|"); got != "the disk is über-full\n|second" {
		t.Errorf("notices %q", got)
	}
}
