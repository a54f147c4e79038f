package upload

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, size int64) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		return path
	}
	small, largest, large := file("a b.txt", 5), file("largest", api.MaxAttachment), file("large", api.MaxAttachment+1)
	for name, tt := range map[string]struct {
		files Files
		wrong string
	}{
		"none":     {nil, ""},
		"some":     {Files{small, largest}, ""},
		"missing":  {Files{filepath.Join(dir, "nothing")}, "no such file"},
		"a folder": {Files{dir}, "no ordinary file"},
		"a device": {Files{"/dev/null"}, "no ordinary file"},
		"large":    {Files{large}, "more than 10 MiB"},
		"together": {Files{largest, largest, small}, "20 MiB together"},
		"many":     {slices.Repeat(Files{small}, api.MaxFiles+1), "more than 20"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.files.Read()
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("error %v, want one saying %q", err, tt.wrong)
				}
				return
			}
			if err != nil || len(got) != len(tt.files) {
				t.Fatalf("%d files, %v", len(got), err)
			}
			if len(got) > 0 && (got[0].Name != "a b.txt" || string(got[0].Data) != "hello") {
				t.Errorf("got %q: %q", got[0].Name, got[0].Data)
			}
		})
	}
}
