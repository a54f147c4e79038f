package lifecycle

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// handoff is what one build tells the next in the same process. It only ever
// gains fields.
type handoff struct {
	Upgrades int       `json:"upgrades"` // in place, this one included
	Started  time.Time `json:"started"`  // the process
	Umask    int       `json:"umask"`
	From     int64     `json:"from"` // the build that is replaced
	App      []byte    `json:"app,omitempty"`
}

// seal puts a handoff into memory that nobody can change and that has no name.
// The caller owns the file.
func seal(h handoff) (*os.File, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("hfd-handoff", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make memory for the handoff: %w", err)
	}
	f := os.NewFile(uintptr(fd), "hfd-handoff")
	if _, err = f.Write(b); err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE|unix.F_SEAL_SEAL)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write the handoff: %w", err)
	}
	return f, nil
}

// unseal reads what the build before left in the descriptor named by arg.
func unseal(arg string) (h handoff, err error) {
	fd, err := strconv.Atoi(arg)
	if err != nil || fd <= lockFD {
		return h, fmt.Errorf("handoff %q is no descriptor", arg)
	}
	f := os.NewFile(uintptr(fd), "hfd-handoff")
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	if err != nil {
		return h, fmt.Errorf("read the handoff: %w", err)
	}
	if err := json.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("read the handoff: %w", err)
	}
	return h, nil
}
