package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// A configured value that only looks like a variable of the caller is given as
// it stands.
func TestAgentEnvironmentIsTakenLiterally(t *testing.T) {
	m := newMachine(t)
	dir := filepath.Join(m.dir, "home", ".config", "hf")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	config := "[agents.demo]\nenv = { PRICE = \"$5\", WHO = \"${CALLER}\" }\n"
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "CALLER=me")
	id := m.create(`run: echo "price=$PRICE who=$WHO"`, "--permission", "all")
	m.hf("wait", id, "--timeout", "30s")
	var shown strings.Builder
	for _, e := range m.entries(id) {
		if e.Kind == api.EntryTool {
			shown.WriteString(e.Tool.Output)
		}
	}
	if !strings.Contains(shown.String(), "price=$5 who=me") {
		t.Errorf("the command printed %q", shown.String())
	}
}
