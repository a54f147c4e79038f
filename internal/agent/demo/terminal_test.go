package demo

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person types what the lines of a script say, and it is done.
func TestTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	for typed, want := range map[string]string{
		"say: hello\\nthere\n":      "hello\nthere\n",
		"write a/b.txt: text\n":     "wrote a/b.txt\n",
		"write ../up: text\n":       "is outside the working directory\n",
		"run: echo $WORD; exit 3\n": "of the environment\n",
		"mend the tests\n":          "A real agent would now do this: mend the tests\n",
		"ask: may I?\n":             "not in the terminal: ask\n",
		"size\n":                    "inappropriate ioctl",
	} {
		var out bytes.Buffer
		if code := typeInto(t, typed, &out, "c1"); code != 0 || !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "conversation c1\n") {
			t.Errorf("%q: exit %d, %q", typed, code, &out)
		}
	}
	if b, err := os.ReadFile(filepath.Join("a", "b.txt")); err != nil || string(b) != "text\n" {
		t.Errorf("it wrote %q, %v", b, err)
	}
	var out bytes.Buffer
	if code := typeInto(t, "exit: 7\nsay: never\n", &out); code != 7 || strings.Contains(out.String(), "never") {
		t.Errorf("exit %d, %q", code, &out)
	}
}

func typeInto(t *testing.T, typed string, out io.Writer, args ...string) int {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := io.WriteString(w, typed); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return Main(t.Context(), append([]string{"--terminal"}, args...), []string{"PATH=" + os.Getenv("PATH"), "WORD=of the environment"}, r, io.Discard, out)
}
