package factory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// Config asks `hfd config`, which understands the configuration in hf's place.
// It needs no daemon and starts none.
func (f *Factory) Config(ctx context.Context, in api.ConfigRequest) (out api.ConfigAnswer, err error) {
	hfd, err := f.Daemon()
	if err != nil {
		return out, err
	}
	question, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("encode the question: %w", err)
	}
	b, err := xec.Output(ctx, xec.Cmd{Argv: []string{hfd, "config"}, Env: f.Environ, Stdin: bytes.NewReader(question)})
	switch {
	case xec.IsNotFound(err):
		return out, &api.Error{
			Code: api.CodeUnavailable, Message: fmt.Sprintf("hfd is not where it belongs: %s does not exist", hfd),
			Hint: "install hf again, or set HF_DAEMON_BIN to the path of hfd",
		}
	case err != nil:
		return out, err
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return out, fmt.Errorf("hfd config answered what makes no sense: %w", err)
	}
	if out.Error != nil {
		return out, out.Error
	}
	return out, nil
}
