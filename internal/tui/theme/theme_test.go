package theme_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/muesli/termenv"

	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

func TestProfiles(t *testing.T) {
	for name, tt := range map[string]struct {
		o    theme.Options
		want string
	}{
		"true colour": {theme.Options{Name: theme.Dark, Profile: termenv.TrueColor}, "\x1b[38;2;158;206;105mx\x1b[0m"},
		"256":         {theme.Options{Name: theme.Dark, Profile: termenv.ANSI256}, "\x1b[38;5;149mx\x1b[0m"},
		"16":          {theme.Options{Name: theme.Dark, Profile: termenv.ANSI}, "\x1b[92mx\x1b[0m"},
		"light":       {theme.Options{Name: theme.Auto, Profile: termenv.ANSI}, "\x1b[32mx\x1b[0m"},
		"none":        {theme.Options{Name: theme.Dark, Profile: termenv.TrueColor, NoColor: true}, "x"},
		"own colour":  {theme.Options{Name: theme.Dark, Profile: termenv.TrueColor, Colors: map[string]string{"green": "#010203", "nothing": "#ffffff"}}, "\x1b[38;2;1;2;3mx\x1b[0m"},
	} {
		if got := theme.New(tt.o).Good.Render("x"); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Without colours what matters is still told apart: by weight, and the row under
// the cursor by being turned around.
func TestWithoutColors(t *testing.T) {
	th := theme.New(theme.Options{NoColor: true})
	color := regexp.MustCompile(`\x1b\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]`)
	for _, s := range []theme.Style{th.Selected, th.Waiting, th.Bad, th.Added, th.AddedWord, th.Title, th.Dim} {
		if got := s.Render("x"); color.MatchString(got) {
			t.Errorf("%q has a colour", got)
		}
	}
	if got := th.Selected.Over("a" + th.Bold.Render("b") + "c"); got != "\x1b[7ma\x1b[1mb\x1b[0m\x1b[7mc\x1b[0m" {
		t.Errorf("the row under the cursor is %q", got)
	}
}

// Every sign is one column wide, and ASCII where that is wanted.
func TestSigns(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := theme.New(theme.Options{ASCII: ascii, NoColor: true})
		for _, s := range []api.Status{api.StatusQueued, api.StatusProvisioning, api.StatusRunning, api.StatusWaiting, api.StatusIdle, api.StatusArchived, api.StatusKilled, api.StatusError} {
			sign := th.Sign.Status(s)
			if widget.Width(sign) != 1 || ascii && sign[0] > 0x7e {
				t.Errorf("%s is %q", s, sign)
			}
		}
		if g := th.Sign; widget.Width(g.Tree+g.TreeLast+g.TreePass) != 6 || widget.Width(g.Bar+g.Line+g.TopLeft+g.Scroll+g.More+g.Ahead+g.Ellipsis) != 7 {
			t.Errorf("signs are not as wide as they should be: %+v", g)
		}
	}
	th := theme.New(theme.Options{NoColor: true})
	for want, p := range map[string]api.PullRequestSummary{
		"#7 ✓ ok":   {Number: 7, State: api.PullRequestOpen, Checks: api.ChecksPass, Review: api.ReviewApproved},
		"#8 draft":  {Number: 8, State: api.PullRequestDraft},
		"#9 merged": {Number: 9, State: api.PullRequestMerged, Checks: api.ChecksFail},
	} {
		got := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(th.Pull(&p), "")
		if strings.TrimSpace(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
