package rundir_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

func env(kv map[string]string) func(string) string {
	return func(name string) string { return kv[name] }
}

func TestResolve(t *testing.T) {
	tests := []struct {
		name                string
		env                 map[string]string
		state, data, config string
	}{
		{"home", map[string]string{"HOME": "/tmp/u"}, "/tmp/u/.local/state/hf", "/tmp/u/.local/share/hf", "/tmp/u/.config/hf/config.toml"},
		{
			"xdg",
			map[string]string{"HOME": "/h", "XDG_STATE_HOME": "/tmp/s", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"},
			"/tmp/s/hf", "/d/hf", "/c/hf/config.toml",
		},
		{
			"relative xdg is ignored",
			map[string]string{"HOME": "/tmp/u", "XDG_STATE_HOME": "s"},
			"/tmp/u/.local/state/hf", "/tmp/u/.local/share/hf", "/tmp/u/.config/hf/config.toml",
		},
		{
			"own",
			map[string]string{"HF_STATE_DIR": "/tmp/a//b/", "HF_DATA_DIR": "/d", "HF_CONFIG": "/c.toml"},
			"/tmp/a/b", "/d", "/c.toml",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := rundir.Resolve(env(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			if p.State != tt.state || p.Data != tt.data || p.Config != tt.config {
				t.Errorf("%+v, want %s, %s, %s", p, tt.state, tt.data, tt.config)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	for name, kv := range map[string]map[string]string{
		"no home":                      {},
		"a relative directory":         {"HOME": "/tmp/u", "HF_STATE_DIR": "s"},
		"a test with the user's state": {"HOME": "/home/somebody"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rundir.Resolve(env(kv))
			if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.CodeInvalid || e.Hint == "" {
				t.Errorf("error %#v, want one with a hint", err)
			}
		})
	}
}

// short makes a temporary directory with room for a socket's path.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hfr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestSocketDir(t *testing.T) {
	base := short(t)
	long := filepath.Join(base, strings.Repeat("d", 90))
	for _, dir := range []string{"run", "tmp"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, state, run, tmp, below string
	}{
		{"beside the state", filepath.Join(base, "s"), filepath.Join(base, "run"), "", filepath.Join(base, "s")},
		{"runtime directory", long, filepath.Join(base, "run"), "", filepath.Join(base, "run", "hf-")},
		{"temp dir", long, "", filepath.Join(base, "tmp"), filepath.Join(base, "tmp", "hf-")},
		{"relative runtime directory", long, "run", filepath.Join(base, "tmp"), filepath.Join(base, "tmp", "hf-")},
		{"runtime directory too long", long, long, filepath.Join(base, "tmp"), filepath.Join(base, "tmp", "hf-")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := rundir.Resolve(env(map[string]string{"HOME": base, "HF_STATE_DIR": tt.state, "XDG_RUNTIME_DIR": tt.run, "TMPDIR": tt.tmp}))
			if err != nil {
				t.Fatal(err)
			}
			sock, err := p.HolderSocket("abcdefgh")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(sock, tt.below) || len(sock) > 100 {
				t.Errorf("socket %s (%d bytes), want it below %s", sock, len(sock), tt.below)
			}
			for dir := filepath.Dir(sock); len(dir) >= len(tt.below); dir = filepath.Dir(dir) {
				if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
					t.Errorf("%s: %v, %v", dir, st.Mode(), err)
				}
			}
		})
	}
	if s, err := os.Stat(long); err == nil {
		t.Errorf("the state directory was made: %v", s)
	}
}

func TestMakeDir(t *testing.T) {
	base := short(t)
	at := func(name string) string { return filepath.Join(base, name) }
	if err := errors.Join(
		os.Mkdir(at("open"), 0o755), os.Symlink(base, at("link")), os.WriteFile(at("file"), nil, 0o600), os.Symlink(at("gone"), at("dangling")),
	); err != nil {
		t.Fatal(err)
	}
	for _, ok := range []string{"new", "deep/er/still", "open"} {
		if err := rundir.MakeDir(at(ok)); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
		if st, err := os.Stat(at(ok)); err != nil || st.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", ok, st, err)
		}
	}
	for _, bad := range []string{"link", "file", "dangling", "file/below"} {
		err := rundir.MakeDir(at(bad))
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Code != api.CodeInvalid {
			t.Errorf("%s: %v, want it refused", bad, err)
		}
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(os.Mkdir(at("theirs"), 0o777), os.Chown(at("theirs"), 65534, 65534)); err != nil {
			t.Fatal(err)
		}
		if err := rundir.MakeDir(at("theirs")); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
			t.Errorf("another user's directory: %v", err)
		}
	}
}

