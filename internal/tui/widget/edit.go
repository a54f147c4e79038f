package widget

import (
	"slices"
	"strings"
)

// maxCompare is how many lines of an edit are compared, at most: the work grows
// with their square.
const maxCompare = 400

// DiffSize counts the lines an edit adds and removes. Old is nil for a new
// file.
func DiffSize(old *string, text string) (added, removed int) {
	for _, l := range Edit(old, text, 0) {
		switch l[0] {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return added, removed
}

// Edit is the lines of an edit, each behind '+', '-' or ' ', with so many lines
// around what changed.
func Edit(old *string, text string, around int) []string {
	b := splitLines(text)
	if old == nil {
		return prefixAll("+", b)
	}
	a := splitLines(*old)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []string
	out = append(out, prefixAll(" ", a[max(head-around, 0):head])...)
	out = append(out, compare(a[head:len(a)-tail], b[head:len(b)-tail])...)
	end := a[len(a)-tail:]
	return append(out, prefixAll(" ", end[:min(around, len(end))])...)
}

// compare is the longest common part of two texts, and what is not of it.
func compare(a, b []string) []string {
	if len(a) > maxCompare || len(b) > maxCompare {
		return append(prefixAll("-", a), prefixAll("+", b)...)
	}
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := range slices.Backward(a) {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, " "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, "-"+a[i])
			i++
		default:
			out = append(out, "+"+b[j])
			j++
		}
	}
	return out
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func prefixAll(mark string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = mark + l
	}
	return out
}
