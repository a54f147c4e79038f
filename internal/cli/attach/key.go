package attach

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// key is a letter with ctrl, which leaves an agent's terminal.
type key struct {
	name string
	char byte // the letter
}

// letters are those of a key: ctrl with h, i, j and m is what backspace, tab and
// enter send.
const letters = `abcdefgklnopqrstuvwxyz]\^_`

// parseKey reads a key such as ctrl+q.
func parseKey(name string) (key, error) {
	char, ok := strings.CutPrefix(strings.ToLower(name), "ctrl+")
	if !ok || len(char) != 1 || !strings.Contains(letters, char) {
		return key{}, &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%q is no key that leaves a terminal", name),
			Hint: `Give one such as "ctrl+q" or "ctrl+]".`,
		}
	}
	return key{name: "ctrl+" + char, char: char[0]}, nil
}

// cut returns what was typed before the key, and whether that was typed. Programs
// may have made the terminal send it as a sequence.
func (k key) cut(typed []byte) (before []byte, found bool) {
	for i, c := range typed {
		if c == k.char&0x1f || c == 0x1b && k.begins(typed[i:]) {
			return typed[:i], true
		}
	}
	return typed, false
}

// begins reports whether a sequence is the key, pressed: CSI letter;modifiers u,
// or CSI 27;modifiers;letter ~ as xterm has it.
func (k key) begins(seq []byte) bool {
	body, ok := bytes.CutPrefix(seq, []byte("\x1b["))
	end := bytes.IndexAny(body, "u~")
	if !ok || end < 0 {
		return false
	}
	params := strings.Split(string(body[:end]), ";")
	if body[end] == '~' {
		if len(params) != 3 || params[0] != "27" {
			return false
		}
		params = []string{params[2], params[1]}
	}
	if len(params) < 2 {
		return false
	}
	char, _, _ := strings.Cut(params[0], ":")
	modifiers, event, _ := strings.Cut(params[1], ":")
	n, err := strconv.Atoi(modifiers)
	const ctrl, locks = 4, 64 | 128
	return err == nil && char == strconv.Itoa(int(k.char)) && (n-1)&^locks == ctrl && event != "3" // its release
}
