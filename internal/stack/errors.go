package stack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// lockedMessage is what git says when the lock of git-spice's data is there.
const lockedMessage = "data.lock': File exists"

// raceMessage is what git-spice says when another one changed its data first.
const raceMessage = "cannot lock ref 'refs/spice/data'"

// reason is a way in which git-spice does not succeed. Its exit code is always
// 1: what it says tells them apart.
type reason struct {
	name      string
	any       []string // parts of what it says, as it writes them
	code      api.Code
	message   string // "" = what it said
	hint      string
	retryable bool
}

// reasons are those of git-spice itself, of the forge and of git. The more
// particular ones come first.
func reasons() []reason { return slices.Concat(ownReasons(), forgeReasons(), gitReasons()) }

func ownReasons() []reason {
	return []reason{
		{
			name: "StoreTooNew", any: []string{"expected store version <="}, code: api.CodeTooOld,
			message: "this git-spice is too old for what a newer one has written here", hint: "upgrade git-spice: " + install,
		},
		{
			name: "NotInitialized", any: []string{"guess trunk:", "guess upstream remote:"}, code: api.CodeConflict,
			message: "the repository is not prepared for stacks", hint: "name its trunk and remote: `hf stack track` does, or git-spice repo init",
		},
		{
			name: "StateLocked", any: []string{lockedMessage}, code: api.CodeConflict,
			message: "git-spice's data is locked", hint: "another git-spice may be at work; if none is, remove refs/spice/data.lock below the .git directory", retryable: true,
		},
		{
			name: "StateRace", any: []string{raceMessage}, code: api.CodeConflict,
			message: "another git-spice changed the stacks at the same moment", hint: "try again", retryable: true,
		},
		{name: "Cycle", any: []string{"would create a cycle"}, code: api.CodeInvalid, message: "a branch cannot stand on one that is above it"},
		{
			name: "TrunkOp", any: []string{"trunk cannot be restacked", "cannot submit trunk", "cannot track trunk branch"}, code: api.CodeInvalid,
			message: "that cannot be done with trunk", hint: "name a branch of the stack",
		},
		{
			name: "NotTracked", any: []string{"untracked branch", "is not tracked", "does not exist in store"}, code: api.CodeNotFound,
			message: "the branch is in no stack", hint: "hf stack track",
		},
		{
			name: "BranchMissing", any: []string{"resolve head: does not exist", "peel to commit: does not exist", "branch does not exist"}, code: api.CodeNotFound,
			message: "the branch does not exist any more", hint: "hf stack untrack",
		},
	}
}

func forgeReasons() []reason {
	return []reason{
		{
			name: "NotLoggedIn", any: []string{"not logged in to"}, code: api.CodeUnauthorized,
			message: "git-spice has no login for the forge", hint: "hf auth login",
		},
		{
			name: "Unauthorized", any: []string{"HTTP status 401", "401 Unauthorized", "Bad credentials"}, code: api.CodeUnauthorized,
			message: "the forge does not accept the token", hint: "hf auth login",
		},
		{
			name: "RateLimit", any: []string{"rate limit", "429 Too Many Requests", "HTTP status 429"}, code: api.CodeLimit,
			message: "the forge's rate limit is used up", hint: "wait, then try again", retryable: true,
		},
		{
			name: "Forbidden", any: []string{"FORBIDDEN:", "HTTP status 403", "403 Forbidden"}, code: api.CodeUnauthorized,
			message: "the token may not do this", hint: "it needs write access to the repository and its pull requests",
		},
		{
			name: "RepoNotFound", any: []string{"NOT_FOUND: Could not resolve to a Repository", "HTTP status 404", "404 Not Found"}, code: api.CodeNotFound,
			message: "the forge does not know this repository, or hides it from the token", hint: "look at the remote's URL, and at what the token may see",
		},
		{
			name: "NoCommits", any: []string{"UNPROCESSABLE: No commits between"}, code: api.CodeConflict,
			message: "the branch has no commits of its own", hint: "commit something first",
		},
		{
			name: "NeedsRestack", any: []string{"refusing to submit outdated branch", "needs to be restacked"}, code: api.CodeConflict,
			message: "the branch does not stand on its base", hint: "hf stack restack, then submit",
		},
		{
			name: "RemoteMoved", any: []string{"(stale info)", "[rejected]"}, code: api.CodeConflict,
			message: "somebody else has pushed to the branch", hint: "fetch, and take over what is new there",
		},
		{
			name: "UnsupportedForge", any: []string{"unsupported Git remote"}, code: api.CodeInvalid,
			message: "the remote is on no forge that git-spice knows", hint: "hf push pushes without a pull request",
		},
		{name: "HookRefused", any: []string{"hook refused", "hook declined"}, code: api.CodeGit, hint: "see what the hook wants"},
		{
			name: "Offline", any: []string{"dial tcp", "Could not read from remote repository", "unable to access", "HTTP status 5", "status code: 5", "Could not resolve host", "connection broken", "connection reset", "unexpected EOF", "\": EOF"}, code: api.CodeUnavailable,
			hint: "see whether the network and the remote are there, then try again", retryable: true,
		},
	}
}

