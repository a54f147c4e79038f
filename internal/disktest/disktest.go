// Package disktest gives tests disks that fail as real ones do: one that is
// full, one that turns read-only, one whose power is cut. Where the machine
// does not allow that the test is skipped and says why.
package disktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/xec"
)

// Tmpfs mounts a file system in memory with room for so many bytes.
func Tmpfs(t testing.TB, size int64) (dir string) {
	t.Helper()
	dir = place(t)
	if err := unix.Mount("hf-test", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		t.Skipf("mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// SetReadOnly makes a file system in memory one that cannot be written, or the
// other way. Nobody may have a file of it open for writing.
func SetReadOnly(t testing.TB, dir string, on bool) {
	t.Helper()
	flags := uintptr(unix.MS_REMOUNT | unix.MS_NOSUID | unix.MS_NODEV)
	if on {
		flags |= unix.MS_RDONLY
	}
	// A process that was killed may have its files open yet when its first
	// thread is gone, and nothing tells when the last one is.
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := unix.Mount("", dir, "", flags, "")
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// place makes a directory with a short path: sockets lie below it.
func place(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hfd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	return dir
}

func unmount(t testing.TB, dir string) {
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		t.Errorf("unmount %s: %v", dir, err)
	}
}

// Fill takes all the space that is left on the disk of dir, for the file that
// it returns.
func Fill(t testing.TB, dir string) (filler string) {
	t.Helper()
	filler = filepath.Join(dir, "filler")
	f, err := os.OpenFile(filler, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	return filler
}

// Disk is an ext4 file system on a file.
type Disk struct {
	Dir   string
	t     testing.TB
	image string
}

// NewDisk makes a disk with so many bytes and mounts it.
func NewDisk(t testing.TB, size int64) *Disk {
	t.Helper()
	d := &Disk{t: t, image: filepath.Join(t.TempDir(), "image")}
	if err := errors.Join(os.WriteFile(d.image, nil, 0o600), os.Truncate(d.image, size)); err != nil {
		t.Fatal(err)
	}
	// The journal of the file system is what a cut is mended from. Nothing is
	// left for later: the kernel would go on writing in the background.
	argv := []string{"mkfs.ext4", "-q", "-F", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	path := "PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin"
	if err := xec.Run(ctx, xec.Cmd{Argv: argv, Dir: "/", Env: []string{path}}); err != nil {
		t.Skipf("make a file system: %v", err)
	}
	d.Dir = mountImage(t, d.image)
	return d
}

// ReadOnly makes the disk refuse all further writes, as the kernel does after
// an error, also to files that are open.
func (d *Disk) ReadOnly() {
	d.t.Helper()
	if err := unix.Mount("", d.Dir, "", unix.MS_REMOUNT, "abort"); err != nil {
		d.t.Skipf("make the disk fail: %v", err)
	}
}

// Cut returns the directory of the disk as it would be after the power was cut
// now, while the process pid writes to it: what had only reached the memory of
// this machine is gone.
func (d *Disk) Cut(pid int) (dir string) {
	d.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	// The kernel may be writing yet. Two looks that see the same saw one moment.
	var image []byte
	for deadline := time.Now().Add(20 * time.Second); ; {
		again, err := os.ReadFile(d.image)
		if err != nil {
			d.t.Fatal(err)
		}
		if image != nil && bytes.Equal(image, again) {
			break
		}
		if image = again; time.Now().After(deadline) {
			d.t.Skip("the disk does not come to rest")
		}
	}
	path := filepath.Join(d.t.TempDir(), "image")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		d.t.Fatal(err)
	}
	return mountImage(d.t, path)
}

// mountImage mounts a file as a disk, which plays its journal back.
func mountImage(t testing.TB, image string) (dir string) {
	t.Helper()
	device, loop := attach(t, image)
	dir = place(t)
	err := unix.Mount(device, dir, "ext4", unix.MS_NOSUID|unix.MS_NODEV, "")
	_ = loop.Close() // the mount holds the device, which goes with it
	if err != nil {
		t.Skipf("mount %s: %v", device, err)
	}
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// attach makes a block device of a file. It is gone when nobody has it open.
func attach(t testing.TB, image string) (path string, device *os.File) {
	t.Helper()
	backing, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = backing.Close() }()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("make a loop device: %v", err)
	}
	defer func() { _ = control.Close() }()
	for range 50 { // others may take the same one
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			t.Skipf("make a loop device: %v", err)
		}
		path = fmt.Sprintf("/dev/loop%d", n)
		device, err = os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Skipf("make a loop device: %v", err)
		}
		config := unix.LoopConfig{Fd: uint32(backing.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}}
		err = unix.IoctlLoopConfigure(int(device.Fd()), &config)
		if err == nil {
			return path, device
		}
		_ = device.Close()
		if !errors.Is(err, unix.EBUSY) {
			t.Skipf("make a loop device: %v", err)
		}
	}
	t.Skip("no loop device is free")
	return "", nil
}
