package forge

import (
	"net"
	"net/url"
	"regexp"
	"strings"
)

// Repository names a repository on a forge.
type Repository struct {
	Host  string // as in the address of its web pages: github.com, or HOST or HOST:PORT of an Enterprise server
	Owner string
	Name  string
}

// FullName is OWNER/NAME.
func (r Repository) FullName() string { return r.Owner + "/" + r.Name }

// String is HOST/OWNER/NAME.
func (r Repository) String() string { return r.Host + "/" + r.FullName() }

// URL is the address of its web page.
func (r Repository) URL() string { return "https://" + r.String() }

// IsZero reports whether it names nothing.
func (r Repository) IsZero() bool { return r == Repository{} }

// Same reports whether both are one repository. Forges do not tell the cases of
// letters apart.
func (r Repository) Same(o Repository) bool { return strings.EqualFold(r.String(), o.String()) }

// DefaultHost is the forge of addresses that name none.
const DefaultHost = "github.com"

// ParseRemote returns the repository that the address of a git remote names. It
// takes URLs (https, http, ssh, git) and the scp form; OWNER/NAME is a directory
// to git. The name of an address says nothing of what answers there: isHost
// decides which hosts are forges. What is none is not ok.
//
// A port of ssh or git is that of another service, and left out; one of https
// or http is a part of the host, as it is for git.
func ParseRemote(address string, isHost func(host string) bool) (r Repository, ok bool) {
	host, path := splitRemote(strings.TrimSpace(address))
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	owner, name, found := strings.Cut(path, "/")
	if !found || !ValidName(owner) || !ValidName(name) || host == "" {
		return Repository{}, false
	}
	r = Repository{Host: CanonicalHost(host), Owner: owner, Name: name}
	return r, isHost(r.Host)
}

// CanonicalHost is the one spelling of a host: without "www." and "ssh.", which
// github.com has, and in lower case.
func CanonicalHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch host {
	case "www.github.com", "ssh.github.com", "api.github.com":
		return DefaultHost
	}
	return host
}

// ValidHost reports whether a text can be the name of a host, with a port or
// without.
func ValidHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	if port != "" && !regexp.MustCompile(`^[0-9]{1,5}$`).MatchString(port) {
		return false
	}
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return true
	}
	return len(name) < 254 && regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`).MatchString(name)
}

// ValidName reports whether an owner or a repository can be called that. Two
// dots would be another path of the API.
func ValidName(s string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`).MatchString(s) && s != "." && s != ".."
}

// splitRemote takes an address apart, without judging it.
func splitRemote(address string) (host, path string) {
	scheme, _, isURL := strings.Cut(address, "://")
	if isURL {
		u, err := url.Parse(address)
		if err != nil || u.Opaque != "" {
			return "", ""
		}
		scheme = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(scheme), "git+"), "+git")
		switch scheme {
		case "https", "http":
			if p := u.Port(); p == "" || scheme == "https" && p == "443" || scheme == "http" && p == "80" {
				return u.Hostname(), u.Path
			}
			return u.Host, u.Path
		case "ssh", "git":
			return u.Hostname(), u.Path
		}
		return "", ""
	}
	if at, path, scp := strings.Cut(address, ":"); scp && !strings.ContainsAny(at, "/\\") {
		_, host, named := strings.Cut(at, "@")
		if !named {
			host = at
		}
		return host, path
	}
	return "", ""
}
