package history

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

var noon = time.Date(2026, 5, 2, 12, 0, 0, 0, time.Local)

func past() []api.HistoryEntry {
	entry := func(seq int64, when time.Time, kind api.EventKind, task, title, text string) api.HistoryEntry {
		return api.HistoryEntry{Schema: 1, Event: api.Event{Seq: seq, Time: when, Kind: kind, Task: task}, Title: title, Text: text}
	}
	return []api.HistoryEntry{
		entry(1, noon.Add(-24*time.Hour), api.EventTaskCreated, "abcdefgh", "Make the \x1b[2Jlogin reliable", "task created: Make"),
		entry(2, noon, api.EventStepFailed, "abcdefgh", "Make the login reliable", "step failed: a\nb\x07"),
		entry(3, noon.Add(time.Second), api.EventBackendUpgraded, "", "", "hfd upgraded"),
	}
}

func show(t *testing.T, d *clitest.Daemon, tty bool, width int, args ...string) (out, errOut string, err error) {
	t.Helper()
	io, _, o, e := iostreams.Test()
	io.SetTTY(tty, tty, tty)
	io.SetWidth(width)
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Client = func() (historian, error) { return d, nil }
		opts.Now = func() time.Time { return noon }
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), e.String(), err
}

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name  string
		tty   bool
		width int
		args  []string
		want  string
	}{
		{"a file", false, 80, nil, "" +
			"2026-05-01 12:00:00  abcdefgh  Make the login reli…  task created: Make\n" +
			"2026-05-02 12:00:00  abcdefgh  Make the login reli…  step failed: a b\n" +
			"2026-05-02 12:00:01                                  hfd upgraded\n"},
		{"a terminal", true, 80, nil, "" +
			"── 2026-05-01\n" +
			"12:00:00  abcdefgh  Make the login reli…  task created: Make\n" +
			"── 2026-05-02\n" +
			"12:00:00  abcdefgh  Make the login reli…  step failed: a b\n" +
			"12:00:01                                  hfd upgraded\n"},
		{"a small terminal", true, 40, nil, "" +
			"── 2026-05-01\n" +
			"12:00:00  abcdefgh  task created: Make\n" +
			"── 2026-05-02\n" +
			"12:00:00  abcdefgh  step failed: a b\n" +
			"12:00:01            hfd upgraded\n"},
		{"one task", false, 80, []string{"--task", "abcdefgh"}, "" +
			"2026-05-01 12:00:00  task created: Make\n" +
			"2026-05-02 12:00:00  step failed: a b\n" +
			"2026-05-02 12:00:01  hfd upgraded\n"},
	} {
		out, _, err := show(t, &clitest.Daemon{Past: past()}, tt.tty, tt.width, tt.args...)
		if err != nil || out != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, out, tt.want)
		}
	}
}

func TestJSONIsALineEach(t *testing.T) {
	out, _, err := show(t, &clitest.Daemon{Past: past()}, false, 80, "--json", "seq,text")
	if err != nil || !strings.HasPrefix(out, `{"seq":1,"text":"task created: Make"}`+"\n") || strings.Count(out, "\n") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string // "" = a usage error
	}{
		{"", `{"Task":"","Branch":"","Before":0,"Limit":50,"Follow":false}`},
		{"-n 0 --branch fix/it --task - --before 9", `{"Task":"~last","Branch":"fix/it","Before":9,"Limit":0,"Follow":false}`},
		{"-f -n 3", `{"Task":"","Branch":"","Before":0,"Limit":3,"Follow":true}`},
		{"--limit -1", ""},
		{"--before -1", ""},
		{"-f --before 3", ""},
		{"k3f9", ""},
	} {
		d := &clitest.Daemon{}
		_, errOut, err := show(t, d, false, 80, strings.Fields(tt.args)...)
		if tt.want == "" {
			if exitcode.For(err) != exitcode.Usage || len(d.Calls()) > 0 {
				t.Errorf("%q: %v, asked %q", tt.args, err, d.Calls())
			}
			continue
		}
		if calls := d.Calls(); err != nil || len(calls) != 1 || calls[0] != "history "+tt.want || !strings.Contains(errOut, "Nothing") {
			t.Errorf("%q: asked %q, said %q, %v", tt.args, calls, errOut, err)
		}
	}
}
