package stack

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// What git-spice says, as it was seen to say it, and what becomes of that.
func TestReasons(t *testing.T) {
	t.Parallel()
	seen := map[string]string{
		"StoreTooNew":         "FTL git-spice: open store: check store layout: expected store version <= 1, got 2",
		"NotInitialized":      "FTL git-spice: guess trunk: prompt for trunk branch: not allowed to prompt for input",
		"StateLocked":         "FTL git-spice: update state: commit: update: set ref: exit status 128\nFTL stderr:\nFTL fatal: Unable to create '/r/.git/refs/spice/data.lock': File exists.",
		"StateRace":           "FTL git-spice: update state: commit: update: set ref: exit status 128: cannot lock ref 'refs/spice/data': is at 1 but expected 2",
		"NotTracked":          "FTL git-spice: lookup branch: does not exist in store",
		"BranchMissing":       "FTL git-spice: resolve head: does not exist",
		"Exists":              "FTL git-spice: branch 'x' already exists",
		"Cycle":               "FTL git-spice: adding x with base y would create a cycle",
		"TrunkOp":             "FTL git-spice: cannot submit trunk",
		"CheckedOutElsewhere": "FTL fatal: 'c' is already checked out at '/w'",
		"DetachedHead":        "FTL git-spice: get current branch: in detached HEAD state",
		"HookRefused":         "ERR error: pre-rebase hook refused",
		"AutostashConflict":   "ERR Dirty changes in the worktree were stashed, but could not be re-applied.\nFTL git-spice: dirty changes could not be re-applied",
		"DirtyBlocked":        "FTL error: The following untracked working tree files would be overwritten by checkout:",
		"IndexLocked":         "FTL fatal: Unable to create '/r/.git/worktrees/b/index.lock': File exists.",
		"NeedsInput":          "FTL git-spice: prompt for commit information: not allowed to prompt for input",
		"NeedsForce":          "FTL git-spice: use --force to confirm deletion",
		"NeedsRestack":        "ERR Branch b needs to be restacked.\nFTL git-spice: refusing to submit outdated branch",
		"NotLoggedIn":         "FTL git-spice: not logged in to github",
		"Unauthorized":        "FTL git-spice: non-200 OK status code: HTTP status 401",
		"Forbidden":           "FTL git-spice: FORBIDDEN: Resource not accessible by personal access token",
		"RateLimit":           "FTL git-spice: HTTP status 403: You have exceeded a secondary rate limit",
		"RepoNotFound":        "FTL git-spice: NOT_FOUND: Could not resolve to a Repository with the name 'x/y'.",
		"NoCommits":           "FTL git-spice: UNPROCESSABLE: No commits between main and b",
		"UnsupportedForge":    "FTL git-spice: unsupported Git remote \"/x\"",
		"RemoteMoved":         "FTL ! [rejected] a -> a (stale info)",
		"Offline":             "FTL git-spice: dial tcp: lookup github.com: no such host",
		"SigningFailed":       "FTL error: gpg failed to sign the data",
		"NoIdentity":          "FTL Committer identity unknown",
		"DiskFull":            "FTL fatal: write error: No space left on device",
		"NotARepo":            "FTL fatal: not a git repository",
	}
	named := map[string]bool{}
	for _, r := range reasons() {
		named[r.name] = true
		if _, ok := seen[r.name]; !ok {
			t.Errorf("%s was never seen", r.name)
		}
	}
	for name, stderr := range seen {
		r, ok := reasonOf(stderr)
		if !ok || r.name != name || !named[name] {
			t.Errorf("%q is taken for %q, want %q", stderr, r.name, name)
			continue
		}
		e := explain("git-spice x", stderr, &xec.Error{Code: 1})
		if e.Code != r.code || e.Message == "" || strings.Contains(e.Message, "FTL") {
			t.Errorf("%s: %+v", name, e)
		}
	}
	e := explain("git-spice x", "INF all is well\nFTL git-spice: something new\n", &xec.Error{Code: 1})
	if e.Code != api.CodeGit || e.Message != "git-spice x: something new" {
		t.Errorf("%+v", e)
	}
	e = explain("git-spice x", "", &xec.Error{Name: "git-spice", Code: 1})
	if e.Code != api.CodeGit || !strings.Contains(e.Message, "exit status 1") {
		t.Errorf("%+v", e)
	}
	if got := lastSaid("FTL https://me:secret@host/x is wrong"); strings.Contains(got, "secret") {
		t.Errorf("%q", got)
	}
}

func TestReadSubmitted(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]Submitted{
		"INF Created #1: https://github.com/o/r/pull/1\n":                    {Did: "created", Number: 1, URL: "https://github.com/o/r/pull/1"},
		"INF x\nINF Updated #12: https://github.com/o/r/pull/12\n":           {Did: "updated", Number: 12, URL: "https://github.com/o/r/pull/12"},
		"INF CR #3 is up-to-date: https://github.com/o/r/pull/3\n":           {Did: "up-to-date", Number: 3, URL: "https://github.com/o/r/pull/3"},
		"INF WOULD create a CR for a\n":                                      {Did: "would-create"},
		"INF Created !4: https://gitlab.com/o/r/-/merge_requests/4\nINF b\n": {Did: "created", Number: 4, URL: "https://gitlab.com/o/r/-/merge_requests/4"},
		"INF nothing to do\n":                                                {Did: "skipped"},
	} {
		var got Submitted
		got.read(said)
		if got != want {
			t.Errorf("%q: %+v, want %+v", said, got, want)
		}
	}
}
