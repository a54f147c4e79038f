package config

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/pkg/api"
)

func TestSetKeepsTheRest(t *testing.T) {
	tests := map[string]struct{ before, key, value, after string }{
		"no file":                {"", "agent", "claude", "agent = \"claude\"\n"},
		"no file, a table":       {"", "backend.idle_exit", "1h", "[backend]\nidle_exit = \"1h\"\n"},
		"a value in its place":   {"# a\nagent = 'x' # b\n\n# c\npermission = \"ask\"\n", "agent", "y", "# a\nagent = \"y\" # b\n\n# c\npermission = \"ask\"\n"},
		"no new line at the end": {"agent = 'x'", "permission", "all", "agent = 'x'\npermission = \"all\"\n"},
		"below its siblings":     {"[backend]\n  log_keep = 1 # few\n\n# the rest\n[create]\nbase = 'x'\n", "backend.idle_exit", "0", "[backend]\n  log_keep = 1 # few\n  idle_exit = 0\n\n# the rest\n[create]\nbase = 'x'\n"},
		"in an empty table":      {"[backend] # none yet\n[create]\n", "backend.log_keep", "7", "[backend] # none yet\nlog_keep = 7\n[create]\n"},
		"above the first table":  {"# hf\n\n# daemon\n[backend]\nlog_keep = 1\n", "agent", "x", "# hf\n\nagent = \"x\"\n\n# daemon\n[backend]\nlog_keep = 1\n"},
		"only comments":          {"# hf\n", "agent", "x", "# hf\nagent = \"x\"\n"},
		"a new table":            {"agent = 'x'\n", "repos.web.base", "dev", "agent = 'x'\n\n[repos.web]\nbase = \"dev\"\n"},
		"above its own tables":   {"[agents.a.env]\nX = '1'\n", "agents.a.mode", "m", "[agents.a]\nmode = \"m\"\n\n[agents.a.env]\nX = '1'\n"},
		"inline, replaced":       {"repos = { web = { base = 'x', agent = 'y' } } # w\n", "repos.web.base", "z", "repos = { web = { base = \"z\", agent = 'y' } } # w\n"},
		"inline, added":          {"agents.a = { mode = 'm' }\n", "agents.a.permission", "all", "agents.a = { permission = \"all\", mode = 'm' }\n"},
		"inline, empty":          {"[agents.a]\nenv = {}\n", "agents.a.env.X", "1", "[agents.a]\nenv = { X = \"1\" }\n"},
		"dotted keys":            {"backend.log_keep = 1\nagent = 'x'\n", "backend.idle_exit", "1m", "backend.log_keep = 1\nbackend.idle_exit = \"1m\"\nagent = 'x'\n"},
		"dotted in a table":      {"[agents]\na.mode = 'm'\n", "agents.a.model", "o", "[agents]\na.mode = 'm'\na.model = \"o\"\n"},
		"a list":                 {"[agents.a]\ncommand = [\n  'x', # one\n  'y',\n]\nmode = 'm'\n", "agents.a.command", "z -v", "[agents.a]\ncommand = [\"z\", \"-v\"]\nmode = 'm'\n"},
		"a list as TOML":         {"", "agents.a.command", `["my agent", '--acp']`, "[agents.a]\ncommand = [\"my agent\", '--acp']\n"},
		"a table as TOML":        {"", "agents.a.env", `{ A = "1" }`, "[agents.a]\nenv = { A = \"1\" }\n"},
		"several lines":          {"agent = '''x'''\nprovider = \"\"\"\\\n  y\"\"\"\n", "provider", "z", "agent = '''x'''\nprovider = \"z\"\n"},
		"names in quotes":        {"[agents.\"a.b\"]\nmode = 'm'\n", `agents."a.b".mode`, "n", "[agents.\"a.b\"]\nmode = \"n\"\n"},
		"other line ends":        {"[backend]\r\nlog_keep = 1\r\n", "backend.idle_exit", "1m", "[backend]\r\nlog_keep = 1\r\nidle_exit = \"1m\"\r\n"},
		"what needs escapes":     {"", "agents.a.env.X", "a\"b\\c\x01\t\nü", "[agents.a.env]\nX = \"a\\\"b\\\\c\\u0001\\t\\nü\"\n"},
		"a size as a number":     {"", "backend.log_max_size", "70000", "[backend]\nlog_max_size = 70000\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Set("f", []byte(tt.before), tt.key, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	tests := map[string]struct{ before, key, value, says string }{
		"an unknown key":      {"", "backend.idle_exti", "1m", `unknown key "backend.idle_exti"; did you mean "idle_exit"?`},
		"an unknown top key":  {"", "colour", "red", `unknown key "colour"; the keys here are agent`},
		"too deep":            {"", "agent.name", "x", `unknown key "agent.name": agent is no table`},
		"no key":              {"", "a b", "x", `"a b" is no key`},
		"an injected key":     {"", "agent = 'x'\nprovider", "x", "is no key"},
		"a table":             {"", "backend", "x", "backend is a table"},
		"a table of tables":   {"", "agents", "x", "agents is a table"},
		"one of the tables":   {"", "agents.a", "x", "agents.a is a table"},
		"a bad duration":      {"", "backend.idle_exit", "soon", "backend.idle_exit: a duration such as"},
		"a bad number":        {"", "backend.log_keep", "many", "backend.log_keep: a number from 0 to 100"},
		"a bad permission":    {"", "agents.a.permission", "yes", `agents.a.permission: one of "ask"`},
		"a bad name":          {"", "agents.'a b'.mode", "x", "an agent's name is"},
		"a bad variable":      {"", "agents.a.env.HF_X", "x", "variables that begin with HF_"},
		"a command in quotes": {"", "agents.a.command", `x "y z"`, "must be a list"},
		"half a list":         {"", "agents.a.command", `["x"`, "is neither a list"},
		"more than a list":    {"", "agents.a.command", "['x']\nmode = 'm'", "is neither a list"},
		"a file with errors":  {"agnet = 'x'", "agent", "x", "f:1: unknown key"},
		"a table that is one": {"[agents.a.env]\nX = '1'\n", "agents.a.env", `{ Y = "2" }`, "cannot be changed in the way the file is written"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Set("f", []byte(tt.before), tt.key, tt.value)
			e, ok := errors.AsType[*api.Error](err)
			if !ok || !strings.Contains(e.Message, tt.says) || e.Hint == "" {
				t.Errorf("Set = %q, %v", got, err)
			}
		})
	}
}

