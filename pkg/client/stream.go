package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/hf-dev/hf/pkg/api"
)

// follow reads a stream of lines of JSON. A stream that breaks, because hfd
// stopped, was upgraded or was killed, is asked for again by path, which must
// say where to go on after the last value that seen was told of. A stream that
// hfd ends is over.
func follow[T any](ctx context.Context, c *Client, path func() string, seen func(T)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		var wait backoff
		for fresh := false; ; fresh = true {
			moved, err := readLines(ctx, c, path(), fresh, func(v T) bool {
				seen(v)
				return yield(v, nil)
			})
			switch {
			case errors.Is(err, errEnough):
				return
			case err == nil:
				return
			case !passing(err) || c.opts.Once:
				yield(zero, final(err))
				return
			}
			if moved {
				wait = backoff{}
			}
			if werr := wait.next(ctx, c.opts.Patience); werr != nil {
				yield(zero, final(errors.Join(err, werr)))
				return
			}
		}
	}
}

// errEnough ends a stream whose reader wants no more.
var errEnough = errors.New("the reader has enough")

// readLines gives every whole line of one answer to take, decoded, until that
// wants no more. It reports whether there was any.
func readLines[T any](ctx context.Context, c *Client, path string, fresh bool, take func(T) bool) (moved bool, err error) {
	cn, resp, err := c.send(ctx, request{method: "GET", path: path, version: c.opts.Version}, fresh)
	if err != nil {
		return false, err
	}
	defer c.put(cn)
	if resp.status >= 300 {
		body, err := resp.all()
		if err != nil {
			return false, c.broken(ctx, err)
		}
		return false, decodeError(resp.status, body)
	}
	r := bufio.NewReader(resp.body)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return moved, c.broken(ctx, err) // half a line is told again
		}
		if len(bytes.TrimSpace(line)) > 0 { // an empty one only keeps the connection alive
			var v T
			if err := json.Unmarshal(line, &v); err != nil {
				return moved, &api.Error{Code: api.CodeInternal, Message: fmt.Sprintf("a line of %s makes no sense: %v", path, err)}
			}
			moved = true
			if !take(v) {
				return moved, errEnough
			}
		}
		if err == io.EOF {
			return moved, nil
		}
	}
}
