package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// A whole life of a pull request, in words.
func TestHub(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	printed, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"serve", "-dir", dir}, "", stdout) }()
	line, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(line)
	say := func(args ...string) (string, error) {
		var out strings.Builder
		err := run(ctx, args, url, &out)
		return strings.TrimSpace(out.String()), err
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := say(args...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		return out
	}
	for _, args := range [][]string{
		{"org", "acme", "ada", "bob"},
		{"repo", "acme/demo"},
		{"set", "acme/demo", `{"RequiredReviews": 1}`},
		{"commit", "acme/demo", "ada", "feat", "a.txt", `one\ntwo`},
		{"open", "acme/demo", "ada", "feat", "main", "Feat"},
		{"check", "acme/demo", "feat", "test", "failure", "boom"},
		{"status", "acme/demo", "feat", "deploy", "success"},
		{"refuse", "acme/demo", "1", "bob", "No.", "a.txt", "1", "why?"},
		{"comment", "acme/demo", "1", "ada", "wait"},
		{"force-push", "acme/demo", "ada", "feat", "a.txt", "three"},
		{"check", "acme/demo", "feat", "test", "success"},
		{"resolve", "acme/demo", "1", "ada"},
		{"approve", "acme/demo", "1", "bob"},
		{"close", "acme/demo", "1", "ada"},
		{"reopen", "acme/demo", "1", "ada"},
		{"merge", "acme/demo", "1", "bob", "squash"},
		{"delete", "acme/demo", "feat"},
		{"rename", "acme/demo", "acme/new"},
		{"offline"},
		{"fail", "500", "GET", "1", "late"},
		{"heal"},
		{"requests"},
		{"forget"},
	} {
		must(args...)
	}
	var p forgetest.Pull
	if err := json.Unmarshal([]byte(must("pull", "acme/new", "1")), &p); err != nil {
		t.Fatal(err)
	}
	if p.State != "MERGED" || p.MergeOid != must("tip", "acme/new", "main") || p.ResolvedThread != 1 || p.Checks != "SUCCESS" {
		t.Errorf("%+v", p)
	}
	token := must("token", "ada")
	must("spend", token, "3")
	must("revoke", token)
	if !strings.HasPrefix(token, "gho_") || must("saw", token, "/user") != "false" || must("count") != "0" {
		t.Error("the token came, or none is there")
	}
	for _, args := range [][]string{
		{"dance"}, {"merge"}, {"repo", "no-owner"}, {"repo", "acme/new"}, {"pulls", "acme/none"}, {"fail", "cold"}, {"authorize", "ada"}, {"approve", "acme/new", "x", "bob"},
	} {
		if _, err := say(args...); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "gitconfig")); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
