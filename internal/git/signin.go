package git

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// withoutUser is an address as it may be shown and passed on: who signs in, and
// with what, is nobody's business. A name alone signs nobody in by ssh.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil || u.Host == "" {
		return address
	}
	if _, secret := u.User.Password(); !secret && !isHTTP(u) {
		return address
	}
	u.User = nil
	return u.String()
}

func isHTTP(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// signIns are users that stand in the addresses of remotes. Git passes an
// address on as an argument of another program, where everybody on the machine
// can read it. So it gets the address without the user, and asks for that as it
// asks a credential helper.
type signIns []*url.URL

// take returns an address without its user and keeps that.
func (s *signIns) take(address string) string {
	clean := withoutUser(address)
	if clean != address {
		if u, err := url.Parse(address); err == nil && isHTTP(u) {
			*s = append(*s, u)
		}
	}
	return clean
}

// with adds a login. The password of an address goes before it: whoever wrote
// that there meant it. Without encryption a login goes to this machine only.
func (s signIns) with(l *Login) signIns {
	if l == nil {
		return s
	}
	out := slices.Clone(s)
	for _, scheme := range []string{"https", "http"} {
		u := &url.URL{Scheme: scheme, Host: l.Host, User: url.UserPassword(l.User, l.Password)}
		named := slices.ContainsFunc(s, func(have *url.URL) bool {
			_, secret := have.User.Password()
			return secret && have.Scheme == scheme && have.Host == l.Host
		})
		if !named && (scheme == "https" || isLoopback(u.Hostname())) {
			out = append(out, u)
		}
	}
	return out
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// env gives the users to git, in the environment, which only the user can read.
func (s signIns) env() []string {
	var env []string
	n := 0
	set := func(key, value string) {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, value))
		n++
	}
	for i, u := range s {
		at := "credential." + u.Scheme + "://" + u.Host
		password, ok := u.User.Password()
		if !ok { // whoever knows the password is asked for this user's
			set(at+".username", oneLine(u.User.Username()))
			continue
		}
		env = append(env,
			fmt.Sprintf("HF_REMOTE_USER_%d=%s", i, oneLine(u.User.Username())),
			fmt.Sprintf("HF_REMOTE_PASSWORD_%d=%s", i, oneLine(password)))
		set(at+".helper", "") // forgets the others
		set(at+".helper", fmt.Sprintf(`!f() { if [ "$1" = get ]; then echo "username=$HF_REMOTE_USER_%d"; echo "password=$HF_REMOTE_PASSWORD_%d"; fi; }; f`, i, i))
	}
	if n > 0 {
		env = append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
	}
	return env
}

// oneLine keeps a value from being more than one answer of a helper.
func oneLine(s string) string {
	s, _, _ = strings.Cut(strings.ReplaceAll(s, "\r", "\n"), "\n")
	return strings.ReplaceAll(s, "\x00", "")
}
