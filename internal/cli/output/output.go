// Package output gives read commands their --json, --jq and --template flags,
// and prints what they answer as JSON.
package output

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	flagJSON    = "json"
	fieldSchema = "schema"
	// annotation holds the names of a command's JSON fields.
	annotation = "hf/json-fields"
	all        = "true"
)

// Shape says how many documents a command prints.
type Shape string

// The shapes of answers.
const (
	Object Shape = "one object"
	Array  Shape = "an array"
	Lines  Shape = "one object a line"
)

// fieldList is the value of --json. It passes for a boolean, because its value
// may be left out, too. It keeps what there is to choose from.
type fieldList struct {
	text   string
	sample reflect.Type
	shape  Shape
}

func (l *fieldList) String() string { return l.text }
func (l *fieldList) Type() string   { return "bool" }

func (l *fieldList) Set(s string) error {
	l.text = s
	return nil
}

// Document says what a command prints as JSON: the type of an object, and how
// many there are.
func Document(cmd *cobra.Command) (sample reflect.Type, shape Shape, ok bool) {
	f := cmd.Flags().Lookup(flagJSON)
	if f == nil {
		return nil, "", false
	}
	list, ok := f.Value.(*fieldList)
	if !ok {
		return nil, "", false
	}
	return list.sample, list.shape, true
}

// Flags is what a command was told about its output.
type Flags struct {
	f        *factory.Factory
	fields   []string // nil = all
	jq       string
	template string
	on       bool
	known    []string
}

// Add gives cmd the flags. sample is a value of the type of one answered
// object: its JSON fields are what may be chosen. The shape, which is for the
// documentation, is Object where none is given.
func Add(cmd *cobra.Command, f *factory.Factory, sample any, shape ...Shape) *Flags {
	o := &Flags{f: f, known: fieldsOf(reflect.TypeOf(sample))}
	if !slices.Contains(o.known, fieldSchema) {
		o.known = append([]string{fieldSchema}, o.known...)
	}
	list := &fieldList{sample: reflect.TypeOf(sample), shape: Object}
	if len(shape) > 0 {
		list.shape = shape[0]
	}
	cmd.Flags().Var(list, flagJSON, "print JSON, all of it or only some `[fields]`")
	cmd.Flags().Lookup(flagJSON).NoOptDefVal = all
	cmd.Flags().StringVarP(&o.jq, "jq", "q", "", "filter the JSON by a jq `expression`")
	cmd.Flags().StringVarP(&o.template, "template", "t", "", "format the JSON by a Go `template`")
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[annotation] = strings.Join(o.known, ",")
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if err := o.resolve(cmd.Flags().Changed(flagJSON), list.text); err != nil {
			return err
		}
		if before != nil {
			return before(cmd, args)
		}
		return nil
	}
	_ = cmd.RegisterFlagCompletionFunc(flagJSON, cobra.FixedCompletions(o.known, cobra.ShellCompDirectiveNoFileComp)) // fails for an unknown flag only
	return o
}

func (o *Flags) resolve(asked bool, list string) error {
	if o.jq != "" && o.template != "" {
		return exitcode.Usagef("--jq and --template exclude one another")
	}
	o.on = asked || o.jq != "" || o.template != ""
	if !asked || list == all || list == "" {
		return nil
	}
	o.fields = strings.Split(list, ",")
	for _, name := range o.fields {
		if !slices.Contains(o.known, name) {
			return &exitcode.UsageError{
				Message: fmt.Sprintf("unknown JSON field %q", name),
				Hint:    "the fields are " + strings.Join(o.known, ", "),
			}
		}
	}
	return nil
}

// On reports whether JSON was asked for.
func (o *Flags) On() bool { return o != nil && o.on }

// Fields are the fields that were chosen, nil for all.
func (o *Flags) Fields() []string {
	if o == nil {
		return nil
	}
	return o.fields
}

// Enable asks for all fields. It is for tests.
func (o *Flags) Enable() { o.on = true }

// Write prints one document.
func (o *Flags) Write(ctx context.Context, v any) error {
	s := o.Stream(ctx)
	return errors.Join(s.Write(v), s.Close())
}

// Stream prints documents one after the other.
type Stream struct {
	o     *Flags
	in    *io.PipeWriter // to the formatter; nil without one
	ended chan error
}

// Stream begins to print documents. Close ends it.
func (o *Flags) Stream(ctx context.Context) *Stream {
	s := &Stream{o: o}
	if o.jq == "" && o.template == "" {
		return s
	}
	r, w := io.Pipe()
	s.in, s.ended = w, make(chan error, 1)
	go func() {
		err := o.format(ctx, r)
		_ = r.CloseWithError(errFormatterEnded)
		s.ended <- err
	}()
	return s
}

// errFormatterEnded is what writing to a formatter that has ended yields. Its
// own error says why.
var errFormatterEnded = errors.New("the formatter ended")

