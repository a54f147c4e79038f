package prune

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "0": 0, "90m": 90 * time.Minute, "14d": 14 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1h30m": 90 * time.Minute,
	} {
		if got, err := parse(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "14", "1.5d", "99999d", "soon"} {
		if got, err := parse(text); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// fake answers what it would free, and remembers what it was asked.
type fake struct{ asked []api.Prune }

func (f *fake) Prune(_ context.Context, in api.Prune) (api.PruneList, error) {
	f.asked = append(f.asked, in)
	return api.PruneList{DryRun: in.DryRun, Bytes: 2048, Items: []api.PruneItem{
		{Kind: api.PruneTask, Name: "aaaa", Why: "it is running"},
		{Kind: api.PruneTrash, Name: "/t\x1b[31m", Bytes: 2048, Free: true, Why: "all of it is saved"},
	}}, nil
}

func TestNothingIsFreedWithoutConsent(t *testing.T) {
	for name, c := range map[string]struct {
		tty, dry, yes bool
		answer        string
		want          []bool // DryRun of each request
		out           string
	}{
		"not on a terminal":          {want: []bool{true}, out: "2 KiB can be freed"},
		"not on a terminal, --yes":   {yes: true, want: []bool{false}, out: "2 KiB freed"},
		"--dry-run":                  {tty: true, dry: true, want: []bool{true}, out: "2 KiB can be freed"},
		"--dry-run wins over --yes":  {yes: true, dry: true, want: []bool{true}, out: "2 KiB can be freed"},
		"on a terminal, answered no": {tty: true, answer: "n\n", want: []bool{true}},
		"on a terminal, yes":         {tty: true, answer: "y\n", want: []bool{true, false}, out: "2 KiB freed"},
	} {
		streams, in, out, _ := iostreams.Test()
		streams.SetTTY(c.tty, c.tty, c.tty)
		in.WriteString(c.answer)
		f := &fake{}
		opts := &Options{
			IO: streams, Client: func() (pruner, error) { return f, nil }, Output: &output.Flags{}, Now: time.Now, DryRun: c.dry, Yes: c.yes,
		}
		if err := run(t.Context(), opts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []bool
		for _, r := range f.asked {
			got = append(got, r.DryRun)
		}
		if len(got) != len(c.want) || len(got) > 0 && got[len(got)-1] != c.want[len(c.want)-1] {
			t.Errorf("%s: asked %v, want %v", name, got, c.want)
		}
		if !strings.Contains(out.String(), c.out) || strings.Contains(out.String(), "\x1b[31m") {
			t.Errorf("%s: printed %q", name, out)
		}
	}
}
