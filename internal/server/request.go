package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// maxBody is the most a request may carry, in bytes: twice the longest prompt.
const maxBody = 2 << 20

// maxUpload is the most that a request with attachments may carry, in bytes:
// they are a third longer on the wire.
const maxUpload = maxBody + api.MaxAttachments/3*4

// maxRequestID bounds the id of a mutation, in bytes.
const maxRequestID = 128

// request is one HTTP request with what handlers want of it.
type request struct {
	*http.Request
	s  *server
	id string // of a mutation; "" for a read
}

// requestID returns the id of a mutation, without which a retry would do its
// work twice.
func requestID(r *http.Request) (string, error) {
	if r.Method == http.MethodGet {
		return "", nil
	}
	id := r.Header.Get(api.HeaderRequest)
	printable := strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	if id == "" || len(id) > maxRequestID || !printable {
		return "", invalid("a request that changes something needs a %s header of 1 to %d printable characters", api.HeaderRequest, maxRequestID)
	}
	return id, nil
}

// body decodes a request's JSON. An empty body is the zero value; an unknown
// field is an error, because ignoring it would do less than was asked for.
func body[T any](r *request) (in T, err error) { return bodyUpTo[T](r, maxBody) }

func bodyUpTo[T any](r *request, limit int64) (in T, err error) {
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, limit))
	dec.DisallowUnknownFields()
	err = dec.Decode(&in)
	if errors.Is(err, io.EOF) {
		return in, nil
	}
	defer func() {
		if err == nil {
			r.s.cfg.Auth.Saw(callerEnv(in))
		}
	}()
	if err == nil {
		if _, after := dec.Token(); !errors.Is(after, io.EOF) {
			err = errors.New("there is more than one JSON value")
		}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return in, &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("the request is larger than %d bytes", tooLarge.Limit),
			Hint: "put long texts into a file that the agent can read",
		}
	}
	if err != nil {
		return in, invalid("the request makes no sense: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return in, nil
}

// callerEnv returns the variables of the caller in a body, nil when it has none.
func callerEnv(in any) api.Env {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Struct {
		return nil
	}
	field := v.FieldByName("Env")
	if !field.IsValid() {
		return nil
	}
	env, _ := reflect.TypeAssert[api.Env](field)
	return env
}

// flag reads a query parameter that is 1 or absent.
func (r *request) flag(name string) (bool, error) {
	switch v := r.URL.Query().Get(name); v {
	case "", "0":
		return false, nil
	case "1":
		return true, nil
	default:
		return false, invalid("%s=%s: 1 or 0 is needed", name, v)
	}
}

// number reads a query parameter that is a number, 0 when it is absent.
func (r *request) number(name string) (int64, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, invalid("%s=%s: a number is needed", name, v)
	}
	return n, nil
}

var workspaceName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// workspace returns the first workspace that is named, by the body or by the
// query, and the current one when none is.
func (r *request) workspace(named string) (string, error) {
	if named == "" {
		named = r.URL.Query().Get(api.QueryWorkspace)
	}
	if named == "" {
		return r.s.cfg.Workspaces.Current(r.Context())
	}
	if !workspaceName.MatchString(named) {
		return "", &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%q cannot be a workspace", named),
			Hint: "a workspace's name is 1 to 64 letters, digits, dots, dashes and underscores",
		}
	}
	return named, nil
}

// task returns the id of the task that the path names.
func (r *request) task() (string, error) { return r.find(r.PathValue("task")) }

func (r *request) find(ref string) (string, error) {
	workspace, err := r.workspace("")
	if err != nil {
		return "", err
	}
	return r.s.cfg.Tasks.Find(r.Context(), workspace, ref, r.URL.Query().Get(api.QueryCwd))
}

// repo returns the workspace of a request and the repo that its path names.
func (r *request) repo() (workspace, ref string, err error) {
	workspace, err = r.workspace("")
	return workspace, r.PathValue("repo"), err
}

// repoID returns the id of a repo of a workspace: by id, name or path.
func (s *server) repoID(ctx context.Context, workspace, ref string) (string, error) {
	repos, err := s.cfg.Repos.List(ctx, workspace)
	if err != nil {
		return "", err
	}
	for i := range repos {
		if repos[i].ID == ref || repos[i].Name == ref || repos[i].Path == ref {
			return repos[i].ID, nil
		}
	}
	return "", &api.Error{
		Code: api.CodeNotFound, Message: fmt.Sprintf("no repo %q in workspace %s", ref, workspace), Hint: "`hf repo list` shows them",
	}
}

func invalid(format string, args ...any) error {
	return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}
