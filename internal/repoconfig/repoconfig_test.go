package repoconfig_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/pkg/api"
)

func TestParse(t *testing.T) {
	text := "setup = [\"npm ci\", \"make\"]\nteardown = [\"make clean\"]\n\n[env]\nNODE_ENV = \"test\"\nA = \"\"\n"
	c, err := repoconfig.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Setup, []string{"npm ci", "make"}) || !slices.Equal(c.Teardown, []string{"make clean"}) ||
		!slices.Equal(c.Environ(), []string{"A=", "NODE_ENV=test"}) || c.Content != text || c.Empty() {
		t.Errorf("config = %+v", c)
	}
	other, err := repoconfig.Parse([]byte(text + "# comment\n"))
	if err != nil || other.Hash == c.Hash || len(c.Hash) != 64 {
		t.Errorf("hashes %q and %q, %v", c.Hash, other.Hash, err)
	}
	if empty, err := repoconfig.Parse(nil); err != nil || !empty.Empty() {
		t.Errorf("empty file = %+v, %v", empty, err)
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		"\nsetpu = [\"x\"]\n":            ".hf/config.toml:2: unknown key \"setpu\"",
		"[env]\nA = \"1\"\n[other]\nb=1": ".hf/config.toml:3: unknown key \"other",
		"setup = \"make\"\n":             ".hf/config.toml:1: \"setup\" has the wrong type",
		"setup = [1]\n":                  ".hf/config.toml:1: \"setup\" has the wrong type",
		"[env]\n\nA = 1\n":               ".hf/config.toml:3: \"env.A\" has the wrong type",
		"setup = [\n":                    ".hf/config.toml:",
		"= 1":                            ".hf/config.toml:1:",
		"[env]\n\"A B\" = \"1\"\n":       "\"A B\" cannot be an environment variable",
		"[env]\n\"A=\" = \"1\"\n":        "\"A=\" cannot be an environment variable",
		"[env]\nHF_TOKEN = \"1\"\n":      "HF_TOKEN: variables that begin with HF_ are hf's own",
		"setup = [\" \"]\n":              "an empty command",
		"[env]\nA = \"\\u0000\"\n":       "\"A\" cannot be an environment variable",
		strings.Repeat("#", 65<<10):      "larger than 65536 bytes",
	} {
		c, err := repoconfig.Parse([]byte(text))
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Code != api.CodeInvalid || !strings.Contains(e.Message, want) || e.Hint == "" || !c.Empty() {
			t.Errorf("Parse(%.40q) = %v, want %q", text, err, want)
		}
		if ok && (strings.Contains(e.Message, "Go ") || strings.Contains(e.Message, "toml:") && !strings.Contains(e.Message, "config.toml:")) {
			t.Errorf("%q speaks of the decoder", e.Message)
		}
	}
}

type tree map[string]string

func (t tree) ReadFile(_ context.Context, commit, path string, limit int) ([]byte, bool, error) {
	if commit == "broken" {
		return nil, false, errors.New("object is missing")
	}
	text, ok := t[commit+":"+path]
	return []byte(text[:min(len(text), limit)]), ok, nil
}

func TestLoadReadsTheCommit(t *testing.T) {
	files := tree{"c1:.hf/config.toml": "setup = [\"make\"]", "big:.hf/config.toml": strings.Repeat("#\n", 65<<10)}
	if c, err := repoconfig.Load(t.Context(), files, "c1"); err != nil || len(c.Setup) != 1 {
		t.Errorf("config = %+v, %v", c, err)
	}
	if c, err := repoconfig.Load(t.Context(), files, "c2"); err != nil || !c.Empty() || c.Hash != "" {
		t.Errorf("without a file: %+v, %v", c, err)
	}
	for _, commit := range []string{"big", "broken"} {
		if _, err := repoconfig.Load(t.Context(), files, commit); err == nil {
			t.Errorf("%s was loaded", commit)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("setup = [\"x\"]\n[env]\nA = \"1\""))
	f.Add([]byte("[env]\nA.b = 1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := repoconfig.Parse(content)
		if _, ok := errors.AsType[*api.Error](err); err != nil && !ok {
			t.Errorf("%v is not for a person", err)
		}
		if err == nil && c.Hash != repoconfig.Hash(content) {
			t.Error("the hash is not of the content")
		}
	})
}
