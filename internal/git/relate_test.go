package git_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/xec"
)

// grow makes commits of a random shape without a file, by one process, and
// returns the branches that point at them. skew is how wrong clocks are.
func (f *fixture) grow(rnd *rand.Rand, commits int, skew int64) []string {
	f.Helper()
	var in strings.Builder
	var tips []string
	for i := 1; i <= commits; i++ {
		when := int64(1_700_000_000) + int64(i)*60
		if skew > 0 {
			when += rnd.Int64N(2*skew) - skew
		}
		fmt.Fprintf(&in, "commit refs/heads/r%d\nmark :%d\ncommitter c <c@example.com> %d +0000\ndata 1\n%d\n", i, i, when, i%10)
		if i > 1 && rnd.IntN(40) > 0 { // else another root
			from := max(1, i-1-rnd.IntN(12))
			fmt.Fprintf(&in, "from :%d\n", from)
			for rnd.IntN(5) == 0 {
				fmt.Fprintf(&in, "merge :%d\n", 1+rnd.IntN(i-1))
			}
		}
		in.WriteString("\n")
		tips = append(tips, "r"+strconv.Itoa(i))
	}
	err := xec.Run(f.Context(), xec.Cmd{Argv: []string{"git", "fast-import", "--quiet", "--force"}, Dir: f.path("repo"), Env: f.env, Stdin: strings.NewReader(in.String())})
	if err != nil {
		f.Fatal(err)
	}
	return tips
}

func (f *fixture) heads() map[string]string {
	f.Helper()
	refs, err := f.run.Refs(f.Context(), f.repo, "refs/heads")
	if err != nil {
		f.Fatal(err)
	}
	heads := map[string]string{}
	for _, r := range refs {
		heads[strings.TrimPrefix(r.Name, "refs/heads/")] = r.Commit
	}
	return heads
}

// ask is what git itself says of a pair.
func (f *fixture) ask(p git.Pair) git.Relation {
	f.Helper()
	var want git.Relation
	counts := strings.Fields(f.git("repo", "rev-list", "--left-right", "--count", p.Ours+"..."+p.Theirs))
	want.Ahead, _ = strconv.Atoi(counts[0])
	want.Behind, _ = strconv.Atoi(counts[1])
	base, _ := f.try("repo", "merge-base", "--all", p.Ours, p.Theirs)
	want.Base = base
	return want
}

func TestRelateSaysWhatGitSays(t *testing.T) {
	for seed := range uint64(3) {
		f := newFixture(t)
		rnd := rand.New(rand.NewPCG(seed, 1))
		tips := f.grow(rnd, 400, []int64{0, 50, 100_000}[seed])
		heads := f.heads()
		var pairs []git.Pair
		for range 10 {
			pairs = append(pairs, git.Pair{Ours: heads[tips[rnd.IntN(len(tips))]], Theirs: heads[tips[rnd.IntN(len(tips))]]})
		}
		got, err := f.run.Relate(t.Context(), f.repo, pairs)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			want, have := f.ask(p), got[p]
			bases := want.Base
			if want.Base, want.Time = have.Base, have.Time; have != want || !strings.Contains(bases+"\n", have.Base) || (bases == "") != (have.Base == "") {
				t.Errorf("seed %d: %v is %+v, want %+v of %q", seed, p, have, want, bases)
			}
		}
	}
}

