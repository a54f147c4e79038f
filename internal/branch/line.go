package branch

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
)

// refs is the branches of a repository, its own and those of the remote that hf
// works with.
type refs struct {
	heads   map[string]string // commits, by name
	follows map[string]string // the refs that they follow, by name
	remote  string            // "" when there is none
	remotes map[string]string // commits of that remote's branches, by their name there
	trunk   string            // the branch the remote says work starts from, "" where it does not
	spice   string            // the commit of git-spice's record, "" for none
}

// What refs are called.
const (
	headPrefix   = "refs/heads/"
	remotePrefix = "refs/remotes/"
	spiceRef     = "refs/spice/data"
)

// sortRefs takes the refs of a repository apart. preferred is the remote that
// git-spice was told to use, "" for none.
func sortRefs(list []git.Ref, preferred string) refs {
	r := refs{heads: map[string]string{}, follows: map[string]string{}, remotes: map[string]string{}}
	r.remote = remoteOf(list, preferred)
	for _, ref := range list {
		if name, ok := strings.CutPrefix(ref.Name, headPrefix); ok {
			r.heads[name], r.follows[name] = ref.Commit, ref.Upstream
			continue
		}
		if ref.Name == spiceRef {
			r.spice = ref.Commit
			continue
		}
		name, ok := strings.CutPrefix(ref.Name, remotePrefix+r.remote+"/")
		switch {
		case !ok || r.remote == "":
		case name == "HEAD":
			r.trunk = strings.TrimPrefix(ref.Symbolic, remotePrefix+r.remote+"/")
		default:
			r.remotes[name] = ref.Commit
		}
	}
	return r
}

// remoteOf is the remote that hf works with: the preferred one, origin, or the
// only one there are refs of.
func remoteOf(list []git.Ref, preferred string) string {
	found := map[string]bool{}
	for _, ref := range list {
		if rest, ok := strings.CutPrefix(ref.Name, remotePrefix); ok {
			if preferred != "" && strings.HasPrefix(rest, preferred+"/") {
				return preferred // whose name may have slashes
			}
			name, _, _ := strings.Cut(rest, "/")
			found[name] = true
		}
	}
	switch {
	case found["origin"]:
		return "origin"
	case len(found) == 1:
		return slices.Collect(maps.Keys(found))[0]
	}
	return ""
}

// line is a branch, and what it is compared with.
type line struct {
	name    string
	head    string
	task    *task.Task // the live one, nil for none
	tracked bool
	base    string // "" for the trunk
	against string // the commit of the base that its own commits are counted from, "" when there is none
	onto    string // the commit that a restack would put it on, "" where that means nothing
	follows string // the branch of a remote that it is pushed to, "" for none
	pushed  string // the commit of that

	// Git-spice's record may be of an earlier branch of that name. Where it says
	// something else than the task, otherwise is the line as the task has it, and
	// since the commit of the base that the record is of.
	otherwise *line
	since     string
}

// trunkOf is the branch that work starts from.
func trunkOf(r refs, forest stack.Forest, repo *task.Repo) string {
	for _, name := range []string{forest.Trunk, repo.DefaultBranch, r.trunk, "main", "master"} {
		if name == "" {
			continue
		}
		if _, ok := r.heads[name]; ok {
			return name
		}
		if _, ok := r.remotes[name]; ok {
			return name
		}
	}
	return cmp.Or(forest.Trunk, repo.DefaultBranch)
}

// commit is where a branch is: here or, where it is newer there or only there,
// on the remote.
func (r refs) commit(name string, remoteFirst bool) string {
	here, there := r.heads[name], r.remotes[name]
	if remoteFirst {
		return cmp.Or(there, here)
	}
	return cmp.Or(here, there)
}

// lines says of each branch what it stands on: as git-spice has it, else as its
// task has it, else the trunk. They are sorted by name.
func lines(r refs, forest stack.Forest, trunk string, tasks []task.Task) []*line {
	byBranch, byID := map[string]*task.Task{}, map[string]*task.Task{}
	for i := range tasks {
		t := &tasks[i]
		byID[t.ID] = t
		if t.Branch != "" {
			byBranch[t.Branch] = t
		}
	}
	var out []*line
	for _, name := range slices.Sorted(maps.Keys(r.heads)) {
		l := &line{name: name, head: r.heads[name], task: byBranch[name]}
		l.follow(r, forest, trunk)
		out = append(out, l)
		if name == trunk {
			continue
		}
		spiced, tracked := forest.Branches[name]
		own := trunk
		switch {
		case l.task != nil && l.task.Parent != "" && byID[l.task.Parent] != nil:
			own = byID[l.task.Parent].Branch
		case l.task != nil:
			own = cmp.Or(l.task.Base, trunk) // there may be none yet
		}
		l.tracked, l.base = tracked, own
		if tracked {
			l.base = spiced.Base
		}
		if l.task != nil && l.base != own {
			l.otherwise, l.since = &line{}, spiced.BaseHash
			*l.otherwise = *l
			l.otherwise.base, l.otherwise.tracked, l.otherwise.otherwise = own, false, nil
			l.otherwise.compare(r, trunk)
		}
		l.compare(r, trunk)
	}
	return out
}

// compare finds the commits that the branch is compared with. hf begins tasks
// where the remote has the trunk, so that is what their commits are counted
// from; git-spice restacks onto the branch that is here.
func (l *line) compare(r refs, trunk string) {
	named := l.task != nil && l.task.NamedBase
	l.against = r.commit(l.base, l.base == trunk && !named)
	if l.tracked || l.task != nil {
		l.onto = r.commit(l.base, false)
	}
	if l.against == "" && l.task != nil {
		l.against = l.task.BaseCommit // the base is a commit, or is gone
	}
}

// follow finds the branch of the remote that this one is pushed to: the one that
// git-spice pushed it to, one of its name, or the one it is configured to
// follow, unless that is the trunk, which is where it came from.
func (l *line) follow(r refs, forest stack.Forest, trunk string) {
	names := []string{forest.Branches[l.name].Upstream, l.name}
	if there, ok := strings.CutPrefix(r.follows[l.name], remotePrefix+r.remote+"/"); ok && there != trunk {
		names = append(names, there)
	}
	for _, name := range names {
		if commit := r.remotes[name]; name != "" && commit != "" {
			l.follows, l.pushed = r.remote+"/"+name, commit
			return
		}
	}
}
