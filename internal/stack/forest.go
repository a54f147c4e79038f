package stack

import (
	"slices"
)

// Forest is the stacks of a repository: branches that stand on one another and,
// at the bottom, on trunk.
type Forest struct {
	Commit   string // of refs/spice/data; "" when the repository has no stacks
	Trunk    string
	Remote   string // "" when there is none
	Branches map[string]Branch
}

// Branch is a tracked branch.
type Branch struct {
	Name     string
	Base     string // what it stands on
	BaseHash string // the commit of the base that it was put on last
	Upstream string // its name on the remote, once it was submitted
	Change   *Change
}

// Change is the pull request of a branch, as git-spice knows it.
type Change struct {
	Forge  string // such as "github"
	Number int
	URL    string // "" where git-spice has not said
}

// Children lists the branches that stand directly on one, sorted.
func (f Forest) Children(name string) []string {
	var out []string
	for _, b := range f.Branches {
		if b.Base == name {
			out = append(out, b.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Above lists a branch, unless it is trunk, and all that stand on it, each after
// its base.
func (f Forest) Above(name string) []string {
	children := map[string][]string{}
	for _, b := range f.Branches {
		children[b.Base] = append(children[b.Base], b.Name)
	}
	var out []string
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		if _, ok := f.Branches[name]; ok {
			out = append(out, name)
		}
		next := children[name]
		slices.Sort(next)
		for _, child := range next {
			walk(child)
		}
	}
	walk(name)
	return out
}

// Path lists what is below a tracked branch, from the bottom up to the branch
// itself, without trunk.
func (f Forest) Path(name string) []string {
	var out []string
	seen := map[string]bool{}
	for b, ok := f.Branches[name]; ok && !seen[b.Name]; b, ok = f.Branches[b.Base] {
		seen[b.Name] = true
		out = append(out, b.Name)
	}
	slices.Reverse(out)
	return out
}

// Order lists all tracked branches, each after its base. What stands on nothing
// that leads to trunk, which is a mistake in the data, comes last.
func (f Forest) Order() []string {
	out := f.Above(f.Trunk)
	seen := map[string]bool{}
	for _, name := range out {
		seen[name] = true
	}
	var rest []string
	for name := range f.Branches {
		if !seen[name] {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}
