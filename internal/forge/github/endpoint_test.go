package github_test

import (
	"testing"

	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/pkg/api"
)

func TestEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host               string
		settings           github.Settings
		rest, graphql, web string
	}{
		{"github.com", github.Settings{}, "https://api.github.com/", "https://api.github.com/graphql", "https://github.com/"},
		{"WWW.GitHub.com", github.Settings{}, "https://api.github.com/", "https://api.github.com/graphql", "https://github.com/"},
		{"acme.ghe.com", github.Settings{}, "https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql", "https://acme.ghe.com/"},
		{"ghe.corp", github.Settings{}, "https://ghe.corp/api/v3", "https://ghe.corp/api/graphql", "https://ghe.corp/"},
		{"ghe.corp:8443", github.Settings{}, "https://ghe.corp:8443/api/v3", "https://ghe.corp:8443/api/graphql", "https://ghe.corp:8443/"},
		{"github.com", github.Settings{API: "http://127.0.0.1:99/", Web: "http://127.0.0.1:99"}, "http://127.0.0.1:99/", "http://127.0.0.1:99/graphql", "http://127.0.0.1:99/"},
		{"ghe.corp", github.Settings{API: "https://proxy.corp/gh/api/v3/"}, "https://proxy.corp/gh/api/v3", "https://proxy.corp/gh/api/graphql", "https://ghe.corp/"},
	} {
		e, err := github.NewEndpoint(tt.host, tt.settings)
		if err != nil {
			t.Errorf("%s: %v", tt.host, err)
			continue
		}
		if e.REST.String() != tt.rest || e.GraphQL.String() != tt.graphql || e.Web.String() != tt.web {
			t.Errorf("%s: %v, %v, %v", tt.host, e.REST, e.GraphQL, e.Web)
		}
	}
	for _, bad := range []string{"http://evil.example", "ftp://x", "https://user@x", "https://", "x", "https://x?y", "http://127.0.0.1.evil.example"} {
		if _, err := github.NewEndpoint("github.com", github.Settings{API: bad}); !api.IsCode(err, api.CodeInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := github.NewEndpoint("a/b", github.Settings{}); !api.IsCode(err, api.CodeInvalid) {
		t.Errorf("a/b: %v", err)
	}
}