func TestRelateReadsNoMoreThanItNeeds(t *testing.T) {
	f := newFixture(t)
	var in strings.Builder
	in.WriteString("reset refs/heads/long\n\n")
	for i := range 6000 {
		fmt.Fprintf(&in, "commit refs/heads/long\ncommitter c <c@example.com> %d +0000\ndata 0\n\n", 1_600_000_000+i)
		if i == 5900 {
			in.WriteString("reset refs/heads/short\nfrom refs/heads/long\n\ncommit refs/heads/short\ncommitter c <c@example.com> 1600005999 +0000\ndata 0\n\n")
		}
	}
	err := xec.Run(t.Context(), xec.Cmd{Argv: []string{"git", "fast-import", "--quiet", "--force"}, Dir: f.path("repo"), Env: f.env, Stdin: strings.NewReader(in.String())})
	if err != nil {
		t.Fatal(err)
	}
	heads := f.heads()
	p := git.Pair{Ours: heads["short"], Theirs: heads["long"]}
	apart := git.Pair{Ours: heads["main"], Theirs: heads["long"]}
	got, read, err := git.RelateWithin(t.Context(), f.run, f.repo, []git.Pair{p}, 5000)
	if want := f.ask(p); err != nil || got[p].Ahead != 1 || got[p].Behind != 99 || got[p].Base+"\n" != want.Base {
		t.Errorf("%+v, %v; want %+v", got[p], err, want)
	}
	if read > 1000 {
		t.Errorf("%d commits were read of a history of 6000 that parts 100 back", read)
	}
	got, _, err = git.RelateWithin(t.Context(), f.run, f.repo, []git.Pair{apart, p}, 5000)
	if _, known := got[apart]; err != nil || known || got[p].Behind != 99 {
		t.Errorf("beside what parts too far back: %+v, %v", got, err)
	}
}

func TestRelateLeavesOutWhatIsMissing(t *testing.T) {
	f := newFixture(t)
	main := f.git("repo", "rev-parse", "main")
	f.git("repo", "commit", "-q", "--allow-empty", "-m", "second")
	second := f.git("repo", "rev-parse", "main")
	f.git("repo", "checkout", "-q", "--orphan", "other")
	f.git("repo", "commit", "-qm", "unrelated")
	other := f.git("repo", "rev-parse", "other")
	gone := strings.Repeat("de", 20)
	there, missing, apart := git.Pair{Ours: second, Theirs: main}, git.Pair{Ours: main, Theirs: gone}, git.Pair{Ours: other, Theirs: second}
	got, err := f.run.Relate(t.Context(), f.repo, []git.Pair{missing, there, apart})
	if err != nil {
		t.Fatal(err)
	}
	if r := got[there]; r.Ahead != 1 || r.Behind != 0 || r.Base != main || time.Since(time.Unix(r.Time, 0)) > time.Hour {
		t.Errorf("%+v", r)
	}
	if r := got[apart]; r.Ahead != 1 || r.Behind != 2 || r.Base != "" {
		t.Errorf("unrelated: %+v", r)
	}
	if r, ok := got[missing]; ok {
		t.Errorf("missing: %+v", r)
	}
	if got, err := f.run.Relate(t.Context(), f.repo, nil); err != nil || len(got) > 0 {
		t.Errorf("nothing to relate: %v, %v", got, err)
	}
}

func TestRefsOfEveryKind(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "remote", "add", "origin", "https://example.invalid/x.git")
	f.git("repo", "update-ref", "refs/remotes/origin/main", "main")
	f.git("repo", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	f.git("repo", "branch", "feat/a")
	f.git("repo", "branch", "--set-upstream-to=origin/main", "feat/a")
	f.git("repo", "pack-refs", "--all")
	f.git("repo", "branch", "feat/ab")
	f.write("repo/.git/refs/heads/broken", "nonsense\n")
	f.write("repo/.git/refs/heads/lost", strings.Repeat("ab", 20)+"\n")
	main := f.git("repo", "rev-parse", "main")
	got, err := f.run.Refs(t.Context(), f.repo, "refs/heads", "refs/remotes")
	if err != nil {
		t.Fatal(err)
	}
	want := []git.Ref{
		{Name: "refs/heads/feat/a", Commit: main, Upstream: "refs/remotes/origin/main"},
		{Name: "refs/heads/feat/ab", Commit: main},
		{Name: "refs/heads/lost", Commit: strings.Repeat("ab", 20)},
		{Name: "refs/heads/main", Commit: main},
		{Name: "refs/remotes/origin/HEAD", Commit: main, Symbolic: "refs/remotes/origin/main"},
		{Name: "refs/remotes/origin/main", Commit: main},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
