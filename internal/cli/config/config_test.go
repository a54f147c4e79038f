package config

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// tool answers in the place of `hfd config` and notes what it was asked.
type tool struct {
	answer api.ConfigAnswer
	errs   []error // of writes, one each
	asked  []api.ConfigRequest
}

func (d *tool) ask(_ context.Context, in api.ConfigRequest) (api.ConfigAnswer, error) {
	d.asked = append(d.asked, in)
	if in.Do == api.ConfigWrite && len(d.errs) > 0 {
		err := d.errs[0]
		d.errs = d.errs[1:]
		return api.ConfigAnswer{}, err
	}
	return d.answer, nil
}

type daemon bool

func (d daemon) Look(context.Context) (api.Backend, error) { return api.Backend{Running: bool(d)}, nil }

func (d daemon) Stop(context.Context) (bool, error) { return bool(d), nil }

func keeper(running bool) func() (looker, error) {
	return func() (looker, error) { return daemon(running), nil }
}

func TestSetReadsStandardInput(t *testing.T) {
	io, in, _, errOut := iostreams.Test()
	in.WriteString("s3cret\n")
	d := &tool{answer: api.ConfigAnswer{Restart: true, File: api.ConfigFile{Warnings: []string{"c:1: a\x1b[2Jword"}}}}
	f := factory.New(io, nil)
	cmd := newSet(f, func(ctx context.Context, o *setOptions) error {
		o.ask, o.keeper = d.ask, keeper(true)
		return runSet(ctx, o)
	})
	if err := clitest.Run(t, cmd, "agents.a.env.KEY", "-"); err != nil {
		t.Fatal(err)
	}
	if got := d.asked[0]; got.Do != api.ConfigSet || got.Key != "agents.a.env.KEY" || got.Value != "s3cret" {
		t.Errorf("asked %+v", got)
	}
	if said := errOut.String(); said != "warning: c:1: aword\nhfd goes on with what it was started with until `hf backend restart`.\n" {
		t.Errorf("said %q", said)
	}
}

func TestSetTakesAnEmptyValue(t *testing.T) {
	io, _, _, errOut := iostreams.Test()
	d := &tool{answer: api.ConfigAnswer{Restart: true}}
	set := func(args ...string) error {
		return clitest.Run(t, newSet(factory.New(io, nil), func(ctx context.Context, o *setOptions) error {
			o.ask, o.keeper = d.ask, keeper(false)
			return runSet(ctx, o)
		}), args...)
	}
	if err := set("agent", ""); err != nil || d.asked[0].Value != "" {
		t.Errorf("%v, %+v", err, d.asked)
	}
	if errOut.Len() > 0 {
		t.Errorf("no daemon runs, and it said %q", errOut)
	}
	for _, args := range [][]string{{"agent"}, {"", "x"}, {"agent", "a", "b"}} {
		if err := set(args...); exitcode.For(err) != exitcode.Usage {
			t.Errorf("set %q: %v", args, err)
		}
	}
}

func TestListHidesSecrets(t *testing.T) {
	io, _, out, _ := iostreams.Test()
	d := &tool{answer: api.ConfigAnswer{Values: []api.ConfigValue{
		{Key: "agent", Value: "claude", Origin: "f:1"},
		{Key: "agents.a.command", Value: []any{"x y", "z"}, Origin: "default"},
		{Key: "agents.a.env.KEY", Value: "s3cret", Origin: "f:2", Secret: true},
	}}}
	list := func(args ...string) error {
		return clitest.Run(t, newList(factory.New(io, nil), func(ctx context.Context, o *listOptions) error {
			o.ask = d.ask
			return runList(ctx, o)
		}), args...)
	}
	if err := list("--origin"); err != nil {
		t.Fatal(err)
	}
	want := "KEY               VALUE        ORIGIN\nagent             claude       f:1\nagents.a.command  [\"x y\",\"z\"]  default\nagents.a.env.KEY  (secret)     f:2\n"
	if out.String() != want {
		t.Errorf("got\n%s", out)
	}
	out.Reset()
	if err := list("agents.a", "--json=key,value"); err != nil || strings.Contains(out.String(), "s3cret") || strings.Contains(out.String(), `"agent"`) {
		t.Errorf("%v, %s", err, out)
	}
	if err := list("repos"); exitcode.For(err) != exitcode.NotFound {
		t.Errorf("a table that nothing sets: %v", err)
	}
}

// edit runs `hf config edit` with an editor that writes these texts, one after
// the other.
func edit(t *testing.T, d *tool, io *iostreams.IOStreams, texts ...string) (file string, err error) {
	t.Helper()
	cmd := newEdit(factory.New(io, nil), func(ctx context.Context, o *editOptions) error {
		o.ask, o.keeper = d.ask, keeper(false)
		o.edit = func(_ context.Context, path string) error {
			file = path
			if len(texts) == 0 {
				return errors.New("the editor failed")
			}
			text := texts[0]
			texts = texts[1:]
			return os.WriteFile(path, []byte(text), 0o600)
		}
		return runEdit(ctx, o)
	})
	err = clitest.Run(t, cmd)
	return file, err
}

func gone(t *testing.T, file string) {
	t.Helper()
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", file, err)
	}
}

func TestEditAsksAgain(t *testing.T) {
	io, in, _, errOut := iostreams.Test()
	io.SetTTY(true, true, true)
	in.WriteString("y\n")
	wrong := &api.Error{Code: api.CodeInvalid, Message: "c:1: unknown key"}
	d := &tool{answer: api.ConfigAnswer{Content: "old", Hash: "h"}, errs: []error{wrong, nil}}
	file, err := edit(t, d, io, "wrong", "right")
	if err != nil || !strings.Contains(errOut.String(), "c:1: unknown key") {
		t.Errorf("%v, said %q", err, errOut)
	}
	gone(t, file)
	last := d.asked[len(d.asked)-2]
	if last.Do != api.ConfigWrite || *last.Content != "right" || last.Hash != "h" {
		t.Errorf("wrote %+v", last)
	}
}

func TestEditKeepsTheTextThatWasRefused(t *testing.T) {
	for name, ask := range map[string]bool{"nobody to ask": false, "a person says no": true} {
		t.Run(name, func(t *testing.T) {
			io, in, _, _ := iostreams.Test()
			io.SetTTY(ask, ask, ask)
			in.WriteString("n\n")
			d := &tool{answer: api.ConfigAnswer{Content: "old"}, errs: []error{&api.Error{Code: api.CodeInvalid, Message: "c:1: wrong"}}}
			file, err := edit(t, d, io, "wrong")
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Message != "c:1: wrong" || !strings.Contains(e.Hint, file) {
				t.Errorf("%v", err)
			}
			if b, err := os.ReadFile(file); err != nil || string(b) != "wrong" {
				t.Errorf("%q, %v", b, err)
			}
			_ = os.RemoveAll(strings.TrimSuffix(file, "/config.toml"))
		})
	}
}

func TestEditWithoutAChange(t *testing.T) {
	io, _, _, errOut := iostreams.Test()
	d := &tool{answer: api.ConfigAnswer{Content: "old"}}
	file, err := edit(t, d, io, "old")
	if err != nil || len(d.asked) != 1 || errOut.String() != "Nothing was changed.\n" {
		t.Errorf("%v, asked %d times, said %q", err, len(d.asked), errOut)
	}
	gone(t, file)
	if file, err = edit(t, d, io); err == nil {
		t.Error("the editor failed, and nobody noticed")
	}
	gone(t, file)
}
