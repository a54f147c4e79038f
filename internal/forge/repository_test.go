package forge_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

func TestParseRemote(t *testing.T) {
	t.Parallel()
	isHost := func(host string) bool { return host == "github.com" || host == "ghe.corp" || host == "ghe.corp:8443" }
	for address, want := range map[string]string{
		"https://github.com/acme/demo.git":               "github.com/acme/demo",
		"https://github.com/acme/demo":                   "github.com/acme/demo",
		"https://github.com/acme/demo/":                  "github.com/acme/demo",
		"https://GitHub.com/Acme/Demo.git":               "github.com/Acme/Demo",
		"https://www.github.com/acme/demo":               "github.com/acme/demo",
		"https://user:secret@github.com/acme/demo.git":   "github.com/acme/demo",
		"https://github.com:443/acme/demo":               "github.com/acme/demo",
		"http://github.com/acme/demo":                    "github.com/acme/demo",
		"git@github.com:acme/demo.git":                   "github.com/acme/demo",
		"github.com:acme/demo.git":                       "github.com/acme/demo",
		"ssh://git@github.com/acme/demo.git":             "github.com/acme/demo",
		"ssh://git@ssh.github.com:443/acme/demo.git":     "github.com/acme/demo",
		"git+ssh://git@github.com/acme/demo.git":         "github.com/acme/demo",
		"git://github.com/acme/demo.git":                 "github.com/acme/demo",
		"git@ghe.corp:team/tool":                         "ghe.corp/team/tool",
		"ssh://git@ghe.corp:2222/team/tool.git":          "ghe.corp/team/tool",
		"https://ghe.corp:8443/team/tool.git":            "ghe.corp:8443/team/tool",
		"github.com/acme/demo":                           "",
		"acme/demo":                                      "",
		"https://github.com/acme/demo.js":                "github.com/acme/demo.js",
		"https://gitlab.com/acme/demo.git":               "",
		"git@gitlab.com:acme/demo.git":                   "",
		"https://github.com.evil.example/acme/demo.git":  "",
		"https://evil.example/github.com/acme/demo":      "",
		"https://github.com@evil.example/acme/demo.git":  "",
		"https://github.com/acme":                        "",
		"https://github.com/acme/demo/tree/main":         "",
		"https://github.com/acme/..":                     "",
		"https://github.com/../demo":                     "",
		"https://github.com/acme/de%20mo":                "",
		"https://github.com/acme/demo?x=1&owner=/other":  "github.com/acme/demo",
		"file:///srv/github.com/acme/demo.git":           "",
		"/srv/git/acme/demo.git":                         "",
		"./acme":                                         "",
		"../acme/demo":                                   "",
		"./acme/demo":                                    "",
		"ext::sh -c whatever":                            "",
		"https://[::1/acme/demo":                         "",
		"":                                               "",
		"git@github.com:/acme/demo.git":                  "github.com/acme/demo",
		"git@github.com:acme/demo/more.git":              "",
		"https://ghe.corp:99999999/team/tool":            "",
		"C:\\repos\\acme\\demo":                          "",
		"https://github.com/acme/demo.git\nhttps://x/y/": "",
	} {
		r, ok := forge.ParseRemote(address, isHost)
		got := ""
		if ok {
			got = r.String()
		}
		if got != want {
			t.Errorf("ParseRemote(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzParseRemote(f *testing.F) {
	f.Add("git@github.com:acme/demo.git")
	f.Add("https://github.com:443/acme/demo")
	f.Fuzz(func(t *testing.T, address string) {
		r, ok := forge.ParseRemote(address, func(host string) bool { return host == forge.DefaultHost })
		if !ok {
			return
		}
		again, ok := forge.ParseRemote(r.URL(), func(string) bool { return true })
		if !ok || again != r {
			t.Errorf("%q is %v, and that is %v", address, r, again)
		}
	})
}

func TestValidHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"github.com": true, "ghe.corp:8443": true, "127.0.0.1:80": true, "[::1]:80": true, "localhost": true,
		"": false, "-x": false, "a b": false, "a/b": false, "a:b": false, "user@host": false, "a..b": false, "host:": true,
	} {
		if got := forge.ValidHost(host); got != want {
			t.Errorf("ValidHost(%q) = %v", host, got)
		}
	}
}

func TestRetryAt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	err := fmt.Errorf("look: %w", &forge.LimitError{Until: at, Err: &api.Error{Code: api.CodeLimit, Message: "too much"}})
	if got, ok := forge.RetryAt(err); !ok || !got.Equal(at) {
		t.Errorf("RetryAt = %v, %v", got, ok)
	}
	if !api.IsCode(err, api.CodeLimit) {
		t.Error("the code is lost")
	}
	if _, ok := forge.RetryAt(errors.New("other")); ok {
		t.Error("another error has a time")
	}
}
