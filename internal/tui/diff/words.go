package diff

import (
	"slices"
	"unicode/utf8"
)

// mark is a piece of a line that changed.
type mark struct{ from, to int }

const (
	// maxTokens is how many tokens of a line are compared, at most: the work
	// grows with their square.
	maxTokens = 120
	// alike is the part of the longer line that has to be in the other one for
	// the rest to be worth showing: 1/alike.
	alike = 3
)

// changed finds what changed between two lines. Lines that have little in common
// are two lines: nothing of them is marked.
func changed(a, b string) (inA, inB []mark) {
	ta, tb := tokens(a), tokens(b)
	head := 0
	for head < len(ta) && head < len(tb) && ta[head] == tb[head] {
		head++
	}
	tail := 0
	for tail < min(len(ta), len(tb))-head && ta[len(ta)-1-tail] == tb[len(tb)-1-tail] {
		tail++
	}
	keptA, keptB := make([]bool, len(ta)), make([]bool, len(tb))
	for i := range ta {
		keptA[i] = i < head || i >= len(ta)-tail
	}
	for i := range tb {
		keptB[i] = i < head || i >= len(tb)-tail
	}
	common(ta[head:len(ta)-tail], tb[head:len(tb)-tail], keptA[head:], keptB[head:])
	same := 0
	for i, t := range ta {
		if keptA[i] && t != " " {
			same += len(t)
		}
	}
	if same*alike < max(len(a), len(b)) {
		return nil, nil
	}
	return marks(ta, keptA), marks(tb, keptB)
}

// common notes the longest part that two lists of tokens have in common.
func common(a, b []string, keptA, keptB []bool) {
	if len(a) == 0 || len(b) == 0 || len(a) > maxTokens || len(b) > maxTokens {
		return
	}
	width := len(b) + 1
	table := make([]uint8, (len(a)+1)*width)
	for i := range slices.Backward(a) {
		for j := range slices.Backward(b) {
			if a[i] == b[j] {
				table[i*width+j] = table[(i+1)*width+j+1] + 1
			} else {
				table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			keptA[i], keptB[j] = true, true
			i, j = i+1, j+1
		case table[(i+1)*width+j] >= table[i*width+j+1]:
			i++
		default:
			j++
		}
	}
}

// marks joins tokens that are not kept to pieces of the line. A blank between two
// of them is part of the piece.
func marks(tokens []string, kept []bool) []mark {
	var out []mark
	at := 0
	for i, t := range tokens {
		blank := t == " " && i > 0 && i+1 < len(tokens) && !kept[i-1] && !kept[i+1]
		if !kept[i] || blank {
			if n := len(out); n > 0 && out[n-1].to == at {
				out[n-1].to = at + len(t)
			} else {
				out = append(out, mark{at, at + len(t)})
			}
		}
		at += len(t)
	}
	return out
}

// tokens are the words of a line, and every letter between them.
func tokens(s string) []string {
	out := make([]string, 0, len(s)/4+1)
	for i := 0; i < len(s); {
		n := 0
		for i+n < len(s) && wordly(s[i+n]) {
			n++
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(s[i:])
		}
		out = append(out, s[i:i+n])
		i += n
	}
	return out
}

func wordly(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= utf8.RuneSelf
}
