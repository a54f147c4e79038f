package format

import (
	"io"
	"strings"
	"testing"
	"time"
)

func run(in string, args ...string) (out, errOut string, exit int) {
	var o, e strings.Builder
	exit = Main(args, strings.NewReader(in), &o, &e)
	return o.String(), e.String(), exit
}

func TestJQ(t *testing.T) {
	tests := []struct{ in, expr, want string }{
		{`{"id":"a"}`, ".id", "a\n"},
		{`[{"id":"a"},{"id":"b"}]`, ".[].id", "a\nb\n"},
		{"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", ".id", "a\nb\n"},
		{`[]`, ".[]", ""},
		{`{"a":1}`, ". # said", "{\"a\":1}\n"},
	}
	for _, tt := range tests {
		out, errOut, exit := run(tt.in, "--jq", tt.expr)
		if out != tt.want || exit != 0 {
			t.Errorf("%s on %s: %q, exit %d, %s", tt.expr, tt.in, out, exit, errOut)
		}
	}
}

func TestTemplate(t *testing.T) {
	out, errOut, exit := run(`[{"id":"a","n":1},{"id":"b","n":2}]`, "--template", `{{range .}}{{tablerow .id .n}}{{end}}`, "--width", "80")
	if exit != 0 || strings.Join(strings.Fields(out), " ") != "a 1 b 2" {
		t.Errorf("%q, exit %d, %s", out, exit, errOut)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		in   string
		args []string
		exit int
		says string
	}{
		{`{}`, []string{"--jq", ".["}, exitUsage, "jq"},
		{`{}`, []string{"--jq", "nosuchfunction"}, exitUsage, "nosuchfunction"},
		{`{}`, []string{"--template", "{{"}, exitUsage, "template"},
		{`{}`, nil, exitUsage, "--jq"},
		{`{}`, []string{"--jq", ".", "--template", "x"}, exitUsage, "--jq"},
		{`{`, []string{"--jq", "."}, exitFailed, "JSON"},
		{`{"a":"b"}`, []string{"--jq", ".a.b"}, exitFailed, "object"},
	}
	for _, tt := range tests {
		_, errOut, exit := run(tt.in, tt.args...)
		if exit != tt.exit || !strings.Contains(errOut, tt.says) {
			t.Errorf("%q on %s: exit %d, %q", tt.args, tt.in, exit, errOut)
		}
	}
}

// A document is printed when it is there, not when the stream ends: `hf logs
// -f --jq` depends on it.
func TestDocumentsArePrintedAsTheyCome(t *testing.T) {
	for _, args := range [][]string{{"--jq", ".id"}, {"--template", "{{.id}}\n"}} {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		done := make(chan int, 1)
		go func() {
			done <- Main(args, inR, outW, io.Discard)
			_ = outW.Close()
		}()
		got := make(chan string, 1)
		go func() {
			b := make([]byte, 16)
			n, _ := outR.Read(b)
			got <- string(b[:n])
			_, _ = io.Copy(io.Discard, outR)
		}()
		if _, err := io.WriteString(inW, `{"id":"a"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-got:
			if strings.TrimSpace(s) != "a" {
				t.Errorf("%q: got %q", args, s)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q: nothing was printed", args)
		}
		_ = inW.Close()
		if exit := <-done; exit != 0 {
			t.Errorf("%q: exit %d", args, exit)
		}
	}
}
