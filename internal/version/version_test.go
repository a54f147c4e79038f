package version

import (
	"runtime/debug"
	"testing"
)

func TestBuildFromTheToolchain(t *testing.T) {
	tests := []struct {
		name string
		info debug.BuildInfo
		want int64
	}{
		{"commit time", debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2024-05-01T10:00:00Z"}}}, 1714557600},
		{"pseudo-version", debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20240501100000-abcdefabcdef"}}, 1714557600},
		{"pseudo-version after a tag", debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.20240501100000-abcdefabcdef+dirty"}}, 1714557600},
		{"release without a time", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, 0},
		{"nothing", debug.BuildInfo{}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fromInfo(&tt.info); got != tt.want {
				t.Errorf("build = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestLinkerWins(t *testing.T) {
	version, build = "v9.8.7", "42"
	t.Cleanup(func() { version, build = "", "" })
	if got, want := String(), "v9.8.7 (build 42)"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if Short() != "v9.8.7" || Build() != 42 {
		t.Errorf("Short() = %q, Build() = %d", Short(), Build())
	}
}
