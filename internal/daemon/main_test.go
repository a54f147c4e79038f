package daemon

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestVerbs(t *testing.T) {
	p := program{
		selfcheck: func(_ context.Context, database string) error {
			if database == "/bad" {
				return errors.New("the copy is damaged")
			}
			return nil
		},
		format: func(_ context.Context, args, environ []string, stdin io.Reader, stdout, _ io.Writer) int {
			b, _ := io.ReadAll(stdin)
			_, _ = io.WriteString(stdout, strings.Join(args, ",")+strings.Join(environ, ",")+string(b))
			return 7
		},
	}
	tests := []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"version", 0, "hfd ", ""},
		{"--version", 0, "hfd ", ""},
		{"selfcheck", 0, `"protoMax":`, ""},
		{"selfcheck --db /good", 0, `"build":`, ""},
		{"selfcheck --db /bad", 1, "", "the copy is damaged"},
		{"selfcheck --nonsense", 2, "", "usage"},
		{"format a b", 7, "a,bHOME=/tmp/hinput", ""},
		{"nonsense", 2, "", "hf backend start"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := p.main(t.Context(), strings.Fields(tt.args), []string{"HOME=/tmp/h"}, strings.NewReader("input"), &stdout, &stderr)
			if code != tt.code || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("status %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
		})
	}
}
