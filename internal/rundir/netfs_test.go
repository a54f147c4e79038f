package rundir

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNetworkFileSystemsAreRefused(t *testing.T) {
	tests := []struct {
		magic   int64
		network string
	}{
		{0x6969, "nfs"},
		{0x517b, "smb"},
		{0xfe534d42, "smb"},
		{0xff534d42, "smb"},
		{-11317950, "smb"}, // as a 32-bit kernel says 0xff534d42
		{0x01021997, "9p"},
		{0x65735546, "fuse"},
		{0x5346414f, "afs"},
		{0x00c36400, "ceph"},
		{0x0bd00bd0, "lustre"},
		{0xef53, ""},     // ext4
		{0x9123683e, ""}, // btrfs
		{0x58465342, ""}, // xfs
		{0x2fc12fc1, ""}, // zfs
		{0x01021994, ""}, // tmpfs
		{0x794c7630, ""}, // overlay
		{0xf15f, ""},     // ecryptfs
	}
	for _, tt := range tests {
		err := checkType(tt.magic, "/x")
		if (err != nil) != (tt.network != "") || err != nil && !strings.Contains(err.Error(), "("+tt.network+")") {
			t.Errorf("%#x: %v, want %q", tt.magic, err, tt.network)
		}
	}
	if err := CheckLocal(filepath.Join(t.TempDir(), "not", "yet")); err != nil {
		t.Error(err)
	}
}
