// Package cli is the hf command line: it turns arguments into requests to hfd
// and answers into lines, and decides about exit codes.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/version"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Main runs hf with the arguments after the program's name and returns its
// exit code. A ctx that ends means that the person interrupted it.
func Main(ctx context.Context, argv []string, io *iostreams.IOStreams, environ []string) int {
	if len(argv) == 1 && (argv[0] == "version" || argv[0] == "--version") {
		return exitcode.For(version.Print(io.Out)) // no need to build anything
	}
	f := factory.New(io, environ)
	root := newRoot(f, argv)
	if cmd, _, err := root.Find(argv); err == nil {
		argv = output.JoinFields(cmd, argv)
	}
	root.SetArgs(argv)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case errors.Is(err, iostreams.ErrGone):
		return exitcode.OK // there is nobody to say anything else to
	case ctx.Err() != nil && err != nil:
		return exitcode.Interrupted
	}
	report(io, cmd, argv, err)
	return exitcode.For(err)
}

// report prints an error for a person, and for a program that asked for JSON.
func report(io *iostreams.IOStreams, cmd *cobra.Command, argv []string, err error) {
	var silent exitcode.SilentError
	if err == nil || errors.As(err, &silent) {
		return
	}
	e := describe(err)
	st := io.ErrStyle()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", st.Red("hf:"), sanitize.Text(e.Message))
	if e.Hint != "" {
		fmt.Fprintf(&b, "%s %s\n", st.Dim("hint:"), sanitize.Text(e.Hint))
	}
	if _, ok := errors.AsType[*exitcode.UsageError](err); ok {
		fmt.Fprintf(&b, "usage: %s\nsee `%s --help`\n", cmd.UseLine(), cmd.CommandPath())
	}
	if output.Wanted(argv) {
		doc, merr := json.Marshal(struct {
			Schema int        `json:"schema"`
			Error  *api.Error `json:"error"`
			Exit   int        `json:"exitCode"`
		}{api.Schema, e, exitcode.For(err)})
		if merr == nil {
			b.Write(append(sanitize.JSON(doc), '\n'))
		}
	}
	_, _ = fmt.Fprint(io.Err, b.String()) // nowhere else to say that this failed
}

// describe puts any error into the form of the contract.
func describe(err error) *api.Error {
	var e *api.Error
	var usage *exitcode.UsageError
	switch {
	case errors.As(err, &usage):
		return &api.Error{Code: api.CodeInvalid, Message: err.Error(), Hint: usage.Hint}
	case errors.As(err, &e):
		out := *e
		out.Message = err.Error() // with what it was wrapped in
		return &out
	case errors.Is(err, context.DeadlineExceeded):
		return &api.Error{Code: api.CodeTimeout, Message: err.Error()}
	}
	return &api.Error{Code: api.CodeInternal, Message: err.Error()}
}
