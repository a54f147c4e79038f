// Package sandboxtest is the behaviour that every sandbox.Provider must show.
package sandboxtest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/internal/xec"
)

// Factory makes a provider and a way to get specs for it. Each spec is of a new
// task whose branch exists and has the file README.md with "hello\n". Whatever
// they use ends with the test.
type Factory func(t *testing.T) (p sandbox.Provider, spec func(slug string) sandbox.Spec)

// Run holds a provider to the contract.
func Run(t *testing.T, factory Factory) {
	for name, test := range map[string]func(t *testing.T, s *suite){
		"probe finds nothing before create":  probeBefore,
		"create and probe agree":             createAndProbe,
		"create again changes nothing":       createAgain,
		"create at once":                     createAtOnce,
		"create can be cancelled and redone": createCancelled,
		"sandboxes do not share files":       separate,
		"commands run inside":                commands,
		"bad commands are refused":           badCommands,
		"destroy":                            destroy,
		"destroy nothing":                    destroyNothing,
		"restore":                            restore,
		"restore nothing":                    restoreNothing,
		"what is destroyed is kept":          kept,
		"strange specs stay inside":          strange,
	} {
		t.Run(name, func(t *testing.T) {
			p, spec := factory(t)
			test(t, &suite{Provider: p, spec: spec})
		})
	}
	t.Run("says what it is", func(t *testing.T) {
		p, _ := factory(t)
		if p.Name() == "" || p.Capabilities().Isolation == "" {
			t.Errorf("name %q, isolation %q", p.Name(), p.Capabilities().Isolation)
		}
	})
}

type suite struct {
	sandbox.Provider
	spec func(slug string) sandbox.Spec
}

