// Package version says which build this binary is. Releases set both values
// with the linker; a build without them falls back to what the Go toolchain
// recorded.
package version

import (
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Set by -ldflags "-X github.com/hf-dev/hf/internal/version.version=v1.2.3
// -X github.com/hf-dev/hf/internal/version.build=1700000000".
var version, build string

// Version names the build for a person: v1.2.3, or what the toolchain knows.
func Version() string {
	if version != "" {
		return version
	}
	bi, ok := debug.ReadBuildInfo()
	if !ok || bi.Main.Version == "" {
		return "(devel)"
	}
	return bi.Main.Version
}

// Build is the monotonic number of the build, in seconds since 1970 unless
// the linker set another: the higher of two is the newer. 0 means unknown and
// is older than every other.
func Build() int64 {
	if n, err := strconv.ParseInt(build, 10, 64); err == nil {
		return n
	}
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return 0
	}
	return fromInfo(bi)
}

// Short is the version and nothing else, for a table or a header.
func Short() string { return Version() }

// String is the version with the build number, for a bug report.
func String() string {
	return Version() + " (build " + strconv.FormatInt(Build(), 10) + ")"
}

// fromInfo takes the time of the commit, or that in a pseudo-version.
func fromInfo(bi *debug.BuildInfo) int64 {
	for _, s := range bi.Settings {
		if s.Key != "vcs.time" {
			continue
		}
		if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
			return t.Unix()
		}
	}
	for _, part := range strings.FieldsFunc(bi.Main.Version, func(r rune) bool { return r == '-' || r == '.' }) {
		if len(part) != len("20060102150405") {
			continue
		}
		if t, err := time.Parse("20060102150405", part); err == nil {
			return t.Unix()
		}
	}
	return 0
}
