package launcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// upgradeLimit is how long a daemon may take to check the binary it shall
// become, its migrations included.
const upgradeLimit = 40 * time.Second

// settle decides about versions. A newer hf asks an older daemon to upgrade in
// place and an older one uses a newer daemon; neither ever ends the other. It
// returns nothing when the search is to go on.
func (s *search) settle(ctx context.Context, conn net.Conn, hello api.Hello) (net.Conn, api.Hello, error) {
	if s.opts.NoSpawn {
		return conn, hello, s.overlap(conn, hello)
	}
	if hello.Phase == api.PhaseDraining { // about to become another build, or none
		_ = conn.Close()
		return nil, api.Hello{}, nil
	}
	if hello.Build < s.opts.Build && !s.asked {
		again, why := s.upgrade(ctx, conn)
		if again {
			_ = conn.Close()
			return nil, api.Hello{}, nil
		}
		s.opts.Notice(fmt.Sprintf("hfd %s (build %d) is older than hf %s (build %d) and was not upgraded: %s",
			hello.Version, hello.Build, s.opts.Version, s.opts.Build, why))
	} else if hello.Build < s.opts.Build {
		s.opts.Notice(fmt.Sprintf("hfd %s (build %d) could not become the newer build %d; see `hf backend logs`",
			hello.Version, hello.Build, s.opts.Build))
	}
	if hello.Build > s.opts.Build {
		s.opts.Notice(fmt.Sprintf("hf %s (build %d) is older than the running hfd %s (build %d); consider upgrading hf",
			s.opts.Version, s.opts.Build, hello.Version, hello.Build))
	}
	return conn, hello, s.overlap(conn, hello)
}

// upgrade asks the daemon to become the hfd that belongs to this hf. It says
// whether to look again, and else why the daemon stays what it is.
func (s *search) upgrade(ctx context.Context, conn net.Conn) (again bool, why string) {
	path, err := s.daemonPath()
	if err != nil {
		return false, err.Error()
	}
	limited, cancel := context.WithTimeout(ctx, upgradeLimit)
	defer cancel()
	err = over(conn).Upgrade(limited, api.Upgrade{Path: path, Build: s.opts.Build})
	if err == nil {
		s.asked = true
		return true, ""
	}
	if limited.Err() != nil && ctx.Err() == nil {
		s.asked = true
		return false, "it did not answer in " + upgradeLimit.String()
	}
	// A daemon that went away or is being upgraded for another client has not
	// said no.
	if e, ok := errors.AsType[*api.Error](err); ok && e.Code != api.CodeUnavailable {
		s.asked = true
		return false, e.Message
	}
	return true, ""
}

// overlap refuses a daemon that speaks no protocol that we do.
func (s *search) overlap(conn net.Conn, hello api.Hello) error {
	if hello.ProtoMin <= api.ProtoMax && api.ProtoMin <= hello.ProtoMax {
		return nil
	}
	_ = conn.Close()
	return &api.Error{
		Code: api.CodeTooOld,
		Message: fmt.Sprintf("hf %s (%s) speaks protocol %d to %d, hfd %s (pid %d) speaks %d to %d",
			s.opts.Version, s.opts.Exe, api.ProtoMin, api.ProtoMax, hello.Version, hello.PID, hello.ProtoMin, hello.ProtoMax),
		Hint: "install hf and hfd of one version, then `hf backend restart`",
	}
}