// Write prints one document.
func (s *Stream) Write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	if b, err = versioned(b); err != nil {
		return err
	}
	if b, err = pick(b, s.o.fields); err != nil {
		return err
	}
	if s.in != nil {
		if _, err := s.in.Write(append(b, '\n')); err != nil && !errors.Is(err, errFormatterEnded) {
			return err
		}
		return nil
	}
	io := s.o.f.IO
	if io.OutTTY() {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, b, "", "  "); err == nil {
			b = sanitize.JSON(pretty.Bytes())
		}
	}
	_, err = io.Out.Write(append(b, '\n'))
	return err
}

// Close waits until everything is printed.
func (s *Stream) Close() error {
	if s.in == nil {
		return nil
	}
	_ = s.in.Close() // of a pipe: never fails
	return <-s.ended
}

// format pipes JSON through `hfd format`: hf does not link a jq of its own,
// because every start of hf would pay for it.
func (o *Flags) format(ctx context.Context, in io.Reader) error {
	hfd, err := o.f.Daemon()
	if err != nil {
		return err
	}
	streams := o.f.IO
	argv := []string{hfd, "format", "--width", strconv.Itoa(streams.Width())}
	if streams.OutStyle().On() {
		argv = append(argv, "--color")
	}
	if o.jq != "" {
		argv = append(argv, "--jq", o.jq)
	} else {
		argv = append(argv, "--template", o.template)
	}
	out := streams.Out
	if streams.OutTTY() {
		out = cleaner{out}
	}
	err = xec.Run(ctx, xec.Cmd{Argv: argv, Env: o.f.Environ, Stdin: in, Stdout: out})
	var failed *xec.Error
	if errors.As(err, &failed) && failed.Code == exitcode.Usage {
		return &exitcode.UsageError{Message: failed.Stderr}
	}
	return err
}

// cleaner makes what a formatter prints safe for a terminal. The formatter
// writes whole lines.
type cleaner struct{ w io.Writer }

func (c cleaner) Write(p []byte) (int, error) {
	if _, err := io.WriteString(c.w, sanitize.Styled(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// versioned puts the version of the documents' form into an object, or every
// object of an array, that does not say it.
func versioned(b []byte) ([]byte, error) {
	field := `{"` + fieldSchema + `":`
	switch {
	case bytes.HasPrefix(b, []byte(field)), bytes.HasPrefix(b, []byte("["+field)), len(b) == 0:
		return b, nil
	case b[0] == '{':
		rest := bytes.TrimPrefix(b, []byte("{"))
		out := append([]byte(field), strconv.Itoa(api.Schema)...)
		if rest[0] != '}' {
			out = append(out, ',')
		}
		return append(out, rest...), nil
	case b[0] != '[':
		return b, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(b, &items); err != nil {
		return nil, err
	}
	for i := range items {
		one, err := versioned(items[i])
		if err != nil {
			return nil, err
		}
		items[i] = one
	}
	return json.Marshal(items)
}

// pick reduces an object, or every object of an array, to some fields, in the
// order they were asked for. A fact that is absent stays absent.
func pick(b []byte, fields []string) ([]byte, error) {
	if fields == nil {
		return b, nil
	}
	if b[0] != '[' {
		return pickOne(b, fields)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(b, &items); err != nil {
		return nil, err
	}
	for i := range items {
		one, err := pickOne(items[i], fields)
		if err != nil {
			return nil, err
		}
		items[i] = one
	}
	return json.Marshal(items)
}

func pickOne(b []byte, fields []string) ([]byte, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("choose JSON fields: %w", err)
	}
	out := []byte{'{'}
	for _, name := range fields {
		v, ok := m[name]
		if !ok {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(strconv.AppendQuote(out, name), ':')
		out = append(out, v...)
	}
	return append(out, '}'), nil
}

// fieldsOf lists the JSON names of a struct's fields, those of embedded
// structs included.
func fieldsOf(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, fieldsOf(f.Type)...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

// Fields are the JSON fields of a command, none where it prints no JSON.
func Fields(cmd *cobra.Command) []string {
	if cmd.Annotations[annotation] == "" {
		return nil
	}
	return strings.Split(cmd.Annotations[annotation], ",")
}

// JoinFields rewrites `--json a,b` into `--json=a,b` where one of a and b is a
// JSON field of cmd. The value of --json is optional, so the parser would take
// what follows it for an argument.
func JoinFields(cmd *cobra.Command, args []string) []string {
	known := Fields(cmd)
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(out, args[i:]...)
		}
		if args[i] == "--"+flagJSON && i+1 < len(args) && isFields(known, args[i+1]) {
			out = append(out, "--"+flagJSON+"="+args[i+1])
			i++
			continue
		}
		out = append(out, args[i])
	}
	return out
}

func isFields(known []string, arg string) bool {
	for name := range strings.SplitSeq(arg, ",") {
		if name != "" && slices.Contains(known, name) {
			return true // one that is misspelt beside it is to be named as such
		}
	}
	return false
}

// Wanted reports whether the arguments ask for JSON, for errors that come
// before they could be parsed.
func Wanted(args []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--"+flagJSON || strings.HasPrefix(a, "--"+flagJSON+"=") {
			return true
		}
	}
	return false
}