func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if _, ok := rundir.ReadRecord(path); ok {
		t.Error("a record in no file")
	}
	lock, got, err := rundir.TryLock(path)
	if err != nil || !got {
		t.Fatal(got, err)
	}
	defer func() { _ = lock.Close() }()
	if _, ok := rundir.ReadRecord(path); ok {
		t.Error("a record in an empty file")
	}
	long := rundir.Record{Socket: strings.Repeat("s", 107), Version: strings.Repeat("v", 200), Phase: "starting", Build: 1 << 60}
	if err := errors.Join(long.Identify(), long.Write(lock)); err != nil {
		t.Fatal(err)
	}
	brief := rundir.Record{Socket: "/s"}
	if err := errors.Join(brief.Identify(), brief.Write(lock)); err != nil {
		t.Fatal(err)
	}
	r, ok := rundir.ReadRecord(path)
	if !ok || r != brief {
		t.Errorf("record %+v, %v; want %+v", r, ok, brief)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != rundir.RecordSize || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	if _, alive := r.Alive(); !alive {
		t.Error("this process is not alive")
	}
	r.StartTime++
	if _, alive := r.Alive(); alive {
		t.Error("a recycled pid is alive")
	}
	huge := rundir.Record{Socket: strings.Repeat("s", rundir.RecordSize)}
	if err := huge.Write(lock); err == nil {
		t.Error("a record that does not fit was written")
	}
	for _, garbage := range []string{"{", "\x00\x00", "[]", "{}x"} {
		if err := os.WriteFile(path, []byte(garbage), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, ok := rundir.ReadRecord(path); ok {
			t.Errorf("%q is a record: %+v", garbage, r)
		}
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if held, err := rundir.Held(path); held || err != nil {
		t.Errorf("no file: held %v, %v", held, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("asking made the file: %v", err)
	}
	lock, got, err := rundir.TryLock(path)
	if err != nil || !got {
		t.Fatal(got, err)
	}
	if _, again, err := rundir.TryLock(path); again || err != nil {
		t.Errorf("locked twice: %v, %v", again, err)
	}
	if held, err := rundir.Held(path); !held || err != nil {
		t.Errorf("locked: held %v, %v", held, err)
	}
	// A lock on a file that is no longer there is no lock.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, got, err := rundir.TryLock(path)
	if err != nil || !got {
		t.Fatal(got, err)
	}
	if same, err := rundir.SameFile(int(lock.Fd()), path); same || err != nil {
		t.Errorf("same file: %v, %v", same, err)
	}
	_, _ = lock.Close(), second.Close()
	if held, err := rundir.Held(path); held || err != nil {
		t.Errorf("closed: held %v, %v", held, err)
	}
	if err := errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := rundir.TryLock(path); err == nil {
		t.Error("a link was followed")
	}
}

func TestBind(t *testing.T) {
	base := short(t)
	p, err := rundir.Resolve(env(map[string]string{"HOME": base, "HF_STATE_DIR": filepath.Join(base, "s")}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second replaces the first
		f, path, err := p.Bind()
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode() != os.ModeSocket|0o600 {
			t.Errorf("socket %v, %v", st.Mode(), err)
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Close(), f.Close()
		if _, err := net.Dial("unix", path); err == nil {
			t.Error("a closed socket accepts")
		}
	}
	if left, err := os.ReadDir(p.State); len(left) != 1 {
		t.Errorf("%v, %v; want the socket only", left, err)
	}
}