func TestUnset(t *testing.T) {
	tests := map[string]struct{ before, key, after string }{
		"a line":             {"# a\nagent = 'x' # b\n# c\npermission = 'ask'\n", "agent", "# a\n# c\npermission = 'ask'\n"},
		"the last line":      {"permission = 'ask'\nagent = 'x'", "agent", "permission = 'ask'\n"},
		"several lines":      {"[agents.a]\ncommand = [\n 'x',\n]\nmode = 'm'\n", "agents.a.command", "[agents.a]\nmode = 'm'\n"},
		"the first inline":   {"agents.a = { mode = 'm', model = 'o' }\n", "agents.a.mode", "agents.a = { model = 'o' }\n"},
		"the last inline":    {"agents.a = { mode = 'm', model = 'o' }\n", "agents.a.model", "agents.a = { mode = 'm' }\n"},
		"the only inline":    {"[agents.a]\nenv = { X = '1' }\n", "agents.a.env.X", "[agents.a]\nenv = {  }\n"},
		"a whole inline":     {"agents.a = { mode = 'm' }\nagent = 'a'\n", "agents.a", "agent = 'a'\n"},
		"one of dotted":      {"backend.log_keep = 1\nbackend.idle_exit = 0\n", "backend.log_keep", "backend.idle_exit = 0\n"},
		"all that was in it": {"[backend]\nlog_keep = 1\n", "backend.log_keep", "[backend]\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Unset("f", []byte(tt.before), tt.key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for key, code := range map[string]api.Code{"agent": api.CodeNotFound, "agnet": api.CodeInvalid, "backend": api.CodeInvalid} {
		if _, err := Unset("f", []byte("[backend]\nlog_keep = 1\n"), key); !api.IsCode(err, code) {
			t.Errorf("Unset(%s) = %v", key, err)
		}
	}
}

// Whatever is set in whatever order, the file says just that, and its comments
// stay.
func TestSetAnything(t *testing.T) {
	starts := []string{
		"", "# only a comment\n", "agent = 'x' # why\n", full,
		"# one\n[repos.web] # two\nbase = 'x' # three\n\n# four\n[agents]\nb.mode = 'm' # five\n",
		"agents = { a = { mode = 'm', env = { X = '1' } }, b = {} } # one\n[backend]\n# two\nlog_keep = 1\n",
	}
	values := map[string][]string{
		"agent": {"claude", ""}, "permission": {"ask", "all"}, "provider": {"p\"q"}, "workspace": {"w"},
		"agents.a.mode": {"m n"}, "agents.a.env.X": {"1", "$X"}, "agents.a.env.Y": {"\\"}, "agents.b.command": {"c -d", `["e f"]`},
		"agents.'c.d'.model": {"o"}, "repos.web.base": {"dev"}, "repos.web.agent": {"a"}, "repos.api.permission": {"edits"},
		"backend.idle_exit": {"0", "1h30m"}, "backend.log_keep": {"5"}, "backend.log_max_size": {"1MiB"}, "create.base": {"trunk"},
	}
	var keys []string
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			draw := rand.New(rand.NewPCG(seed, 0))
			start := starts[draw.IntN(len(starts))]
			text := []byte(start)
			for range 1 + draw.IntN(6) {
				key := keys[draw.IntN(len(keys))]
				value := values[key][draw.IntN(len(values[key]))]
				text = setOne(t, text, key, value, draw.IntN(4) == 0)
			}
			for line := range strings.Lines(start) {
				if strings.HasPrefix(line, "#") && !strings.Contains(string(text), line) {
					t.Errorf("the comment %q is gone from\n%s", line, text)
				}
			}
		})
	}
}

