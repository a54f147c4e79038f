package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// keys is everything a file may hold, by table. It is the only list of it.
func keys(c *Config) map[string]setter {
	return map[string]setter{
		"workspace":   pattern(&c.Workspace, regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`), "1 to 64 letters, digits, dots, dashes and underscores"),
		"agent":       text(&c.Agent),
		"permission":  permission(&c.Permission),
		"provider":    text(&c.Provider),
		"quiet_after": duration(&c.QuietAfter),
		"editor":      text(&c.Editor),
		"detach_key":  pattern(&c.DetachKey, regexp.MustCompile(`^ctrl\+[a-gkln-z\]\\^_]$`), `a key such as "ctrl+q" or "ctrl+]"`),
		"backend": table(map[string]setter{
			"idle_exit":    duration(&c.Backend.IdleExit),
			"log_max_size": size(&c.Backend.LogMaxSize),
			"log_keep":     count(&c.Backend.LogKeep, 100),
			"journal_max":  size(&c.Backend.JournalMax),
		}),
		"backup": table(map[string]setter{
			"every": duration(&c.Backup.Every),
			"keep":  duration(&c.Backup.Keep),
		}),
		"create": table(map[string]setter{
			"base":          text(&c.Create.Base),
			"agent_timeout": duration(&c.Create.AgentTimeout),
			"setup_timeout": duration(&c.Create.SetupTimeout),
			"check_timeout": duration(&c.Create.CheckTimeout),
			"fetch_timeout": duration(&c.Create.FetchTimeout),
		}),
		"prune": table(map[string]setter{
			"saved": duration(&c.Prune.Saved),
			"trash": duration(&c.Prune.Trash),
		}),
		"merge": table(map[string]setter{
			"method":               method(&c.Merge.Method),
			"delete_remote_branch": flag(&c.Merge.DeleteRemoteBranch),
		}),
		"auto_fix": table(map[string]setter{
			"ci":        flag(&c.AutoFix.Ci),
			"reviews":   flag(&c.AutoFix.Reviews),
			"conflicts": flag(&c.AutoFix.Conflicts),
			"rounds":    count(&c.AutoFix.Rounds, 20),
			"push":      flag(&c.AutoFix.Push),
		}),
		"pull_request": table(map[string]setter{
			"draft": flag(&c.PullRequest.Draft),
			"poll":  duration(&c.PullRequest.Poll),
		}),
		"stack": table(map[string]setter{
			"auto_restack": choice(&c.Stack.AutoRestack, RestackOff, RestackIdle),
		}),
		"tmux": table(map[string]setter{
			"window": flag(&c.Tmux.Window),
		}),
		"tui": table(map[string]setter{
			"theme":          text(&c.TUI.Theme),
			"themes":         named("a theme", c.TUI.Themes, themeKeys),
			"colors":         colors(&c.TUI.Colors),
			"unicode":        oneOf(&c.TUI.Unicode, "auto", "always", "never"),
			"mouse":          flag(&c.TUI.Mouse),
			"type_to_filter": flag(&c.TUI.TypeToFilter),
			"notify":         oneOf(&c.TUI.Notify, "none", "bell", "desktop"),
		}),
		"keys":   keysOfActions(c.Keys),
		"agents": named("an agent", c.Agents, agentKeys),
		"repos":  named("a repo", c.Repos, repoKeys),
		"forge":  hosts(c.Forge, forgeKeys),
	}
}

func agentKeys(a *Agent) map[string]setter {
	return map[string]setter{
		"command":     command(&a.Command),
		"terminal":    command(&a.Terminal),
		"env":         variables(&a.Env),
		"mode":        text(&a.Mode),
		"permission":  permission(&a.Permission),
		"model":       text(&a.Model),
		"quiet_after": optional(&a.QuietAfter, duration),
	}
}

func repoKeys(r *Repo) map[string]setter {
	return map[string]setter{
		"agent":      text(&r.Agent),
		"base":       text(&r.Base),
		"permission": permission(&r.Permission),
	}
}

func themeKeys(t *Theme) map[string]setter {
	return map[string]setter{
		"base":   oneOf(&t.Base, Themes()...),
		"colors": colors(&t.Colors),
	}
}

func forgeKeys(f *Forge) map[string]setter {
	return map[string]setter{
		"api":       address(&f.API),
		"web":       address(&f.Web),
		"client_id": text(&f.ClientID),
	}
}

// setter takes the value that a file has at a key. Its errors are *keyError.
type setter func(key []string, value any) error

// keyError is what is wrong at a key of the file.
type keyError struct {
	key  []string
	text string
}

func (e *keyError) Error() string { return e.text }

func wrong(key []string, format string, args ...any) error {
	return &keyError{slices.Clone(key), join(key...) + ": " + fmt.Sprintf(format, args...)}
}

// kind names a value's type for a person.
func kind(value any) string {
	switch value.(type) {
	case string:
		return "a text"
	case int64:
		return "a number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}

// table takes a table with exactly these keys. It reports all that is wrong.
func table(known map[string]setter) setter {
	return func(key []string, value any) error {
		values, ok := value.(map[string]any)
		if !ok {
			return wrong(key, "a table is needed, not %s", kind(value))
		}
		var errs []error
		for name, v := range values {
			at := append(slices.Clone(key), name)
			if set, ok := known[name]; ok {
				errs = append(errs, set(at, v))
				continue
			}
			errs = append(errs, &keyError{at, fmt.Sprintf("unknown key %q%s", join(at...), suggest(name, slices.Sorted(maps.Keys(known))))})
		}
		return errors.Join(errs...)
	}
}

// named takes a table of tables, one for each thing of a kind.
func named[T any](thing string, into map[string]T, keys func(*T) map[string]setter) setter {
	name := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	same := func(name string) string { return name }
	return each(name, same, thing+"'s name is letters, digits, dots, dashes and underscores", into, keys)
}

// hosts takes a table of tables by the name of a host, with a port or without.
func hosts[T any](into map[string]T, keys func(*T) map[string]setter) setter {
	name := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$`)
	return each(name, strings.ToLower, `a host's name is letters, digits, dots and dashes, without https://`, into, keys)
}

