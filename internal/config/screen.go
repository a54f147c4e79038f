package config

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// oneOf takes one of a few words.
func oneOf(into *string, words ...string) setter {
	return func(key []string, value any) error {
		if s, ok := value.(string); ok && slices.Contains(words, s) {
			*into = s
			return nil
		}
		return wrong(key, `one of "%s" is needed`, strings.Join(words, `", "`))
	}
}

// colors takes colours by their names. Which names there are is the screen's to
// know.
func colors(into *map[string]string) setter {
	names := regexp.MustCompile(`^[a-zA-Z.]+$`)
	color := regexp.MustCompile(`^(#[0-9a-fA-F]{6}|[0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])$`)
	return func(key []string, value any) error {
		values, ok := value.(map[string]any)
		if !ok {
			return wrong(key, `a table such as { accent = "#7aa2f7" } is needed, not %s`, kind(value))
		}
		if *into == nil {
			*into = map[string]string{}
		}
		var errs []error
		for name, v := range values {
			if !names.MatchString(name) {
				errs = append(errs, wrong(append(slices.Clone(key), name), "a colour's name is letters"))
				continue
			}
			s, ok := v.(string)
			if !ok || !color.MatchString(s) {
				errs = append(errs, wrong(append(slices.Clone(key), name), `a colour such as "#7aa2f7" or "111" is needed`))
			}
			(*into)[name] = s
		}
		return errors.Join(errs...)
	}
}

// checkThemes refuses a theme that there is not, and one of the person's own that
// goes by the name of one that hf has.
func checkThemes(t *TUI) error {
	own := slices.Sorted(maps.Keys(t.Themes))
	for _, name := range own {
		if slices.Contains(Themes(), name) {
			return wrong([]string{"tui", "themes", name}, "hf has a theme of that name; call yours otherwise")
		}
	}
	names := append(Themes(), own...)
	if slices.Contains(names, t.Theme) {
		return nil
	}
	return wrong([]string{"tui", "theme"}, "there is no theme %q; the themes are %s", t.Theme, strings.Join(names, ", "))
}

// keysOfActions takes a key, or a list of keys, for each action. Which actions
// there are is the screen's to know.
func keysOfActions(into map[string][]string) setter {
	names := regexp.MustCompile(`^[a-zA-Z.]+$`)
	return func(key []string, value any) error {
		values, ok := value.(map[string]any)
		if !ok {
			return wrong(key, `a table such as { approve = ["a", "y"] } is needed, not %s`, kind(value))
		}
		var errs []error
		for name, v := range values {
			at := append(slices.Clone(key), name)
			if !names.MatchString(name) {
				errs = append(errs, wrong(at, "an action's name is letters and dots"))
				continue
			}
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			keys := make([]string, 0, len(list))
			for _, k := range list {
				s, ok := k.(string)
				if !ok || s == "" {
					errs = append(errs, wrong(at, `a key such as "a" or "ctrl+a" is needed, or a list of them`))
					continue
				}
				keys = append(keys, s)
			}
			into[name] = keys
		}
		return errors.Join(errs...)
	}
}
