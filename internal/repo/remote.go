package repo

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/hf-dev/hf/pkg/api"
)

// remoteURL is an address of a repository, taken apart.
type remoteURL struct {
	scheme   string // https, http, ssh, git, file
	user     string // ssh only
	host     string // lower case, without a default port
	path     string // without slashes at its ends
	relative bool   // scp form: the path starts at the user's home
}

// NormalizeRemote returns the one spelling hf keeps of a remote's address: it
// can be cloned from, and holds no password. It takes URLs (https, http, ssh,
// git, file), the scp form, OWNER/NAME for GitHub and HOST/OWNER/NAME. Addresses
// that make git run a program are refused. RemoteKey tells whether two of them
// name the same repository.
func NormalizeRemote(spec string) (string, error) {
	u, err := parseRemote(spec)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// RemoteKey is equal for every spelling of the address of one repository,
// whatever the protocol. It returns "" for what NormalizeRemote refuses.
func RemoteKey(spec string) string {
	u, err := parseRemote(spec)
	if err != nil {
		return ""
	}
	key := u.host + "/" + strings.TrimSuffix(u.path, ".git")
	if u.host == "github.com" {
		key = strings.ToLower(key)
	}
	if u.relative && u.user != "git" && u.user != "" {
		key = u.user + "@" + key // another home, another repository
	}
	return key
}

func (u remoteURL) String() string {
	path := u.path
	if slices.Contains([]string{"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"}, u.host) {
		path = strings.TrimSuffix(path, ".git")
	}
	at := u.host
	if u.user != "" {
		at = u.user + "@" + at
	}
	if u.relative {
		return at + ":" + path
	}
	return u.scheme + "://" + at + "/" + path
}

// name is what the repository is called by itself.
func (u remoteURL) name() string {
	return strings.TrimSuffix(u.path[strings.LastIndexByte(u.path, '/')+1:], ".git")
}

// owner is the part of the path before the name, or the host.
func (u remoteURL) owner() string {
	parts := strings.Split(u.path, "/")
	if len(parts) < 2 {
		return u.host
	}
	return parts[len(parts)-2]
}

func badRemote(spec, why string) error {
	return &api.Error{
		Code: api.CodeInvalid, Message: fmt.Sprintf("%q is not the address of a repository: %s", spec, why),
		Hint: "give a directory, https://HOST/OWNER/NAME, git@HOST:OWNER/NAME or OWNER/NAME; `hf repo list` shows the repos that go by their name",
	}
}

func parseRemote(spec string) (remoteURL, error) {
	scheme, _, isURL := strings.Cut(spec, "://")
	switch {
	case spec == "":
		return remoteURL{}, badRemote(spec, "it is empty")
	case len(spec) > 2000:
		return remoteURL{}, badRemote(spec[:40]+"…", "it is too long")
	case spec[0] == '-':
		return remoteURL{}, badRemote(spec, "it begins with '-'")
	case strings.ContainsFunc(spec, func(c rune) bool {
		return unicode.IsControl(c) || unicode.IsSpace(c) || !unicode.IsGraphic(c) || c == '\\' || c == unicode.ReplacementChar
	}):
		return remoteURL{}, badRemote(strings.ToValidUTF8(withoutPassword(spec), "?"), "it has a space, a backslash or a control character in it")
	case strings.Contains(spec, "::"):
		if !isURL || !strings.Contains(spec, "[") {
			return remoteURL{}, badRemote(withoutPassword(spec), "hf does not run the programs that such an address names")
		}
	}
	var u remoteURL
	var err error
	if isURL {
		u, err = parseURL(spec, strings.ToLower(scheme))
	} else {
		u, err = parseShort(spec)
	}
	if err != nil {
		return remoteURL{}, err
	}
	return u, u.check(spec)
}

// withoutPassword is for error messages.
func withoutPassword(spec string) string {
	return regexp.MustCompile(`//[^/@]*:[^/@]*@`).ReplaceAllString(spec, "//")
}

func parseURL(spec, scheme string) (remoteURL, error) {
	scheme = strings.TrimSuffix(strings.TrimPrefix(scheme, "git+"), "+git")
	ports := map[string]string{"https": "443", "http": "80", "ssh": "22", "git": "9418", "file": ""}
	if _, ok := ports[scheme]; !ok {
		return remoteURL{}, badRemote(withoutPassword(spec), "hf does not know this protocol")
	}
	p, err := url.Parse(spec)
	if err != nil {
		return remoteURL{}, badRemote(withoutPassword(spec), "it is not a URL")
	}
	if p.RawQuery != "" || p.Fragment != "" || p.ForceQuery || p.Opaque != "" || strings.HasSuffix(spec, "#") {
		return remoteURL{}, badRemote(withoutPassword(spec), "it has '?' or '#' in it")
	}
	if strings.ContainsFunc(p.Path, unicode.IsControl) || strings.ContainsAny(p.Path, "\\\"'`$;|&<>") || slices.Contains(strings.Split(p.Path, "/"), "..") {
		return remoteURL{}, badRemote(withoutPassword(spec), "it has a character in its path that no repository has")
	}
	u := remoteURL{scheme: scheme, host: strings.ToLower(p.Hostname()), path: p.EscapedPath()}
	if strings.Contains(u.host, ":") {
		u.host = "[" + u.host + "]"
	}
	if port := p.Port(); port != "" && port != ports[scheme] {
		u.host += ":" + port
	}
	if scheme == "ssh" {
		u.user = p.User.Username()
	}
	return u, nil
}

// parseShort reads the scp form and the forms without a protocol.
func parseShort(spec string) (remoteURL, error) {
	if strings.Contains(spec, "%") {
		return remoteURL{}, badRemote(spec, "only a URL has '%' in it")
	}
	at, path, scp := strings.Cut(spec, ":")
	if scp && !strings.Contains(at, "/") {
		user, host, hasUser := strings.Cut(at, "@")
		if !hasUser {
			user, host = "", at
		}
		u := remoteURL{scheme: "ssh", user: user, host: strings.ToLower(host), path: path}
		u.relative = !strings.HasPrefix(path, "/")
		return u, nil
	}
	parts := strings.Split(strings.Trim(spec, "/"), "/")
	switch {
	case strings.HasPrefix(spec, "/"), strings.HasPrefix(spec, "."), strings.HasPrefix(spec, "~"), scp:
		return remoteURL{}, badRemote(spec, "it is a path")
	case len(parts) == 2:
		return remoteURL{scheme: "https", host: "github.com", path: spec}, nil
	case len(parts) > 2 && strings.Contains(parts[0], "."):
		return remoteURL{scheme: "https", host: strings.ToLower(parts[0]), path: strings.Join(parts[1:], "/")}, nil
	}
	return remoteURL{}, badRemote(spec, "it names neither a host nor an owner")
}

// check tidies the path and refuses what git, ssh or a shell could take for
// something else.
func (u *remoteURL) check(spec string) error {
	shown := withoutPassword(spec)
	u.path = strings.Trim(u.path, "/")
	for strings.Contains(u.path, "//") {
		u.path = strings.ReplaceAll(u.path, "//", "/")
	}
	host, port, err := net.SplitHostPort(u.host)
	if err != nil {
		host, port = u.host, ""
	}
	hostOK := regexp.MustCompile(`^([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]|[0-9a-f:.]*:[0-9a-f:.]*)$`)
	switch {
	case u.scheme == "file" && u.host != "":
		return badRemote(shown, "a file is on this machine")
	case u.scheme != "file" && !hostOK.MatchString(host):
		return badRemote(shown, "its host is not one")
	case port != "" && !regexp.MustCompile(`^[0-9]{1,5}$`).MatchString(port):
		return badRemote(shown, "its port is not a number")
	case u.user != "" && !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`).MatchString(u.user):
		return badRemote(shown, "its user is not one")
	case u.path == "" || u.name() == "":
		return badRemote(shown, "it names no repository")
	}
	for part := range strings.SplitSeq(u.path, "/") {
		if part == "." || part == ".." || part[0] == '-' || part == ".git" {
			return badRemote(shown, fmt.Sprintf("it has %q in its path", part))
		}
		if strings.ContainsAny(part, "?#*[]{}|<>\"'`^;&$()!@:") && u.scheme != "file" {
			return badRemote(shown, "it has a character in its path that no repository has")
		}
	}
	if u.host == "github.com" && strings.Count(u.path, "/") != 1 {
		return badRemote(shown, "a repository on GitHub is OWNER/NAME")
	}
	return nil
}
