package worktree

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// user is a process that works in a directory.
type user struct {
	pid  int
	name string
}

// inside finds the processes whose working directory or an open file is in a
// directory. Those of other users cannot be seen.
func inside(dir string) []user {
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var found []user
	for _, proc := range procs {
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil || pid == os.Getpid() || !uses(proc, dir) {
			continue
		}
		name, _ := os.ReadFile(proc + "/comm") // it may have ended by now
		found = append(found, user{pid: pid, name: strings.TrimSpace(string(name))})
	}
	return found
}

func uses(proc, dir string) bool {
	if within(proc+"/cwd", dir) {
		return true
	}
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return false
	}
	for _, fd := range fds {
		if within(filepath.Join(proc, "fd", fd.Name()), dir) {
			return true
		}
	}
	return false
}

func within(link, dir string) bool {
	to, err := os.Readlink(link)
	return err == nil && (to == dir || strings.HasPrefix(to, dir+"/"))
}

// describe names processes for a person.
func describe(users []user) string {
	var names []string
	for i, u := range users {
		if i == 3 {
			names = append(names, fmt.Sprintf("%d more", len(users)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s (pid %d)", u.name, u.pid))
	}
	return strings.Join(names, ", ")
}
