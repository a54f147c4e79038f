package stack_test

import (
	"testing"

	"github.com/hf-dev/hf/internal/stack"
)

// 3: a stack of three, each in a worktree of its own.
func TestRestackAcrossWorktrees(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c up_to_date")
	m.commit("wt-a", "more", "more\n")
	m.commit("repo", "trunk", "more\n")
	m.restack(stack.RestackRequest{}, "a restacked", "b restacked", "c restacked")
	m.stands("a", "b", "c")
	m.clean("repo", "wt-a", "wt-b", "wt-c")
	m.tidy()
}
