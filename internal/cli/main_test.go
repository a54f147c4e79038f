package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
)

// hf runs the command line with a state directory in which nothing runs and
// nothing can be started.
func hf(t *testing.T, args ...string) (out, errOut string, exit int) {
	t.Helper()
	io, _, o, e := iostreams.Test()
	environ := []string{"HOME=" + t.TempDir(), "HF_STATE_DIR=" + filepath.Join(t.TempDir(), "s"), "HF_DAEMON_BIN=/nowhere/hfd"}
	exit = Main(t.Context(), args, io, environ)
	return o.String(), e.String(), exit
}

func TestUsageErrors(t *testing.T) {
	tests := []struct{ args, says string }{
		{"frobnicate", `hf: unknown command "frobnicate" for "hf"`},
		{"lst", "hint: did you mean list?"},
		{"backend frobnicate", `hf: unknown command "frobnicate" for "hf backend"`},
		{"backend sto", "hint: did you mean stop?"},
		{"list --frob", "hf: unknown flag: --frob\nusage: hf list [flags]\nsee `hf list --help`\n"},
		{"show", "hf: hf show needs TASK"},
		{"show a b", `"b"`},
		{"exec k3f9", "needs COMMAND"},
		{"wait k3f9 --for ever", "--for is one of"},
		{"send k3f9 x --timeout 1s", "--wait"},
		{"list --json=nope", `unknown JSON field "nope"`},
		{"completion csh", "csh"},
		{"approve k3f9 a b", `"b"`},
	}
	for _, tt := range tests {
		out, errOut, exit := hf(t, strings.Fields(tt.args)...)
		if exit != 2 || out != "" || !strings.Contains(errOut, tt.says) {
			t.Errorf("hf %s: exit %d, stdout %q, stderr %q", tt.args, exit, out, errOut)
		}
		if strings.Contains(errOut, "Global Flags") {
			t.Errorf("hf %s printed the whole help", tt.args)
		}
	}
	if _, errOut, exit := hf(t, "show", ""); exit != 2 || !strings.Contains(errOut, "TASK is empty") {
		t.Errorf("an empty task: %d, %q", exit, errOut)
	}
}

func TestErrorsAsJSON(t *testing.T) {
	_, errOut, exit := hf(t, "list", "--json")
	lines := strings.Split(strings.TrimSpace(errOut), "\n")
	var doc struct {
		Schema int
		Error  struct{ Code, Message, Hint string }
		Exit   int `json:"exitCode"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc); err != nil {
		t.Fatalf("%v in %q", err, errOut)
	}
	if exit != 12 || doc.Exit != 12 || doc.Error.Code != "unavailable" || !strings.Contains(doc.Error.Message, "/nowhere/hfd") || doc.Error.Hint == "" {
		t.Errorf("exit %d, %+v", exit, doc)
	}
}

func TestInterrupted(t *testing.T) {
	io, _, _, errOut := iostreams.Test()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	environ := []string{"HF_STATE_DIR=" + filepath.Join(t.TempDir(), "s"), "HF_DAEMON_BIN=/nowhere/hfd", "HOME=" + t.TempDir()}
	if exit := Main(ctx, []string{"list"}, io, environ); exit != 130 || errOut.Len() > 0 {
		t.Errorf("exit %d, %q", exit, errOut)
	}
}

// The command that is built alone is the one that is found among all.
func TestOnlyTheNamedCommandIsBuilt(t *testing.T) {
	for _, e := range entries() {
		for _, argv := range [][]string{{e.name, "x"}, {"-w", "ws", e.name}, {"--no-input", e.name}} {
			if got := needed(argv); len(got) != 1 || got[0].name != e.name {
				t.Errorf("%q needs %d commands", argv, len(got))
			}
		}
		if got := e.build(testFactory()); got.Name() != e.name || strings.Join(got.Aliases, " ") != strings.Join(e.aliases, " ") {
			t.Errorf("the entry %s (%q) builds %s (%q)", e.name, e.aliases, got.Name(), got.Aliases)
		}
	}
	for _, argv := range [][]string{nil, {"help"}, {"--help"}, {"__complete", "list"}, {"-w", "list"}, {"nonsense"}} {
		if got := needed(argv); len(got) != len(entries()) {
			t.Errorf("%q builds %d commands only", argv, len(got))
		}
	}
}

func testFactory() *factory.Factory {
	io, _, _, _ := iostreams.Test()
	return factory.New(io, nil)
}

func TestHelpOfExitCodes(t *testing.T) {
	out, _, exit := hf(t, "help", "exit-codes")
	want, err := os.ReadFile("testdata/exit-codes.golden")
	if err != nil {
		t.Fatal(err)
	}
	if exit != 0 || out != string(want) {
		t.Errorf("exit %d, got:\n%s", exit, out)
	}
}
