package config

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Every key that a file may hold is listed, and every listed one may be held.
func TestKeysAreThoseOfTheFile(t *testing.T) {
	c := Default()
	var names []string
	var visit func(set setter, key []string)
	visit = func(set setter, key []string) {
		err := set(key, map[string]any{"no such key": map[string]any{}})
		var all *keyError
		switch {
		case !errors.As(err, &all):
			t.Fatalf("%v takes anything: %v", key, err)
		case strings.Contains(all.text, "the keys here are "):
			_, list, _ := strings.Cut(all.text, "the keys here are ")
			for name := range strings.SplitSeq(list, ", ") {
				at := append(slices.Clone(key), name)
				visit(func(key []string, v any) error { return set(key[:len(key)-1], map[string]any{name: v}) }, at)
			}
		case strings.Contains(all.text, "name is letters"): // a table of tables
			at := append(slices.Clone(key), "NAME")
			visit(func(key []string, v any) error { return set(key[:len(key)-1], map[string]any{"NAME": v}) }, at)
		case strings.Contains(all.text, "variable cannot be called that"):
			names = append(names, join(append(key, "NAME")...))
		default:
			names = append(names, join(key...))
		}
	}
	visit(table(keys(&c)), nil)
	slices.Sort(names)
	var got []string
	for _, k := range Keys() {
		got = append(got, k.Key)
		for _, word := range k.Words { // each is a value that the file may have
			if _, err := Set("f", nil, strings.ReplaceAll(k.Key, "NAME", "x"), word); err != nil {
				t.Error(err)
			}
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("Keys = %q\nthe file takes %q", got, names)
	}
}

const some = `workspace = "work"
agent = "claude"

[agents.claude]
env = { REGION = "eu" }
[agents.mine]
command = ["my agent", "--acp"]
[agents."two.words"]
command = "other"

[backend]
idle_exit = 0
log_max_size = "1MiB"
log_keep = 9
[create]
agent_timeout = "90s"
setup_timeout = "1h"
`

func TestValues(t *testing.T) {
	c, _, err := Parse("c.toml", []byte(some))
	if err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{"HF_WORKSPACE": "elsewhere"}[name]
	}
	got := map[string]api.ConfigValue{}
	for _, v := range c.Values(getenv) {
		got[v.Key] = v
	}
	for key, want := range map[string][2]any{
		"workspace":                     {"elsewhere", "HF_WORKSPACE"},
		"agent":                         {"claude", "c.toml:2"},
		"permission":                    {"ask", "default"},
		"agents.claude.env.REGION":      {"eu", "c.toml:5"},
		`agents."two.words".permission`: {"", "default"},
		"backend.idle_exit":             {"0", "c.toml:12"},
		"backend.log_max_size":          {"1MiB", "c.toml:13"},
		"backend.log_keep":              {9, "c.toml:14"},
		"create.agent_timeout":          {"1m30s", "c.toml:16"},
		"create.setup_timeout":          {"1h", "c.toml:17"},
	} {
		if v := got[key]; v.Value != want[0] || v.Origin != want[1] {
			t.Errorf("%s = %#v from %s, want %v", key, v.Value, v.Origin, want)
		}
		if one, err := c.Value(key, getenv); err != nil || one.Value != want[0] || one.Origin != want[1] {
			t.Errorf("Value(%s) = %+v, %v", key, one, err)
		}
	}
	if v := got["agents.mine.command"].Value.([]string); !slices.Equal(v, []string{"my agent", "--acp"}) {
		t.Errorf("command = %q", v)
	}
	if v, err := c.Value("repos.unknown.base", getenv); err != nil || v.Value != "" || v.Origin != "default" {
		t.Errorf("a repo that the file does not know: %+v, %v", v, err)
	}
	for key, says := range map[string]string{"backend": "is a table", "agents.claude.env": "is a table", "agentt": `did you mean "agent"`, "": "is no key"} {
		if _, err := c.Value(key, getenv); !api.IsCode(err, api.CodeInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("Value(%q) = %v", key, err)
		}
	}
}

func TestSecretsAreMarked(t *testing.T) {
	c, _, err := Parse("f", []byte("[agents.a.env]\nX_TOKEN = 'abc'\nY_TOKEN = '$Y'\nHTTP_PROXY = 'http://u:p@h'\nREGION = 'eu'\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"X_TOKEN": true, "Y_TOKEN": false, "HTTP_PROXY": true, "REGION": false} {
		if v, err := c.Value("agents.a.env."+name, func(string) string { return "" }); err != nil || v.Secret != want {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

// The beginning for a new file is valid, changes nothing, and goes on being so
// when its comment signs are taken away.
func TestTemplate(t *testing.T) {
	text := string(Template())
	c, warnings, err := Parse("f", []byte(text))
	if err != nil || len(warnings) > 0 || len(c.lines) > 0 {
		t.Fatalf("%v, %v, %v", err, warnings, c.lines)
	}
	_, body, _ := strings.Cut(text, "\n\n")
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\n# ", "\n"), "# ", "")
	c, _, err = Parse("f", []byte(body))
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	if c.Backend != Default().Backend || c.Create != Default().Create || c.Permission != Default().Permission {
		t.Errorf("%+v", c)
	}
}

// The README shows every key, and nothing that there is not.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## Configuration\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, example, _ := strings.Cut(section, "```toml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, _, err := Parse("README.md", []byte(example)); err != nil {
		t.Errorf("the example is wrong: %v", err)
	}
	known := map[string]bool{"workspace": true, "provider": true} // chosen by `hf workspace use` and --provider
	for _, k := range Keys() {
		key := k.Key
		name := key[strings.LastIndexByte(key, '.')+1:]
		if name == "NAME" || known[name] {
			continue
		}
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(section) {
			t.Errorf("the README does not say what %s is", key)
		}
	}
}

func TestShortForms(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0", time.Hour: "1h", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m", time.Hour + time.Second: "1h0m1s"} {
		if got := shortDuration(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0B", 70000: "70000B", 1 << 20: "1MiB", 3 << 30: "3GiB", 65 << 10: "65KiB"} {
		if got := shortSize(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}
