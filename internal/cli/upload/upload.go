// Package upload reads the files that a person attaches to a message.
package upload

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/pkg/api"
)

// Files are the paths of what is attached.
type Files []string

// Add adds the flag --attach.
func Add(cmd *cobra.Command, into *Files) {
	cmd.Flags().StringArrayVar((*[]string)(into), "attach", nil, "a `file` that goes with it, an image or any other; may be given more than once")
	complete.Flag(cmd, "attach", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault // files
	})
}

// Read reads the files. What hfd would refuse is refused here, before it is
// sent.
func (f Files) Read() ([]api.Upload, error) {
	if len(f) > api.MaxFiles {
		return nil, exitcode.Usagef("--attach is given %d times, more than %d", len(f), api.MaxFiles)
	}
	var out []api.Upload
	total := 0
	for _, path := range f {
		data, err := read(path)
		if err != nil {
			return nil, err
		}
		if total += len(data); total > api.MaxAttachments {
			return nil, exitcode.Usagef("the attached files have more than %d MiB together", api.MaxAttachments>>20)
		}
		out = append(out, api.Upload{Name: filepath.Base(path), Data: data})
	}
	return out, nil
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, exitcode.Usagef("attach a file: %v", err)
	}
	if !info.Mode().IsRegular() {
		return nil, exitcode.Usagef("--attach %s: it is no ordinary file", path)
	}
	tooLarge := exitcode.Usagef("--attach %s: it has more than %d MiB", path, api.MaxAttachment>>20)
	if info.Size() > api.MaxAttachment {
		return nil, tooLarge
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, exitcode.Usagef("attach a file: %v", err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, api.MaxAttachment+1)) // it may grow
	if err != nil {
		return nil, fmt.Errorf("attach a file: %w", err)
	}
	if len(data) > api.MaxAttachment {
		return nil, tooLarge
	}
	return data, nil
}
