// Package format is `hfd format`: it prints the JSON documents on standard
// input through a jq expression or a Go template. hf runs it as a child, so
// that every start of hf does not pay for the packages that do it.
package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/cli/go-gh/v2/pkg/jq"
	"github.com/cli/go-gh/v2/pkg/template"
)

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // the expression or template is wrong
)

const defaultWidth = 80

// Main formats every document of stdin, each as soon as it is there. args are
// --jq EXPRESSION or --template TEMPLATE, and --color and --width COLUMNS. It
// returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("hfd format", flag.ContinueOnError)
	fs.SetOutput(stderr)
	expr := fs.String("jq", "", "a jq expression")
	tmpl := fs.String("template", "", "a Go template")
	color := fs.Bool("color", false, "colour the output")
	width := fs.Int("width", defaultWidth, "columns of the terminal")
	if err := fs.Parse(args); err != nil {
		return exitUsage
	}
	var err error
	switch {
	case fs.NArg() > 0 || (*expr == "") == (*tmpl == ""):
		err = &usageError{errors.New("hfd format needs --jq EXPRESSION or --template TEMPLATE")}
	case *expr != "":
		err = filter(stdin, stdout, *expr, *color)
	default:
		err = execute(stdin, stdout, *tmpl, *color, *width)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, err)
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// usageError is an expression or template that cannot work on any document.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

func filter(in io.Reader, out io.Writer, expr string, color bool) error {
	if err := checkJQ(expr); err != nil {
		return err
	}
	indent := ""
	if color {
		indent = "  "
	}
	return each(in, func(doc []byte) error {
		// A document's output is written at once: the reader sees whole lines.
		var b bytes.Buffer
		err := jq.EvaluateFormatted(bytes.NewReader(doc), &b, expr, indent, color)
		if _, werr := out.Write(b.Bytes()); werr != nil {
			return werr
		}
		return err
	})
}

// checkJQ compiles an expression. On an empty list no filter has anything to
// fail on but itself.
func checkJQ(expr string) error {
	err := jq.Evaluate(strings.NewReader("null"), io.Discard, "empty | ("+expr+"\n)")
	if err == nil {
		return nil
	}
	// Say it of the expression as it was given.
	if given := jq.Evaluate(strings.NewReader("null"), io.Discard, expr); given != nil {
		err = given
	}
	return &usageError{fmt.Errorf("jq: %w", err)}
}

func execute(in io.Reader, out io.Writer, tmpl string, color bool, width int) error {
	t := template.New(out, width, color)
	if err := t.Parse(tmpl); err != nil {
		return &usageError{fmt.Errorf("template: %w", err)}
	}
	err := each(in, func(doc []byte) error {
		if err := t.Execute(bytes.NewReader(doc)); err != nil {
			return fmt.Errorf("template: %w", err)
		}
		return nil
	})
	return errors.Join(err, t.Flush())
}

// each gives every document of in to do.
func each(in io.Reader, do func(doc []byte) error) error {
	dec := json.NewDecoder(in)
	for {
		var doc json.RawMessage
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the JSON: %w", err)
		}
		if err := do(doc); err != nil {
			return err
		}
	}
}