func each[T any](name *regexp.Regexp, fold func(string) string, means string, into map[string]T, keys func(*T) map[string]setter) setter {
	return func(key []string, value any) error {
		values, ok := value.(map[string]any)
		if !ok {
			return wrong(key, "a table for each is needed, such as [%s.NAME], not %s", join(key...), kind(value))
		}
		var errs []error
		for n, v := range values {
			at := append(slices.Clone(key), n)
			if !name.MatchString(n) {
				errs = append(errs, wrong(at, "%s", means))
				continue
			}
			var one T
			errs = append(errs, table(keys(&one))(at, v))
			into[fold(n)] = one
		}
		return errors.Join(errs...)
	}
}

func text(into *string) setter {
	return func(key []string, value any) error {
		s, ok := value.(string)
		switch {
		case !ok:
			return wrong(key, "a text in quotes is needed, not %s", kind(value))
		case s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return wrong(key, "%q has blanks around it or control characters in it", s)
		}
		*into = s
		return nil
	}
}

func pattern(into *string, re *regexp.Regexp, means string) setter {
	return func(key []string, value any) error {
		var s string
		if err := text(&s)(key, value); err != nil {
			return err
		}
		if !re.MatchString(s) {
			return wrong(key, "%q is not %s", s, means)
		}
		*into = s
		return nil
	}
}

// address takes the base of an API. A token goes there, so it is encrypted
// unless it stays on this machine.
func address(into *string) setter {
	return func(key []string, value any) error {
		var s string
		if err := text(&s)(key, value); err != nil || s == "" {
			return err
		}
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return wrong(key, "%q is no address such as https://HOST/PATH", s)
		case u.Scheme == "https" || u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname()):
			*into = s
			return nil
		}
		return wrong(key, "%q must begin with https://: a token is sent there (http:// is for this machine only)", s)
	}
}

func permission(into *api.Permission) setter {
	known := []api.Permission{api.PermissionAsk, api.PermissionEdits, api.PermissionAll}
	return func(key []string, value any) error {
		s, ok := value.(string)
		if p := api.Permission(s); ok && slices.Contains(known, p) {
			*into = p
			return nil
		}
		return wrong(key, `one of "ask", "edits" and "all" is needed`)
	}
}

// choice takes one of some words.
func choice(into *string, words ...string) setter {
	return func(key []string, value any) error {
		s, ok := value.(string)
		if ok && slices.Contains(words, s) {
			*into = s
			return nil
		}
		return wrong(key, "one of %q is needed", words)
	}
}