func (s *suite) create(t *testing.T, slug string) sandbox.Sandbox {
	t.Helper()
	sb, err := s.Create(t.Context(), s.spec(slug), func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	return sb
}

// run runs a command inside a sandbox as hf does, and returns what it prints.
func (s *suite) run(t *testing.T, sb sandbox.Sandbox, cmd sandbox.Command) string {
	t.Helper()
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"))
	c, err := s.Wrap(sb, cmd)
	if err != nil {
		t.Fatal(err)
	}
	out, err := xec.Output(t.Context(), xec.Cmd{Argv: c.Argv, Dir: c.Dir, Env: c.Env})
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

func (s *suite) shell(t *testing.T, sb sandbox.Sandbox, script string) string {
	t.Helper()
	return s.run(t, sb, sandbox.Command{Argv: []string{"sh", "-c", script}})
}

func probeBefore(t *testing.T, s *suite) {
	if sb, ok, err := s.Probe(t.Context(), s.spec("new")); ok || err != nil {
		t.Errorf("probe = %+v, %v, %v", sb, ok, err)
	}
}

func createAndProbe(t *testing.T, s *suite) {
	spec := s.spec("a-title")
	var said []string
	made, err := s.Create(t.Context(), spec, func(detail string) { said = append(said, detail) })
	if err != nil {
		t.Fatal(err)
	}
	if made.Spec != spec || (s.Capabilities().Local && !filepath.IsAbs(made.Path)) {
		t.Errorf("made %+v of %+v", made, spec)
	}
	if len(said) == 0 {
		t.Error("create told no progress")
	}
	found, ok, err := s.Probe(t.Context(), spec)
	if !ok || err != nil || found != made {
		t.Errorf("probe = %+v, %v, %v; made %+v", found, ok, err, made)
	}
	if got := s.shell(t, made, "cat README.md; git rev-parse --abbrev-ref HEAD"); got != "hello\n"+spec.Branch {
		t.Errorf("inside: %q", got)
	}
}

func createAgain(t *testing.T, s *suite) {
	first := s.create(t, "x")
	s.shell(t, first, "echo work > file; echo changed > README.md")
	again, err := s.Create(t.Context(), first.Spec, nil)
	if err != nil || again != first {
		t.Fatalf("again = %+v, %v", again, err)
	}
	if got := s.shell(t, again, "cat file README.md"); got != "work\nchanged" {
		t.Errorf("the second create changed the files: %q", got)
	}
}

func createAtOnce(t *testing.T, s *suite) {
	var wg sync.WaitGroup
	for range 4 {
		spec := s.spec("same")
		wg.Go(func() {
			if _, err := s.Create(t.Context(), spec, func(string) {}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func createCancelled(t *testing.T, s *suite) {
	spec := s.spec("cancelled")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Create(ctx, spec, func(string) { cancel() })
	cancel()
	if err == nil {
		t.Log("create was quicker than its cancellation")
	}
	sb, err := s.Create(t.Context(), spec, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.shell(t, sb, "cat README.md; git status --porcelain"); got != "hello" {
		t.Errorf("inside: %q", got)
	}
}

func separate(t *testing.T, s *suite) {
	one, two := s.create(t, "same"), s.create(t, "same")
	s.shell(t, one, "echo one > mine")
	if got := s.shell(t, two, "ls"); bytes.Contains([]byte(got), []byte("mine")) {
		t.Errorf("one sandbox shows the files of another: %q", got)
	}
}

func commands(t *testing.T, s *suite) {
	sb := s.create(t, "x")
	s.shell(t, sb, "mkdir -p sub/dir; echo deep > sub/dir/f")
	got := s.run(t, sb, sandbox.Command{
		Argv: []string{"sh", "-c", `cat f; echo "$A|$B|$1"`, "sh", "an argument; with $(odd) 'things'"}, Dir: "sub/dir", Env: []string{"A=1 2", "B=é\"'"},
	})
	if want := "deep\n1 2|é\"'|an argument; with $(odd) 'things'"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func badCommands(t *testing.T, s *suite) {
	sb := s.create(t, "x")
	for _, cmd := range []sandbox.Command{
		{}, {Argv: []string{""}}, {Argv: []string{"ls"}, Dir: ".."}, {Argv: []string{"ls"}, Dir: "/etc"}, {Argv: []string{"ls"}, Dir: "a/../../b"},
	} {
		if c, err := s.Wrap(sb, cmd); err == nil {
			t.Errorf("%+v became %+v", cmd, c)
		}
	}
}

func destroy(t *testing.T, s *suite) {
	sb, other := s.create(t, "x"), s.create(t, "x")
	s.shell(t, sb, "echo work > file; mkdir -p d; ln -s / d/link")
	for range 2 {
		if err := s.Destroy(t.Context(), sb); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := s.Probe(t.Context(), sb.Spec); ok || err != nil {
		t.Errorf("probe after destroy = %v, %v", ok, err)
	}
	if s.Capabilities().Local {
		if _, err := os.Lstat(sb.Path); err == nil {
			t.Error("the directory is still there")
		}
	}
	if _, ok, err := s.Probe(t.Context(), other.Spec); !ok || err != nil {
		t.Errorf("another sandbox went too: %v", err)
	}
	if _, err := s.Create(t.Context(), sb.Spec, func(string) {}); err != nil {
		t.Errorf("create after destroy: %v", err)
	}
}

func destroyNothing(t *testing.T, s *suite) {
	if err := s.Destroy(t.Context(), sandbox.Sandbox{Spec: s.spec("never")}); err != nil {
		t.Error(err)
	}
}

// restore is what brings a sandbox back that was destroyed.
func restore(t *testing.T, s *suite) {
	sb := s.create(t, "x")
	const look = "cat file README.md; git status --porcelain; git rev-parse --abbrev-ref HEAD"
	s.shell(t, sb, "echo work > file; echo changed > README.md; git add README.md; chmod 755 file")
	before := s.shell(t, sb, look)
	for range 2 { // and a sandbox that came back goes and comes like any other
		if err := s.Destroy(t.Context(), sb); err != nil {
			t.Fatal(err)
		}
		var back sandbox.Restored
		for range 2 { // again, as after a crash at its end
			var err error
			if back, err = s.Restore(t.Context(), sb.Spec, sandbox.Restore{}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if back.Sandbox != sb || back.Detail == "" || back.Branch != sb.Branch || len(back.Missing) > 0 {
			t.Errorf("restored %+v of %+v", back, sb)
		}
		if after := s.shell(t, sb, look); after != before {
			t.Errorf("it was %q, and came back as %q", before, after)
		}
		if found, ok, err := s.Probe(t.Context(), sb.Spec); !ok || err != nil || found != sb {
			t.Errorf("probe after restore = %+v, %v, %v", found, ok, err)
		}
	}
}

func restoreNothing(t *testing.T, s *suite) {
	if back, err := s.Restore(t.Context(), s.spec("never"), sandbox.Restore{}, nil); err == nil {
		t.Errorf("restored %+v from nothing", back)
	}
}

// kept is what a provider that keeps things does with them.
func kept(t *testing.T, s *suite) {
	k, ok := s.Provider.(sandbox.Keeper)
	if !ok {
		t.Skip("it keeps nothing")
	}
	sb := s.create(t, "x")
	s.shell(t, sb, "echo work > file")
	if err := s.Destroy(t.Context(), sb); err != nil {
		t.Fatal(err)
	}
	of := func() (found []sandbox.Kept) {
		t.Helper()
		list, err := k.Kept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, thing := range list {
			if thing.Task == sb.Task {
				found = append(found, thing)
			}
		}
		return found
	}
	list := of()
	if len(list) != 1 || list[0].Stray || list[0].At.IsZero() {
		t.Fatalf("kept %+v", list)
	}
	if n, err := k.Size(t.Context(), list[0]); err != nil || n == 0 {
		t.Errorf("size %d, %v", n, err)
	}
	if freed, err := k.Free(t.Context(), list[0], sandbox.Free{Dry: true}); err != nil || !freed.Done || freed.Why == "" || len(of()) != 1 {
		t.Errorf("dry: %+v, %v; now %+v", freed, err, of())
	}
	if freed, err := k.Free(t.Context(), list[0], sandbox.Free{}); err != nil || !freed.Done || len(of()) != 0 {
		t.Errorf("freed %+v, %v; now %+v", freed, err, of())
	}
	if freed, err := k.Free(t.Context(), list[0], sandbox.Free{}); err != nil || !freed.Done {
		t.Errorf("freed again: %+v, %v", freed, err)
	}
	// It comes back all the same.
	if _, err := s.Restore(t.Context(), sb.Spec, sandbox.Restore{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := s.shell(t, sb, "cat file"); got != "work" {
		t.Errorf("file = %q", got)
	}
}

func strange(t *testing.T, s *suite) {
	good := s.spec("x")
	if !s.Capabilities().Local {
		t.Skip("its names are not on this machine")
	}
	plain, err := s.Create(t.Context(), good, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"../../escape", "/etc", "", "a b\nc", "--force", "."} {
		spec := s.spec(slug)
		sb, err := s.Create(t.Context(), spec, func(string) {})
		if err != nil {
			t.Errorf("slug %q: %v", slug, err)
			continue
		}
		if filepath.Dir(sb.Path) != filepath.Dir(plain.Path) {
			t.Errorf("slug %q is at %s", slug, sb.Path)
		}
	}
	for _, id := range []string{"", "../x", "a/b", ".", "-x"} {
		spec := good
		spec.Task = id
		if sb, err := s.Create(t.Context(), spec, func(string) {}); err == nil {
			t.Errorf("task %q became %+v", id, sb)
		}
	}
}
