package session

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/internal/agent/acp"
)

// maxFile bounds a file an agent may read through hf, in bytes.
const maxFile = 64 << 20

// serveFile carries out a file call of an agent that makes them although hf
// offers none, and returns the answer. It never leaves the agent's directory,
// through a link neither.
func (v *supervisor) serveFile(call *acp.FSCall) []byte {
	content, err := fileCall(v.machine.Cwd(), call)
	return v.machine.FSResult(call, content, err)
}

func fileCall(dir string, call *acp.FSCall) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	name := call.Path
	if filepath.IsAbs(name) {
		if name, err = filepath.Rel(dir, name); err != nil {
			return "", err
		}
	}
	if !filepath.IsLocal(name) {
		return "", errors.New("outside the sandbox")
	}
	if call.Write {
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return "", err
		}
		return "", root.WriteFile(name, []byte(call.Content), 0o644)
	}
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(b), err
}
