package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Foreign is how a program that is not git, but runs it, has to be started so
// that it sees a worktree through hf's view of the repository.
type Foreign struct {
	Dir   string
	Env   []string // the whole environment
	Umask *int
}

// View says what a program that is not git gets besides the view itself.
type View struct {
	Config []string // key=value pairs of configuration
	Caller []string // the environment of a request, for what reaches remotes; tokens in it stay out
	Login  *Login   // signs its git in to a host
}

// Foreign makes a view of a repository for one run of another program in a
// linked worktree. What the program writes into the repository's configuration is gone with the
// view: release ends it, once the program and its children have ended. The main
// worktree cannot be seen so: git would take it for another one.
func (r *Runner) Foreign(ctx context.Context, w Worktree, o View) (f Foreign, release func(), err error) {
	in, err := w.place()
	if err != nil {
		return Foreign{}, nil, err
	}
	if in.gitDir == in.common {
		return Foreign{}, nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the main worktree", w.Path)}
	}
	if err := r.check(ctx); err != nil {
		return Foreign{}, nil, err
	}
	v, err := r.view(ctx, in.common)
	if err != nil {
		return Foreign{}, nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(v.dir), "for-")
	if err != nil {
		return Foreign{}, nil, fmt.Errorf("make view of %s: %w", in.common, err)
	}
	release = func() { _ = os.RemoveAll(dir) }
	text, err := os.ReadFile(filepath.Join(v.dir, "config"))
	if err == nil {
		err = fillView(dir, in.common, text)
	}
	if err != nil {
		release()
		return Foreign{}, nil, fmt.Errorf("make view of %s: %w", in.common, err)
	}
	f = Foreign{Dir: in.workTree, Umask: r.umask}
	f.Env = slices.Concat(r.env, fixedEnv(), v.users.with(o.Login).env(), reachEnv(o.Caller), []string{
		"GIT_COMMON_DIR=" + dir, "GIT_DIR=" + filepath.Join(dir, "worktrees", filepath.Base(in.gitDir)), "GIT_WORK_TREE=" + in.workTree,
		"GIT_EDITOR=true", "GIT_SEQUENCE_EDITOR=true", "EDITOR=true", "NO_COLOR=1",
	})
	f.Env = withConfig(f.Env, slices.Concat(fixedConfig(), o.Config)...)
	return f, release, nil
}

// reachEnv picks what reaches remotes of the environment of a request: proxies,
// agents and certificates, and no token.
func reachEnv(env []string) []string {
	names := []string{
		"SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "KRB5CCNAME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
	}
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !slices.Contains(names, name) && !strings.HasSuffix(strings.ToUpper(name), "_PROXY")
	})
}

// withConfig adds key=value pairs of configuration to an environment in which
// git may have some already.
func withConfig(env []string, config ...string) []string {
	n := 0
	out := make([]string, 0, len(env)+2*len(config)+1)
	for _, kv := range env {
		if count, ok := strings.CutPrefix(kv, "GIT_CONFIG_COUNT="); ok {
			n, _ = strconv.Atoi(count)
			continue
		}
		out = append(out, kv)
	}
	for _, kv := range config {
		key, value, _ := strings.Cut(kv, "=")
		out = append(out, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, value))
		n++
	}
	return append(out, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
}

// inheritKey is the key of a context's file; see Inherit.
type inheritKey struct{}

// Inherit makes every git that runs with a context inherit a file, and its
// children with it: a lock on that is held until the last of them has ended, also
// when this process is killed.
func Inherit(ctx context.Context, file *os.File) context.Context {
	return context.WithValue(ctx, inheritKey{}, file)
}

func inherited(ctx context.Context) []*os.File {
	if file, ok := ctx.Value(inheritKey{}).(*os.File); ok {
		return []*os.File{file}
	}
	return nil
}
