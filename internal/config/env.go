package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// basicEnv is what every task gets of its caller's variables. Of git's own
// only the identity is taken: a GIT_DIR or a date would be wrong elsewhere and
// later. Proxies are named one by one: SOMETHING_PROXY may be anything.
func basicEnv() []string {
	return []string{
		"PATH", "HOME", "SHELL", "USER", "LOGNAME", "TMPDIR", "XDG_*",
		"LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLORTERM", "TERM_PROGRAM",
		"SSH_AUTH_SOCK", "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_CONFIG_DIR", "HF_GIT_SPICE_BIN",
		"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
	}
}

// EnvPatterns returns the names of the variables that clients send with work,
// a trailing * standing for any end: those every task needs, those that the
// agents' configuration takes from the caller, and the extra ones.
func EnvPatterns(c Config, extra ...string) []string {
	more := slices.Clone(extra)
	for _, a := range c.Agents {
		for _, value := range a.Env {
			if name, ok := Reference(value); ok {
				more = append(more, name)
			}
		}
	}
	slices.Sort(more)
	out := basicEnv()
	for _, name := range more {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Reference returns the name of the caller's variable that a configured value
// stands for. Only a value that is all $NAME or ${NAME} is a reference.
func Reference(value string) (name string, ok bool) {
	name, ok = strings.CutPrefix(value, "$")
	if !ok {
		return "", false
	}
	if inner, braced := strings.CutPrefix(name, "{"); braced {
		if name, ok = strings.CutSuffix(inner, "}"); !ok {
			return "", false
		}
	}
	ok = name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0 && (name[0] < '0' || name[0] > '9')
	if !ok {
		return "", false
	}
	return name, true
}

// secretName matches a variable one of whose words means a secret.
var secretName = regexp.MustCompile(`(?i)(^|_)(\w*(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)|(\w*API)?KEYS?|PASS|PAT|COOKIE)(_|$)`)

// IsSecret reports whether a variable of that name holds a secret: its value
// is kept in memory and handed to processes, and written nowhere.
func IsSecret(name string) bool { return secretName.MatchString(name) }

// HoldsSecret also looks at the value: a proxy's address may have a password.
func HoldsSecret(name, value string) bool {
	if IsSecret(name) {
		return true
	}
	if !strings.Contains(value, "://") {
		return false
	}
	u, err := url.Parse(value)
	if err != nil {
		return strings.Contains(value, "@")
	}
	_, has := u.User.Password()
	return has
}
