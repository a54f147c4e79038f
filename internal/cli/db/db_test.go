package db

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// daemon answers what it is told to.
type daemon struct {
	report api.DatabaseCheck
	asked  api.BackupRequest
	nuked  []api.NukeRequest
}

func (d *daemon) CheckDatabase(context.Context) (api.DatabaseCheck, error) { return d.report, nil }

func (d *daemon) BackupDatabase(_ context.Context, in api.BackupRequest) (api.BackupFile, error) {
	d.asked = in
	return api.BackupFile{Path: in.Path + "\x1b[31m", Size: 2048}, nil
}

func (d *daemon) NukeDatabase(_ context.Context, in api.NukeRequest) (api.Nuked, error) {
	d.nuked = append(d.nuked, in)
	return api.Nuked{Backup: api.BackupFile{Path: "/b"}, Dir: "/old"}, nil
}

func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		report api.DatabaseCheck
		code   int
		want   []string
	}{
		"sound": {
			api.DatabaseCheck{OK: true, Checks: []api.CheckItem{{Name: "integrity", OK: true, Detail: "whole"}, {Name: "disk", OK: true, Detail: "writable"}}},
			0,
			[]string{"ok  integrity  whole\n", "ok  disk       writable\n"},
		},
		"damaged": {
			api.DatabaseCheck{
				Checks:   []api.CheckItem{{Name: "integrity", Detail: "page 1\npage 2", Hint: "restart"}},
				Recovery: &api.Recovery{Tasks: []string{"abc"}, Problems: []string{"a \x1b]0;worktree\a"}},
			},
			1,
			[]string{"BAD integrity  page 1\n               page 2\n", "hint: restart\n", "brought back: task abc\n", "not brought back: a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			io, _, out, _ := iostreams.Test()
			d := &daemon{report: tt.report}
			err := runCheck(t.Context(), &checkOptions{io: io, client: func() (checker, error) { return d, nil }, output: &output.Flags{}})
			if got := exitcode.For(err); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			if strings.ContainsAny(out.String(), "\x1b\a") {
				t.Errorf("control characters: %q", out.String())
			}
		})
	}
}

func TestBackupNamesTheFileFromHere(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	io, _, out, _ := iostreams.Test()
	d := &daemon{}
	cmd := newBackup(factory.New(io, nil), func(ctx context.Context, opts *backupOptions) error {
		opts.client = func() (backuper, error) { return d, nil }
		return runBackup(ctx, opts)
	})
	cmd.SetArgs([]string{"copy.db"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(d.asked.Path) || filepath.Base(d.asked.Path) != "copy.db" || !strings.Contains(out.String(), "copy.db  2 KiB") {
		t.Errorf("asked for %q, said %q", d.asked.Path, out.String())
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("control characters: %q", out.String())
	}
}

func TestNukeNeedsConsent(t *testing.T) {
	io, _, out, _ := iostreams.Test()
	d := &daemon{}
	opts := &nukeOptions{io: io, client: func() (nuker, error) { return d, nil }, output: &output.Flags{}}
	err := runNuke(t.Context(), opts)
	if _, usage := errors.AsType[*exitcode.UsageError](err); !usage || len(d.nuked) > 0 {
		t.Errorf("nobody was asked, and %v, %v", err, d.nuked)
	}
	opts.yes, opts.force = true, true
	if err := runNuke(t.Context(), opts); err != nil || len(d.nuked) != 1 || !d.nuked[0].Force {
		t.Errorf("%v, %v", err, d.nuked)
	}
	if got := out.String(); got != "backup    /b\nkept in   /old\n" {
		t.Errorf("said %q", got)
	}
}