func gitReasons() []reason {
	return []reason{
		{name: "CheckedOutElsewhere", any: []string{
			"is already checked out at", "already used by worktree at", "checked out in another worktree", "Cannot delete branch", "refusing to fetch into branch",
		}, code: api.CodeConflict, hint: "it can be done in the worktree that has it only"},
		{
			name: "DirtyBlocked", any: []string{"untracked working tree files would be overwritten", "Cannot autostash"}, code: api.CodeConflict,
			message: "uncommitted files are in the way", hint: "commit them or move them away, then try again",
		},
		{
			name: "AutostashConflict", any: []string{"dirty changes could not be re-applied", "could not be re-applied"}, code: api.CodeConflict,
			message: "uncommitted changes do not fit the new base", hint: "they are in `git stash list`: resolve what is unmerged, then git stash drop",
		},
		{
			name: "IndexLocked", any: []string{"index.lock"}, code: api.CodeConflict,
			message: "another git is at work in the worktree", hint: "try again when it has ended", retryable: true,
		},
		{
			name: "NeedsForce", any: []string{"use --force to confirm", "not fully merged", "branch not deleted"}, code: api.CodeConflict,
			message: "the branch has commits that are nowhere else", hint: "--force does it all the same",
		},
		{name: "SigningFailed", any: []string{"gpg failed to sign"}, code: api.CodeGit, message: "git could not sign a commit"},
		{
			name: "NoIdentity", any: []string{"Committer identity unknown", "Please tell me who you are"}, code: api.CodeGit,
			message: "git does not know who you are", hint: "git config --global user.name NAME; git config --global user.email EMAIL",
		},
		{
			name: "DetachedHead", any: []string{"in detached HEAD state"}, code: api.CodeConflict,
			message: "the worktree is on no branch", hint: "a rebase or a bisection may wait there: git status says",
		},
		{name: "Exists", any: []string{"already exists"}, code: api.CodeExists, hint: "choose another name"},
		{
			name: "DiskFull", any: []string{"No space left on device", "no space left on device", "Disk quota exceeded"}, code: api.CodeDiskFull,
			hint: "free some space, then try again", retryable: true,
		},
		{name: "NeedsInput", any: []string{"not allowed to prompt for input"}, code: api.CodeInternal, hint: "this is a mistake in hf: please report it"},
		{name: "NotARepo", any: []string{"not a git repository"}, code: api.CodeInvalid, hint: "git-spice found no repository there"},
	}
}

// reasonOf finds why git-spice did not succeed in what it said.
func reasonOf(stderr string) (reason, bool) {
	for _, r := range reasons() {
		for _, part := range r.any {
			if strings.Contains(stderr, part) {
				return r, true
			}
		}
	}
	return reason{}, false
}

// explain turns what git-spice said into an error for a person.
func explain(what, stderr string, x *xec.Error) *api.Error {
	tail := lastSaid(stderr)
	r, ok := reasonOf(stderr)
	if !ok {
		if tail == "" {
			tail = x.Error()
		}
		return &api.Error{Code: api.CodeGit, Message: what + ": " + tail}
	}
	out := &api.Error{Code: r.code, Message: what + ": " + r.message, Hint: r.hint, Retryable: r.retryable}
	switch {
	case r.message == "":
		out.Message = what + ": " + tail
	case tail != "":
		out.Message += " (" + tail + ")"
	}
	return out
}

var (
	logLevel = regexp.MustCompile(`^(?:DBG|INF|WRN|ERR|FTL)\s+`)
	ownName  = regexp.MustCompile(`^(?:git-spice|gs): `)
	userInfo = regexp.MustCompile(`://[^/@\s]*@`)
)

// lastSaid is the end of what git-spice said, without what only it would say of
// itself: its advice is for somebody who runs it by hand.
func lastSaid(stderr string) string {
	var lines []string
	for line := range strings.Lines(stderr) {
		level := logLevel.FindString(line)
		line = strings.TrimSpace(ownName.ReplaceAllString(strings.TrimPrefix(line, level), ""))
		switch {
		case line == "", line == "stderr:", strings.HasPrefix(level, "INF"), strings.HasPrefix(level, "DBG"),
			strings.HasPrefix(line, "hint:"), strings.Contains(line, "rebase continue"), strings.Contains(line, "rebase abort"),
			strings.HasPrefix(line, "Resolve the conflict and run"), strings.HasPrefix(line, "Or abort the operation"),
			// Of files that are in the way their names are left.
			strings.Contains(line, "untracked working tree files would be overwritten"), strings.HasPrefix(line, "Please move or remove them"),
			line == "Aborting", strings.HasSuffix(line, "could not detach HEAD"), strings.HasSuffix(line, ": rebase: exit status 1"):
			continue
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines[max(0, len(lines)-3):], "; ")
	text, _, _ = strings.Cut(text, " body: ") // a page of HTML, at times
	return userInfo.ReplaceAllString(strings.ToValidUTF8(text[max(0, len(text)-500):], ""), "://")
}
