package task

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// outboxStore knows which messages were accepted.
type outboxStore struct {
	Store
	accepted map[string]bool
}

type outboxTx struct {
	Tx
	s outboxStore
}

func (s outboxStore) View(_ context.Context, fn func(Tx) error) error { return fn(outboxTx{s: s}) }

func (tx outboxTx) Message(id string) (*session.Message, error) {
	if !tx.s.accepted[id] {
		return nil, &api.Error{Code: api.CodeNotFound}
	}
	return &session.Message{ID: id}, nil
}

func TestFilesOfAMessage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	st := outboxStore{accepted: map[string]bool{}}
	s := NewService(Config{Store: st, Files: dir, Log: slog.New(slog.DiscardHandler)})
	uploads := []api.Upload{
		{Name: "a b.PNG", Data: []byte("\x89PNG\r\n\x1a\nrest")},
		{Name: "notes.md", Data: []byte("# hello")},
		{Name: "../x"[3:], Data: []byte{0, 1}},
		{Name: "no.good-ending", Data: []byte("RIFF1234WEBPmore")},
	}
	kept, err := s.keepFiles("t1", "m1", uploads)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"image/png 1.png", "text/markdown 2.md", "application/octet-stream 3", "image/webp 4"}
	for i, a := range kept {
		data, err := os.ReadFile(a.Path)
		if err != nil || string(data) != string(uploads[i].Data) || a.Size != int64(len(data)) || a.Name != uploads[i].Name {
			t.Errorf("kept %+v: %q, %v", a, data, err)
		}
		if got := a.Type + " " + filepath.Base(a.Path); got != want[i] {
			t.Errorf("kept %q, want %q", got, want[i])
		}
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may look at %s: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What stays after a crash: the files of messages that were accepted, and of
// those nothing is known of any more.
func TestSweepFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	st := outboxStore{accepted: map[string]bool{"settled": true, "accepted": true}}
	s := NewService(Config{Store: st, Files: dir, Log: slog.New(slog.DiscardHandler)})
	if err := s.SweepFiles(t.Context()); err != nil {
		t.Fatalf("without a directory: %v", err)
	}
	for _, m := range []string{"settled", "accepted", "refused", "lost"} {
		if _, err := s.keepFiles("t1", m, []api.Upload{{Name: "x", Data: []byte("x")}}); err != nil {
			t.Fatal(err)
		}
	}
	s.acceptFiles("t1", "settled")
	s.acceptFiles("t1", "lost")
	for range 2 {
		if err := s.SweepFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := filepath.Glob(filepath.Join(dir, "t1", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, l := range left {
			rel, _ := filepath.Rel(filepath.Join(dir, "t1"), l)
			names = append(names, rel)
		}
		if got := strings.Join(names, " "); got != "accepted/1 lost/1 settled/1" {
			t.Errorf("left: %s", got)
		}
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	s := NewService(Config{Files: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	many := make([]api.Upload, api.MaxFiles+1)
	for i := range many {
		many[i].Name = "x"
	}
	large := make([]byte, api.MaxAttachment)
	for name, uploads := range map[string][]api.Upload{
		"no name": {{}}, "a path": {{Name: "a/b"}}, "a line": {{Name: "a\nb"}}, "no text": {{Name: "a\xff"}}, "long name": {{Name: strings.Repeat("x", 201)}},
		"many": many, "large": {{Name: "x", Data: append(large, 1)}},
		"large together": {{Name: "x", Data: large}, {Name: "y", Data: large}, {Name: "z", Data: []byte("z")}},
	} {
		if _, err := s.keepFiles("t1", "m1", uploads); !api.IsCode(err, api.CodeInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(s.cfg.Files); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
