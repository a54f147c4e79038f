package forgetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/xec"
)

// writeSSH writes the program that git runs instead of ssh. Any host is this hub;
// owner/name.git is a link to the repository.
func (h *Hub) writeSSH() error {
	script := fmt.Sprintf(`#!/bin/sh
# What git runs instead of ssh: the last argument is the command for the other side.
set -eu
for command; do :; done
verb=${command%%%% *}
path=$(printf '%%s' "${command#* }" | sed -e "s/^'//" -e "s/'$//" -e 's,^/,,' -e 's,\.git$,,' | tr '[:upper:]' '[:lower:]')
if [ -e %[1]s/offline ]; then
	echo "ssh: connect to host github.com port 22: Connection refused" >&2
	exit 255
fi
case $verb in
git-upload-pack | git-receive-pack | git-upload-archive) ;;
*) echo "Invalid command: $command" >&2 && exit 128 ;;
esac
case $path in
*..* | "") path=/ ;;
esac
if [ ! -d %[1]s/git/"$path".git ]; then
	echo "ERROR: Repository not found." >&2
	exit 128
fi
unset GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_CONFIG_PARAMETERS GIT_CONFIG_COUNT
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
exec git "${verb#git-}" %[1]s/git/"$path".git
`, quote(h.dir))
	return os.WriteFile(h.SSHCommand(), []byte(script), 0o700)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// SSHCommand is the program to be GIT_SSH_COMMAND, with GIT_SSH_VARIANT=simple: every
// repository of the hub is then git@github.com:OWNER/NAME.git, and of any other host, too.
func (h *Hub) SSHCommand() string { return filepath.Join(h.dir, "ssh") }

// GitConfig is what a user's own configuration of git needs to reach the hub by
// ssh. hf reads that file, and none of the variables of git.
func (h *Hub) GitConfig() string {
	return fmt.Sprintf("[core]\n\tsshCommand = %s\n[ssh]\n\tvariant = simple\n", `"`+quote(h.SSHCommand())+`"`)
}

// Offline cuts git by ssh off, or lets it through again.
func (h *Hub) Offline(off bool) error {
	path := filepath.Join(h.dir, "offline")
	if off {
		return os.WriteFile(path, nil, 0o600)
	}
	return os.RemoveAll(path)
}

func (h *Hub) sshURL(r *repo) string {
	u, err := url.Parse(h.web())
	if err != nil {
		return ""
	}
	return fmt.Sprintf("git@%s:%s.git", u.Hostname(), r.full())
}

// gitPath reports whether a path is one of git over http.
func gitPath(path string) bool {
	for _, end := range []string{"/info/refs", "/git-upload-pack", "/git-receive-pack"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

// serveGit is git over http, at http://HOST/OWNER/NAME.git.
func (h *Hub) serveGit(w http.ResponseWriter, r *http.Request) {
	q := Request{Time: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Status: http.StatusOK}
	secret := secretOf(r)
	if secret != "" {
		q.secret = sha256.Sum256([]byte(secret))
	}
	end := strings.LastIndex(r.URL.Path, ".git/")
	if end < 0 {
		http.NotFound(w, r)
		return
	}
	h.mu.Lock()
	repo, t := h.repoNamed(strings.TrimPrefix(r.URL.Path[:end], "/")), h.tokens[secret]
	push := strings.HasSuffix(r.URL.Path, "/git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
	var who *user
	if t != nil && !t.revoked {
		who = t.user
		q.User = who.login
	}
	allowed := repo != nil && repo.sees(who) && (!push || who != nil && !t.readOnly)
	h.mu.Unlock()
	switch {
	case !allowed && who == nil:
		q.Status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
	case repo == nil || !repo.sees(who):
		q.Status = http.StatusNotFound
	case !allowed:
		q.Status = http.StatusForbidden
	}
	h.note(q)
	if q.Status != http.StatusOK {
		http.Error(w, http.StatusText(q.Status), q.Status)
		return
	}
	git, err := xec.LookPath("git", os.Environ())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body) // CGI wants to know how long it is
	if err != nil {
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	r.URL.Path = r.URL.Path[end+len(".git"):]
	handler := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: h.dir,
		Env: []string{
			"GIT_PROJECT_ROOT=" + repo.git.dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + q.User,
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + filepath.Join(h.dir, "home"), "PATH=" + os.Getenv("PATH"),
		},
	}
	handler.ServeHTTP(w, r)
}
