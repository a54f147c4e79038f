package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

// configTool is `hfd config`: it reads and changes the configuration for hf,
// which does not link what understands it. It asks no daemon, since what is
// wrong with the file may keep one from starting.
func configTool(_ context.Context, _, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var in api.ConfigRequest
	dec := json.NewDecoder(stdin)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		fmt.Fprintln(stderr, "hfd config: the request makes no sense:", err)
		return 2
	}
	answer, err := configAnswer(lookUp(environ), in)
	if err != nil {
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			e = &api.Error{Code: api.CodeInternal, Message: err.Error()}
		}
		answer.Error = e
	}
	if err := json.NewEncoder(stdout).Encode(answer); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func configAnswer(getenv func(string) string, in api.ConfigRequest) (out api.ConfigAnswer, err error) {
	paths, err := rundir.Resolve(getenv)
	if err != nil {
		return out, err
	}
	out.File = api.ConfigFile{Schema: api.Schema, Path: paths.Config}
	switch in.Do {
	case api.ConfigKeys:
		out.Keys = config.Keys()
	case api.ConfigList, api.ConfigGet:
		err = configValues(&out, in, getenv)
	case api.ConfigSet, api.ConfigUnset:
		out.Restart = config.NeedsRestart(in.Key)
		err = config.Update(paths.Config, func(content []byte, _ string) ([]byte, error) {
			if in.Do == api.ConfigUnset {
				return config.Unset(paths.Config, content, in.Key)
			}
			return config.Set(paths.Config, content, in.Key, in.Value)
		})
	case api.ConfigCheck:
		err = configCheck(&out, in.Content)
	case api.ConfigRead:
		var content []byte
		content, out.Hash, err = config.Read(paths.Config)
		if out.File.Exists = out.Hash != ""; !out.File.Exists {
			content = config.Template()
		}
		out.Content = string(content)
	case api.ConfigWrite:
		err = configWrite(&out, in)
	default:
		err = &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("hfd config cannot %q", in.Do)}
	}
	return out, err
}

func configValues(out *api.ConfigAnswer, in api.ConfigRequest, getenv func(string) string) error {
	cfg, _, err := config.Load(out.File.Path)
	if err != nil {
		return err
	}
	if in.Do == api.ConfigList {
		out.Values = cfg.Values(getenv)
		return nil
	}
	v, err := cfg.Value(in.Key, getenv)
	out.Values = []api.ConfigValue{v}
	return err
}

// configCheck says what is wrong with the file, or with what it would become.
func configCheck(out *api.ConfigAnswer, content *string) error {
	var warnings []config.Warning
	_, hash, err := config.Read(out.File.Path)
	out.File.Exists = hash != ""
	switch {
	case content != nil:
		_, warnings, err = config.Parse(out.File.Path, []byte(*content))
	case err == nil:
		_, warnings, err = config.Load(out.File.Path)
	}
	for _, w := range warnings {
		out.File.Warnings = append(out.File.Warnings, w.String())
	}
	if e, ok := errors.AsType[*api.Error](err); ok {
		out.File.Error = e
		return nil
	}
	return err
}

// configWrite replaces the file while it is still the one that was read.
func configWrite(out *api.ConfigAnswer, in api.ConfigRequest) error {
	if in.Content == nil {
		return &api.Error{Code: api.CodeInvalid, Message: "there is nothing to write"}
	}
	now, _, err := config.Parse(out.File.Path, []byte(*in.Content))
	if err != nil {
		return err
	}
	return config.Update(out.File.Path, func(content []byte, hash string) ([]byte, error) {
		if hash != in.Hash {
			return nil, &api.Error{
				Code: api.CodeConflict, Message: out.File.Path + " was changed by somebody else meanwhile", Hint: "edit it again; nothing was changed",
			}
		}
		before, _, err := config.Parse(out.File.Path, content)
		out.Mended = err != nil
		out.Restart = err == nil && before.Backend != now.Backend
		return []byte(*in.Content), nil
	})
}
