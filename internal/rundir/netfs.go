package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hf-dev/hf/pkg/api"
)

// CheckLocal refuses a directory on a file system whose locks and shared
// memory cannot be trusted. The directory need not exist yet.
func CheckLocal(path string) error {
	var st syscall.Statfs_t
	at := path
	for {
		err := syscall.Statfs(at, &st)
		if err == nil {
			return checkType(int64(st.Type), path)
		}
		if !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			return fmt.Errorf("look at the file system of %s: %w", path, err)
		}
		at = filepath.Dir(at)
	}
}

func checkType(magic int64, path string) error {
	name := networkName(uint32(magic)) // some kernels sign-extend it
	if name == "" {
		return nil
	}
	return &api.Error{
		Code:    api.CodeInvalid,
		Message: fmt.Sprintf("%s is on a network file system (%s), where hf's database and lock are not safe", path, name),
		Hint:    "set HF_STATE_DIR to a directory on a local disk",
	}
}

// networkName names the file systems that are not on a disk of this machine.
func networkName(magic uint32) string {
	switch magic {
	case 0x6969:
		return "nfs"
	case 0x517b, 0xfe534d42, 0xff534d42:
		return "smb"
	case 0x01021997:
		return "9p"
	case 0x65735546:
		return "fuse"
	case 0x5346414f, 0x6b414653:
		return "afs"
	case 0x00c36400:
		return "ceph"
	case 0x0bd00bd0:
		return "lustre"
	case 0x47504653:
		return "gpfs"
	case 0x01161970:
		return "gfs2"
	case 0x7461636f:
		return "ocfs2"
	case 0x73757245:
		return "coda"
	case 0x564c:
		return "ncp"
	case 0x786f4256:
		return "vboxsf"
	case 0x19830326:
		return "beegfs"
	case 0x20030528:
		return "orangefs"
	default:
		return ""
	}
}
