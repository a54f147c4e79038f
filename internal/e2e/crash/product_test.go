package crash

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// In the programs that people have there are no points: not even their names.
func TestPointsAreNotInTheProduct(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-o", dir+"/", "../../../cmd/hf", "../../../cmd/hfd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as people get it
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	looked := 0
	for _, program := range []string{"hf", "hfd"} {
		b, err := os.ReadFile(filepath.Join(dir, program))
		if err != nil {
			t.Fatal(err)
		}
		tagged, err := os.ReadFile(filepath.Join(built, oldBuild, "hfd"))
		if err != nil {
			t.Fatal(err)
		}
		for name := range points(t) {
			name = strings.TrimSuffix(strings.TrimSuffix(name, ".before"), ".after")
			if strings.Count(name, ".") < 2 || !bytes.Contains(tagged, []byte(name)) {
				continue // it may be that of a type, too; or hfd does not link it
			}
			looked++
			if bytes.Contains(b, []byte(name)) {
				t.Errorf("%s has the point %s in it", program, name)
			}
		}
	}
	if looked < 10 {
		t.Errorf("only %d names were looked for", looked)
	}
}
