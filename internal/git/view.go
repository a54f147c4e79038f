package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// view is hf's view of a repository, made from one state of its configuration.
type view struct {
	stamp string
	dir   string
	users signIns // of remotes whose address holds them
}

// own is a git directory in a view for commands that belong to no work tree and
// may leave files behind.
const own = "own"

// linked is what a view shares with the repository. hooks, remotes, branches,
// modules and rr-cache are left out on purpose.
func linked() []string {
	return []string{"HEAD", "objects", "refs", "packed-refs", "reftable", "logs", "info", "shallow", "worktrees"}
}

// view returns the directory of the view of a repository, and makes it anew
// when the repository's configuration has changed.
func (r *Runner) view(ctx context.Context, common string) (view, error) {
	config := filepath.Join(common, "config")
	stamp, err := stampOf(config)
	if err != nil {
		return view{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.views[common]; ok && v.stamp == stamp && isDir(v.dir) {
		return v, nil
	}
	if err := r.openViews(); err != nil {
		return view{}, fmt.Errorf("make directory for views: %w", err)
	}
	text, users, err := r.harmless(ctx, config)
	if err != nil {
		return view{}, err
	}
	dir, err := makeView(r.viewDir, common, text)
	if err != nil {
		return view{}, fmt.Errorf("make view of %s: %w", common, err)
	}
	v := view{stamp: stamp, dir: dir, users: users}
	r.views[common] = v
	return v, nil
}

// openViews makes the directory of the views. What an earlier process left
// there is dropped once: a view is trusted because this process made it.
func (r *Runner) openViews() (err error) {
	switch {
	case r.viewDir == "":
		r.temporary = true
		r.viewDir, err = os.MkdirTemp("", "hf-git-")
	case len(r.views) == 0:
		if err = os.RemoveAll(r.viewDir); err == nil {
			err = os.MkdirAll(r.viewDir, 0o700)
		}
	default:
		err = os.MkdirAll(r.viewDir, 0o700) // somebody may have removed it
	}
	return err
}

// Close removes the views when they are in a temporary directory.
func (r *Runner) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.temporary {
		return os.RemoveAll(r.viewDir)
	}
	return nil
}

// harmless returns the configuration of a view: the allowed keys of a
// configuration file, without its includes, and the users that the addresses of
// remotes hold. Reading a file this way runs nothing.
func (r *Runner) harmless(ctx context.Context, config string) (text []byte, users signIns, err error) {
	var out bytes.Buffer
	err = r.exec(ctx, r.viewDir, call{
		args: []string{"config", "--file", config, "--no-includes", "--list", "-z"},
		env:  []string{"GIT_CEILING_DIRECTORIES=" + filepath.Dir(r.viewDir)}, stdout: &out,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read configuration of the repository: %w", err)
	}
	var b bytes.Buffer
	for entry := range bytes.SplitSeq(bytes.TrimSuffix(out.Bytes(), []byte{0}), []byte{0}) {
		key, value, has := strings.Cut(string(entry), "\n")
		if !has {
			value = "true"
		}
		if allowedKey(key) {
			if strings.HasPrefix(key, "remote.") {
				value = users.take(value)
			}
			writeKey(&b, key, value)
		}
	}
	return b.Bytes(), users, nil
}

// allowedKey reports whether a key of a repository's own configuration may
// reach git. None of these names a program or rewrites a URL.
func allowedKey(key string) bool {
	section, rest, _ := strings.Cut(key, ".")
	name := rest
	if i := strings.LastIndexByte(rest, '.'); i >= 0 {
		name = rest[i+1:]
	} else if section == "remote" || section == "branch" {
		return false
	}
	var names []string
	switch section {
	case "extensions":
		return name != "worktreeconfig"
	case "core":
		names = []string{
			"repositoryformatversion", "bare", "filemode", "symlinks", "ignorecase", "precomposeunicode",
			"autocrlf", "eol", "sharedrepository", "logallrefupdates",
		}
	case "user", "author", "committer":
		names = []string{"name", "email", "useconfigonly"}
	case "init":
		names = []string{"defaultbranch"}
	case "remote":
		names = []string{"url", "fetch", "promisor", "partialclonefilter"}
	case "branch":
		names = []string{"remote", "merge"}
	}
	return slices.Contains(names, name)
}

func writeKey(b *bytes.Buffer, key, value string) {
	section, rest, _ := strings.Cut(key, ".")
	name := rest
	if i := strings.LastIndexByte(rest, '.'); i >= 0 {
		sub := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(rest[:i])
		section, name = section+` "`+sub+`"`, rest[i+1:]
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(value)
	fmt.Fprintf(b, "[%s]\n\t%s = \"%s\"\n", section, name, quoted)
}

// makeView makes a view, named by what it is made of, so that one that exists
// is right as it is and a concurrent maker does no harm.
func makeView(root, common string, config []byte) (string, error) {
	for _, name := range []string{"logs", "worktrees"} { // git does not create through a dangling link
		if err := os.Mkdir(filepath.Join(common, name), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	sum := sha256.Sum256(slices.Concat([]byte(common), []byte{0}, config))
	dir := filepath.Join(root, hex.EncodeToString(sum[:16]))
	if isDir(dir) {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(root, "new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := fillView(tmp, common, config); err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(tmp, own), 0o700); err != nil {
		return "", err
	}
	// Git finds the refs by this file, whatever GIT_COMMON_DIR says.
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/none\n", "commondir": "..\n"} {
		if err := os.WriteFile(filepath.Join(tmp, own, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	if err := os.Rename(tmp, dir); err != nil && !isDir(dir) {
		return "", err
	}
	return dir, nil
}

// fillView makes the part of a view that every program sees.
func fillView(dir, common string, config []byte) error {
	for _, name := range linked() {
		if err := os.Symlink(filepath.Join(common, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "config"), config, 0o600)
}

// stampOf tells one state of a file from another.
func stampOf(path string) (string, error) {
	st, err := os.Lstat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("read configuration of the repository: %w", err)
	case !st.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a plain file", path)
	}
	sys := st.Sys().(*syscall.Stat_t)
	return fmt.Sprint(st.ModTime().UnixNano(), sys.Ctim, sys.Ino, st.Size()), nil
}

func isDir(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.IsDir()
}