func method(into *api.MergeMethod) setter {
	known := []api.MergeMethod{"", api.MergeSquash, api.MergeRebase, api.MergeCommit}
	return func(key []string, value any) error {
		s, ok := value.(string)
		if m := api.MergeMethod(s); ok && slices.Contains(known, m) {
			*into = m
			return nil
		}
		return wrong(key, `one of "squash", "rebase" and "merge" is needed`)
	}
}

func flag(into *bool) setter {
	return func(key []string, value any) error {
		on, ok := value.(bool)
		if !ok {
			return wrong(key, "true or false is needed, not %s", kind(value))
		}
		*into = on
		return nil
	}
}

func duration(into *time.Duration) setter {
	return func(key []string, value any) error {
		d, ok := time.Duration(0), value == int64(0)
		if s, isText := value.(string); isText {
			parsed, err := time.ParseDuration(s)
			d, ok = parsed, err == nil && parsed >= 0
		}
		if !ok {
			return wrong(key, `a duration such as "90s", "30m" or "1h30m" is needed, or 0`)
		}
		*into = d
		return nil
	}
}

// optional takes what set takes, and leaves nil where the file says nothing.
func optional[T any](into **T, set func(*T) setter) setter {
	return func(key []string, value any) error {
		var v T
		err := set(&v)(key, value)
		*into = &v
		return err
	}
}

// size takes bytes, as a number or as a text with a unit.
func size(into *int64) setter {
	units := []struct {
		suffix string
		bytes  int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}
	return func(key []string, value any) error {
		n, ok := value.(int64)
		if s, isText := value.(string); isText {
			for _, u := range units {
				digits, found := strings.CutSuffix(s, u.suffix)
				if !found {
					continue
				}
				v, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
				ok = err == nil && v <= math.MaxInt64/u.bytes
				n = v * u.bytes
				break
			}
		}
		if !ok || n < 64<<10 {
			return wrong(key, `a size of at least "64KiB" is needed, such as "10MiB"`)
		}
		*into = n
		return nil
	}
}

func count(into *int, most int64) setter {
	return func(key []string, value any) error {
		n, ok := value.(int64)
		if !ok || n < 0 || n > most {
			return wrong(key, "a number from 0 to %d is needed", most)
		}
		*into = int(n)
		return nil
	}
}

// command takes a list of words, or a text of words between blanks. Quotes are
// refused there instead of guessing at a shell's rules.
func command(into *[]string) setter {
	return func(key []string, value any) error {
		var words []string
		switch v := value.(type) {
		case string:
			if strings.ContainsAny(v, `"'\$`+"`") {
				return wrong(key, `a command with quotes or a $ in it must be a list: ["program", "argument"]`)
			}
			words = strings.Fields(v)
		case []any:
			for _, w := range v {
				s, ok := w.(string)
				if !ok {
					return wrong(key, "a list of texts is needed, and there is %s in it", kind(w))
				}
				words = append(words, s)
			}
		default:
			return wrong(key, `a list such as ["program", "argument"] is needed, not %s`, kind(value))
		}
		if len(words) == 0 || words[0] == "" || slices.ContainsFunc(words, func(w string) bool { return strings.ContainsRune(w, 0) }) {
			return wrong(key, "a command needs a program")
		}
		*into = words
		return nil
	}
}

func variables(into *map[string]string) setter {
	name := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	return func(key []string, value any) error {
		values, ok := value.(map[string]any)
		if !ok {
			return wrong(key, `a table such as { NAME = "value" } is needed, not %s`, kind(value))
		}
		var errs []error
		env := make(map[string]string, len(values))
		for n, v := range values {
			at := append(slices.Clone(key), n)
			s, ok := v.(string)
			switch {
			case !name.MatchString(n):
				errs = append(errs, wrong(at, "an environment variable cannot be called that"))
			case strings.HasPrefix(n, "HF_"):
				errs = append(errs, wrong(at, "variables that begin with HF_ are hf's own"))
			case !ok:
				errs = append(errs, wrong(at, "a text in quotes is needed, not %s", kind(v)))
			case strings.ContainsRune(s, 0):
				errs = append(errs, wrong(at, "a variable cannot hold a zero byte"))
			}
			env[n] = s
		}
		*into = env
		return errors.Join(errs...)
	}
}
