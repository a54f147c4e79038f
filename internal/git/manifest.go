package git

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// Manifest describes what the trees of a saved commit cannot.
type Manifest struct {
	Version int              `json:"version"`
	Branch  string           `json:"branch,omitempty"`
	Head    string           `json:"head,omitempty"`
	Changed []ManifestFile   `json:"changed,omitempty"` // tracked ones whose bytes in the tree are those of the disk
	Gone    []Name           `json:"gone,omitempty"`    // tracked ones that were not on the disk
	Files   []ManifestFile   `json:"files,omitempty"`   // untracked and ignored ones
	Modes   []ManifestFile   `json:"modes,omitempty"`   // other tracked ones with a mode that git does not keep
	Dirs    []ManifestFile   `json:"dirs,omitempty"`    // directories that saved files are in
	Nested  []ManifestNested `json:"nested,omitempty"`  // repositories inside the work tree
	Modules ManifestTree     `json:"modules,omitzero"`  // git directories of submodules
	Left    []Name           `json:"left,omitempty"`    // ignored ones that are not saved
	Skipped []Name           `json:"skipped,omitempty"`
}

// ManifestFile is a saved file or a directory.
type ManifestFile struct {
	Path Name        `json:"path"`
	In   Name        `json:"in,omitempty"` // its name in the tree, where that cannot be Path
	Mode os.FileMode `json:"mode"`
}

// in is the name of the file in the tree.
func (f ManifestFile) in() string {
	if f.In != "" {
		return string(f.In)
	}
	return string(f.Path)
}

// ManifestTree is files and directories that belong together.
type ManifestTree struct {
	Files []ManifestFile `json:"files,omitempty"`
	Dirs  []ManifestFile `json:"dirs,omitempty"`
}

// ManifestNested is a repository inside the work tree. Its files are in the
// tree of the saved commit, or below Tree/files when it is a submodule.
type ManifestNested struct {
	Path      Name   `json:"path"`
	Tree      string `json:"tree"` // the directory of it beside the manifest
	Submodule bool   `json:"submodule,omitempty"`
	ManifestTree
}

// Name is a path of any bytes but zero. JSON has no bytes, so one that is no
// UTF-8 is written there as a zero, which no path holds, and base64.
type Name string

// MarshalText implements encoding.TextMarshaler.
func (n Name) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return []byte(n), nil
	}
	return []byte("\x00" + base64.StdEncoding.EncodeToString([]byte(n))), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Name) UnmarshalText(text []byte) error {
	code, encoded := strings.CutPrefix(string(text), "\x00")
	if !encoded {
		*n = Name(text)
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return fmt.Errorf("read a path: %w", err)
	}
	*n = Name(b)
	return nil
}

func namesOf(paths []string) []Name {
	var out []Name
	for _, p := range paths {
		out = append(out, Name(p))
	}
	return out
}
