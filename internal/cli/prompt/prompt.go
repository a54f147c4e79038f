// Package prompt reads what a person wants to tell an agent: from arguments, a
// file, standard input or an editor.
package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/cli/editor"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/iostreams"
)

// Max bounds a prompt, in bytes.
const Max = 1 << 20

// scissors ends the text of a person in the editor's file.
const scissors = "# ------------------------ >8 ------------------------"

const template = "\n" + scissors + `
# Write above this line what the agent shall do. Nothing written: nothing is sent.
`

// Source is where a prompt comes from: Args, else File, else standard input
// when it is no terminal, else an editor.
type Source struct {
	IO      *iostreams.IOStreams
	Environ []string // of the editor, which VISUAL and EDITOR in it name
	Args    []string
	File    string // - is standard input
	Message bool   // to an agent that has its prompt
}

// noun is what is read.
func (s Source) noun() string {
	if s.Message {
		return "message"
	}
	return "prompt"
}

// Read returns the prompt, trimmed. What no agent could take is a usage error.
func (s Source) Read(ctx context.Context) (string, error) {
	text, err := s.read(ctx)
	if err != nil {
		return "", err
	}
	return text, s.check(text)
}

func (s Source) read(ctx context.Context) (string, error) {
	switch {
	case len(s.Args) > 0 && s.File != "":
		return "", exitcode.Usagef("the %s is given twice: as arguments and by --file", s.noun())
	case len(s.Args) == 1 && s.Args[0] == "-", s.File == "-":
		return slurp(s.IO.In, "standard input")
	case len(s.Args) > 0:
		return strings.TrimSpace(strings.Join(s.Args, " ")), nil
	case s.File != "":
		f, err := os.Open(s.File)
		if err != nil {
			return "", exitcode.Usagef("read the %s: %v", s.noun(), err)
		}
		defer func() { _ = f.Close() }()
		return slurp(f, s.File)
	case !s.IO.InTTY():
		return slurp(s.IO.In, "standard input")
	case !s.IO.CanAsk():
		return "", exitcode.Usagef("there is no %s", s.noun())
	}
	return s.edit(ctx)
}

func slurp(r io.Reader, name string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, Max+1))
	if err != nil {
		return "", fmt.Errorf("read the prompt from %s: %w", name, err)
	}
	if len(b) > Max {
		return "", tooLong(name)
	}
	return strings.TrimSpace(string(b)), nil
}

func (s Source) check(text string) error {
	switch {
	case text == "":
		hint := `say what to do: hf create "fix the tests"`
		if s.Message {
			hint = `say something: hf send TASK "run the tests again"`
		}
		return &exitcode.UsageError{Message: "the " + s.noun() + " is empty", Hint: hint}
	case len(text) > Max:
		return tooLong("the " + s.noun())
	case strings.ContainsRune(text, 0):
		return &exitcode.UsageError{Message: "the " + s.noun() + " contains a NUL byte", Hint: "put binary data into a file of the repository and name that file"}
	case !utf8.ValidString(text):
		return &exitcode.UsageError{Message: "the " + s.noun() + " is not valid UTF-8", Hint: "convert it first: iconv -t UTF-8"}
	}
	return nil
}

func tooLong(what string) error {
	return &exitcode.UsageError{
		Message: what + " is longer than 1 MiB, the most an agent is given at once",
		Hint:    "put the text into a file of the repository and name the file in the prompt",
	}
}

// edit lets the person write in their editor.
func (s Source) edit(ctx context.Context) (_ string, err error) {
	f, err := os.CreateTemp("", "hf-prompt-*.md") // 0600
	if err != nil {
		return "", fmt.Errorf("make a file for the prompt: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(template)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("prepare the prompt: %w", err)
	}
	if err := editor.Run(ctx, s.Environ, f.Name()); err != nil {
		return "", err
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		return "", fmt.Errorf("read the prompt: %w", err)
	}
	text, _, _ := strings.Cut(string(b), scissors)
	return strings.TrimSpace(text), nil
}