// setOne sets a key and makes sure that the file has it, or takes it out again.
func setOne(t *testing.T, text []byte, key, value string, unset bool) []byte {
	t.Helper()
	changed, err := Set("f", text, key, value)
	if err != nil {
		t.Fatalf("set %s %q in\n%s\n%v", key, value, text, err)
	}
	if unset {
		if text, err = Unset("f", changed, key); err != nil {
			t.Fatalf("unset %s in\n%s\n%v", key, changed, err)
		}
		return text
	}
	c, _, err := Parse("f", changed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Value(key, func(string) string { return "" })
	if err != nil || !strings.HasPrefix(got.Origin, "f:") {
		t.Fatalf("%s = %+v, %v in\n%s", key, got, err, changed)
	}
	return changed
}

func TestUpdateReplacesTheFileALinkMeans(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "dotfiles", "hf.toml")
	link := filepath.Join(dir, "config.toml")
	if err := errors.Join(
		os.Mkdir(filepath.Dir(target), 0o700), os.WriteFile(target, []byte("a"), 0o640),
		os.Symlink(filepath.Join("dotfiles", "hf.toml"), link),
	); err != nil {
		t.Fatal(err)
	}
	err := Update(link, func(content []byte, hash string) ([]byte, error) {
		if string(content) != "a" || hash == "" {
			t.Errorf("content %q, hash %q", content, hash)
		}
		return []byte("b"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "b" {
		t.Errorf("%q, %v", b, err)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link became %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(target); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestUpdateMakesAPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config.toml")
	if err := Update(path, func([]byte, string) ([]byte, error) { return nil, errors.New("no") }); err == nil {
		t.Error("the error was dropped")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := Update(path, func([]byte, string) ([]byte, error) { return []byte("x"), nil }); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// Nobody's change is lost when many set something at once.
func TestUpdateOneAfterTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	const many = 20
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			err := Update(path, func(content []byte, _ string) ([]byte, error) {
				return Set(path, content, fmt.Sprintf("agents.a%d.mode", i), "m")
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	c, _, err := Load(path)
	if err != nil || len(c.Agents) != many {
		t.Errorf("%d of %d are there, %v", len(c.Agents), many, err)
	}
}
