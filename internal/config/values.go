package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/hf-dev/hf/pkg/api"
)

// A key of the file is the name of its field of Config in lower case, with
// underscores between words, or what the field's tag `key` says.

// Values returns every setting that holds, sorted by key: those of the file and
// the defaults. A variable that wins over the file is where getenv finds it.
func (c Config) Values(getenv func(string) string) []api.ConfigValue {
	var out []api.ConfigValue
	leaves(reflect.ValueOf(c), nil, func(key []string, v reflect.Value) {
		out = append(out, c.value(key, v, getenv))
	})
	slices.SortFunc(out, func(a, b api.ConfigValue) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// Value returns the setting of one key. A key that there cannot be is an
// *api.Error that suggests another.
func (c Config) Value(key string, getenv func(string) string) (api.ConfigValue, error) {
	parts, err := ParseKey(key)
	if err != nil {
		return api.ConfigValue{}, err
	}
	v, err := find(reflect.ValueOf(c), parts)
	if err != nil {
		return api.ConfigValue{}, err
	}
	if isTable(v.Type()) {
		return api.ConfigValue{}, tableError(key)
	}
	return c.value(parts, v, getenv), nil
}

func (c Config) value(key []string, v reflect.Value, getenv func(string) string) api.ConfigValue {
	name := join(key...)
	out := api.ConfigValue{Schema: api.Schema, Key: name, Value: plain(v), Origin: c.Origin(name)}
	if name == "workspace" && getenv("HF_WORKSPACE") != "" {
		out.Value, out.Origin = getenv("HF_WORKSPACE"), "HF_WORKSPACE"
	}
	if text, ok := out.Value.(string); ok && len(key) > 1 && key[len(key)-2] == "env" {
		_, reference := Reference(text)
		out.Secret = !reference && text != "" && HoldsSecret(key[len(key)-1], text)
	}
	return out
}

// Keys lists the keys that there can be. NAME stands for any agent, repo or
// variable.
func Keys() []api.ConfigKey {
	var out []api.ConfigKey
	var visit func(t reflect.Type, key []string)
	visit = func(t reflect.Type, key []string) {
		switch {
		case t.Kind() == reflect.Struct:
			for f := range t.Fields() {
				if f.IsExported() {
					visit(f.Type, append(slices.Clone(key), keyOf(f)))
				}
			}
		case t.Kind() == reflect.Map:
			visit(t.Elem(), append(slices.Clone(key), "NAME"))
		default:
			out = append(out, api.ConfigKey{Key: join(key...), Words: words(t)})
		}
	}
	visit(reflect.TypeFor[Config](), nil)
	slices.SortFunc(out, func(a, b api.ConfigKey) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// words are the values of a type that has few.
func words(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[bool]():
		return []string{"true", "false"}
	case reflect.TypeFor[api.Permission]():
		return []string{string(api.PermissionAsk), string(api.PermissionEdits), string(api.PermissionAll)}
	}
	return nil
}

// NeedsRestart reports whether a running hfd goes on with the value that a key
// had when it started.
func NeedsRestart(key string) bool { return strings.HasPrefix(key, "backend.") }

// leaves visits all that has a value.
func leaves(v reflect.Value, key []string, visit func(key []string, v reflect.Value)) {
	switch {
	case v.Kind() == reflect.Struct:
		for f, field := range v.Fields() {
			if f.IsExported() {
				leaves(field, append(slices.Clone(key), keyOf(f)), visit)
			}
		}
	case v.Kind() == reflect.Map:
		for it := v.MapRange(); it.Next(); {
			leaves(it.Value(), append(slices.Clone(key), it.Key().String()), visit)
		}
	default:
		visit(key, v)
	}
}

// find returns the field of a key. What the file does not have, such as an
// agent that nothing was said of, is the zero value of its type.
func find(v reflect.Value, key []string) (reflect.Value, error) {
	for i, name := range key {
		switch v.Kind() {
		case reflect.Struct:
			known := map[string]reflect.Value{}
			for f, field := range v.Fields() {
				if f.IsExported() {
					known[keyOf(f)] = field
				}
			}
			next, ok := known[name]
			if !ok {
				names := slices.Sorted(maps.Keys(known))
				return v, noKey(fmt.Sprintf("unknown key %q%s", join(key[:i+1]...), suggest(name, names)))
			}
			v = next
		case reflect.Map:
			next := v.MapIndex(reflect.ValueOf(name))
			if !next.IsValid() {
				next = reflect.Zero(v.Type().Elem())
			}
			v = next
		default:
			return v, noKey(fmt.Sprintf("unknown key %q: %s is no table", join(key...), join(key[:i]...)))
		}
	}
	return v, nil
}

// ParseKey takes a dotted key apart. Parts that are not bare are quoted, as in
// the file.
func ParseKey(key string) ([]string, error) {
	var p unstable.Parser
	p.Reset([]byte(key + " = 0"))
	var parts []string
	if !strings.ContainsAny(key, "=#\n\r") && p.NextExpression() && p.Expression().Kind == unstable.KeyValue {
		for it := p.Expression().Key(); it.Next(); {
			parts = append(parts, string(it.Node().Data))
		}
	}
	if len(parts) == 0 || p.NextExpression() || p.Error() != nil {
		return nil, noKey(fmt.Sprintf("%q is no key: one is like backend.idle_exit", key))
	}
	return parts, nil
}

func noKey(message string) error {
	return &api.Error{Code: api.CodeInvalid, Message: message, Hint: "`hf config list` shows the keys"}
}

func tableError(key string) error {
	return &api.Error{
		Code: api.CodeInvalid, Message: key + " is a table, not one setting",
		Hint: fmt.Sprintf("name one of its keys; `hf config list %s` shows them", key),
	}
}

func isTable(t reflect.Type) bool { return t.Kind() == reflect.Struct || t.Kind() == reflect.Map }

// keyOf is the key of a field.
func keyOf(f reflect.StructField) string {
	if name := f.Tag.Get("key"); name != "" {
		return name
	}
	var b strings.Builder
	for i, r := range f.Name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// plain is a value as JSON and a person get it.
func plain(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		return shortDuration(x)
	case int64:
		return shortSize(x)
	case []string:
		return slices.Clone(x)
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return v.Interface()
}

// shortDuration is a duration without the units that are zero.
func shortDuration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	s := d.String()
	if rest, ok := strings.CutSuffix(s, "m0s"); ok {
		s = rest + "m"
	}
	if rest, ok := strings.CutSuffix(s, "h0m"); ok {
		s = rest + "h"
	}
	return s
}

// shortSize is a size in the largest unit that loses nothing.
func shortSize(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// asAPI returns the *api.Error of a chain, or makes one.
func asAPI(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{Code: api.CodeInternal, Message: err.Error()}
}
