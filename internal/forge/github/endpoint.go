package github

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// Endpoint is where a host answers.
type Endpoint struct {
	Host    string
	REST    *url.URL
	GraphQL *url.URL
	Web     *url.URL // where people and the device flow go
}

// Settings is what the user's configuration says of a host.
type Settings struct {
	API      string // the base of the REST API; "" = where GitHub has it
	Web      string // the base of its pages; "" = https://HOST
	ClientID string // of the OAuth app that people sign in to
}

// NewEndpoint returns where a host answers: github.com at api.github.com, a
// tenant of ghe.com at api.TENANT.ghe.com, an Enterprise server below /api.
func NewEndpoint(host string, s Settings) (Endpoint, error) {
	if !forge.ValidHost(host) {
		return Endpoint{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q is not the name of a host", host)}
	}
	e := Endpoint{Host: forge.CanonicalHost(host)}
	web := s.Web
	if web == "" {
		web = "https://" + e.Host
	}
	rest := s.API
	if rest == "" {
		rest = "https://" + e.Host + "/api/v3"
		if e.Host == forge.DefaultHost || strings.HasSuffix(e.Host, ".ghe.com") {
			rest = "https://api." + e.Host
		}
	}
	var err error
	if e.Web, err = base(web); err != nil {
		return Endpoint{}, err
	}
	if e.REST, err = base(rest); err != nil {
		return Endpoint{}, err
	}
	graphql := *e.REST
	if above, ok := strings.CutSuffix(graphql.Path, "/api/v3"); ok {
		graphql.Path = above + "/api"
	}
	e.GraphQL = graphql.JoinPath("graphql")
	return e, nil
}

// base reads the base of an API. A token goes over the network in the clear only
// to this very machine.
func base(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	bad := func(why string) error {
		return &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%q cannot be the address of an API: %s", address, why),
			Hint: `correct it in hf's configuration: [forge."HOST"] api = "https://…"`,
		}
	}
	switch {
	case err != nil:
		return nil, bad("it is no URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return nil, bad("it has more in it than a host and a path")
	case !forge.ValidHost(u.Host):
		return nil, bad("it has no host")
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		if u.Path == "" {
			u.Path = "/" // for JoinPath
		}
		return u, nil
	case u.Scheme == "http":
		return nil, bad("http is only for this machine, since a token would go over the network in the clear")
	}
	return nil, bad("https is needed")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sameOrigin reports whether two addresses are of one server.
func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" || u.Scheme == "" {
			return p
		}
		return map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}
