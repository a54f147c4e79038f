package repo_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/repo"
	"github.com/hf-dev/hf/pkg/api"
)

func TestNormalizeRemote(t *testing.T) {
	for spec, want := range map[string]string{
		"owner/name":                               "https://github.com/owner/name",
		"owner/name.git":                           "https://github.com/owner/name",
		"github.com/Owner/Name":                    "https://github.com/Owner/Name",
		"https://github.com/owner/name":            "https://github.com/owner/name",
		"https://GitHub.com/owner/name.git/":       "https://github.com/owner/name",
		"https://github.com:443/owner/name":        "https://github.com/owner/name",
		"HTTPS://github.com//owner///name":         "https://github.com/owner/name",
		"https://user:token@github.com/owner/name": "https://github.com/owner/name",
		"https://token@github.com/owner/name":      "https://github.com/owner/name",
		"git@github.com:owner/name.git":            "git@github.com:owner/name",
		"git@GITHUB.com:owner/name":                "git@github.com:owner/name",
		"github.com:owner/name":                    "github.com:owner/name",
		"ssh://git@github.com/owner/name.git":      "ssh://git@github.com/owner/name",
		"ssh://git@github.com:22/owner/name":       "ssh://git@github.com/owner/name",
		"ssh://git:pw@host.example:2222/a/b.git":   "ssh://git@host.example:2222/a/b.git",
		"git+ssh://git@host.example/a/b":           "ssh://git@host.example/a/b",
		"git://host.example/a.git":                 "git://host.example/a.git",
		"http://host.example:8080/a/b.git":         "http://host.example:8080/a/b.git",
		"https://gitlab.com/group/sub/name.git":    "https://gitlab.com/group/sub/name",
		"https://git.example.org/~user/name.git":   "https://git.example.org/~user/name.git",
		"alice@server:projects/x":                  "alice@server:projects/x",
		"server:/srv/x.git":                        "ssh://server/srv/x.git",
		"https://[::1]:8080/x":                     "https://[::1]:8080/x",
		"file:///srv/git/x.git":                    "file:///srv/git/x.git",
	} {
		got, err := repo.NormalizeRemote(spec)
		if err != nil || got != want {
			t.Errorf("NormalizeRemote(%q) = %q, %v; want %q", spec, got, err, want)
			continue
		}
		if again, err := repo.NormalizeRemote(got); err != nil || again != got {
			t.Errorf("%q becomes %q, %v", got, again, err)
		}
	}
}

func TestNormalizeRemoteRefuses(t *testing.T) {
	for _, spec := range []string{
		"", "name", "/path", "./owner/name", "../x", "~/x", "-x/y", "--upload-pack=x", "owner/-name", "-owner/name",
		"ext::sh -c true", "ext::x", "transport::address", "fd::17", "https::x", "ext://host/x", "ftp://host/x", "javascript://a/b",
		"https://", "https:///owner/name", "https://host", "https://host/", "https://-host/x", "ssh://-oProxyCommand=x/y",
		"ssh://-oProxyCommand@host/y", "-oProxyCommand=x:y", "git@-host:x", "git@host:-x", "git@host:", "git@:x", ":x", "a@b@c:x",
		"https://host/a b", "https://host/a\nb", "https://host/a\x00b", "https://host/a\u202eb", "https://host/a?b", "https://host/a#b", "https://host/a#",
		"https://host/../x", "https://host/a/./b", "https://host:port/x", "https://host:99999999/x", "https://host/$(id)", "https://host/`id`",
		"https://github.com/owner", "https://github.com/a/b/c", "owner/name/more", "owner/.git", "file://host/x", `C:\repo`, "host\\x:y",
		"https://user:secret-token@host/a b", strings.Repeat("a", 3000) + "/b", "\xff/\xfe",
	} {
		got, err := repo.NormalizeRemote(spec)
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Code != api.CodeInvalid || e.Hint == "" {
			t.Errorf("NormalizeRemote(%q) = %q, %v", spec, got, err)
		}
		if ok && strings.Contains(e.Message, "secret-token") {
			t.Errorf("%q shows a password", e.Message)
		}
	}
}

func TestRemoteKeyIsEqualForEverySpelling(t *testing.T) {
	groups := [][]string{
		{
			"owner/name", "Owner/Name.git", "https://github.com/owner/name.git", "git@github.com:owner/name.git",
			"ssh://git@github.com/owner/name", "git://github.com/owner/name", "https://x:y@github.com/OWNER/name/",
		},
		{"https://gitlab.com/a/b", "git@gitlab.com:a/b.git"},
		{"https://gitlab.com/A/b"},
		{"https://gitlab.com/a/c"},
		{"https://host.example:8443/a/b"},
		{"https://host.example/a/b", "ssh://alice@host.example/a/b"},
		{"alice@host.example:a/b"},
		{"bob@host.example:a/b"},
	}
	seen := map[string]int{}
	for i, group := range groups {
		for _, spec := range group {
			key := repo.RemoteKey(spec)
			if j, ok := seen[key]; key == "" || (ok && j != i) {
				t.Errorf("%q has the key %q", spec, key)
			}
			seen[key] = i
			if normal, err := repo.NormalizeRemote(spec); err != nil || repo.RemoteKey(normal) != key {
				t.Errorf("%q and %q differ: %v", spec, normal, err)
			}
		}
	}
	if len(seen) != len(groups) {
		t.Errorf("%d keys for %d repositories: %v", len(seen), len(groups), seen)
	}
}

func FuzzNormalizeRemote(f *testing.F) {
	for _, s := range []string{
		"owner/name", "git@github.com:o/n.git", "https://u:p@host:1/x", "ssh://[::1]:22/x", "ext::x", "-x", "a:b", "file:///x", "host.example/a/b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		got, err := repo.NormalizeRemote(spec)
		if err != nil {
			return
		}
		if again, err := repo.NormalizeRemote(got); err != nil || again != got {
			t.Fatalf("%q becomes %q and then %q, %v", spec, got, again, err)
		}
		if got[0] == '-' || strings.ContainsAny(got, " \t\r\n\x00\\'\"`$;|&<>") || strings.Contains(got, "/../") {
			t.Errorf("%q becomes %q", spec, got)
		}
		if strings.Contains(got, "::") && !strings.Contains(got, "[") {
			t.Errorf("%q becomes %q, which names a helper", spec, got)
		}
		if u, err := url.Parse(got); err == nil && u.User != nil {
			if _, has := u.User.Password(); has {
				t.Errorf("%q becomes %q, which has a password", spec, got)
			}
		}
		if repo.RemoteKey(got) != repo.RemoteKey(spec) {
			t.Errorf("keys %q and %q", repo.RemoteKey(got), repo.RemoteKey(spec))
		}
	})
}
