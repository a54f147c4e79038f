package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRunServesUntilItsInputEnds(t *testing.T) {
	for name, end := range map[string]func(stdin io.Closer, cancel context.CancelFunc){
		"input ends": func(stdin io.Closer, _ context.CancelFunc) { stdin.Close() },
		"signal":     func(_ io.Closer, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stdin, input := io.Pipe()
			printed, stdout := io.Pipe()
			ended := make(chan error, 1)
			go func() { ended <- run(ctx, stdin, stdout) }()
			line, err := bufio.NewReader(printed).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, strings.TrimSpace(line), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			end(input, cancel)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
				t.Error("the server still answers")
			}
		})
	}
}
