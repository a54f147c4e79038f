package task

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// maxFileName bounds the name of an attachment, in bytes.
const maxFileName = 200

// checkUploads says what is wrong with the files of a message, if anything is.
func checkUploads(uploads []api.Upload) error {
	if n := len(uploads); n > api.MaxFiles {
		return invalid("%d files are attached, more than %d", n, api.MaxFiles)
	}
	total := 0
	for _, u := range uploads {
		total += len(u.Data)
		switch {
		case u.Name == "" || len(u.Name) > maxFileName || !utf8.ValidString(u.Name) || strings.ContainsFunc(u.Name, unicode.IsControl) || strings.ContainsRune(u.Name, '/'):
			return invalid("%q is no name of a file", u.Name)
		case len(u.Data) > api.MaxAttachment:
			return invalid("%s has %d bytes, more than the %d of an attachment", u.Name, len(u.Data), api.MaxAttachment)
		}
	}
	if total > api.MaxAttachments {
		return invalid("the attachments have %d bytes together, more than %d", total, api.MaxAttachments)
	}
	return nil
}

// keepFiles writes the files of a message to the disk. They are there before the
// message is: one that is accepted has all of them, whatever happens then.
func (s *Service) keepFiles(task, message string, uploads []api.Upload) ([]session.Attachment, error) {
	if err := checkUploads(uploads); err != nil || len(uploads) == 0 {
		return nil, err
	}
	dir := s.filesDir(task, message)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep the attachments: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, pendingFile), nil, 0o600); err != nil {
		return nil, fmt.Errorf("keep the attachments: %w", err)
	}
	kept := make([]session.Attachment, 0, len(uploads))
	for i, u := range uploads {
		kind := typeOf(u.Name, u.Data)
		// Names on disk are hf's own; agents look at the ending.
		path := filepath.Join(dir, strconv.Itoa(i+1)+suffix(u.Name))
		err := fault.Around("task.attachment", func() error { return writeSynced(path, u.Data) })
		if err != nil {
			s.dropFiles(task, message)
			return nil, fmt.Errorf("keep the attachment %s: %w", u.Name, err)
		}
		kept = append(kept, session.Attachment{
			Attachment: api.Attachment{Name: u.Name, Type: kind, Size: int64(len(u.Data))}, Path: path,
		})
	}
	return kept, nil
}

// pendingFile stands beside the files of a message that is not accepted yet.
const pendingFile = "pending"

// settleFiles keeps the files of a message that was accepted and removes those
// of one that was not. With an error from the store nobody knows which it was:
// they are left to SweepFiles.
func (s *Service) settleFiles(task string, msg *session.Message, accepted bool, err error) {
	switch {
	case len(msg.Attachments) == 0:
	case !accepted:
		s.dropFiles(task, msg.ID)
	case err == nil:
		s.acceptFiles(task, msg.ID)
	}
}

// acceptFiles notes that the message of the files is accepted.
func (s *Service) acceptFiles(task, message string) {
	err := os.Remove(filepath.Join(s.filesDir(task, message), pendingFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.cfg.Log.Warn("note that attachments are accepted", "task", task, "message", message, "err", err)
	}
}

func (s *Service) filesDir(task, message string) string {
	return filepath.Join(s.cfg.Files, task, message)
}

// dropFiles removes the files of a message that was not accepted.
func (s *Service) dropFiles(task, message string) {
	if err := os.RemoveAll(s.filesDir(task, message)); err != nil {
		s.cfg.Log.Warn("remove attachments", "task", task, "message", message, "err", err)
	}
	_ = os.Remove(filepath.Join(s.cfg.Files, task)) // when it is empty
}

// dropTaskFiles removes all that went with the messages of a task.
func (s *Service) dropTaskFiles(task string) error {
	if err := os.RemoveAll(filepath.Join(s.cfg.Files, task)); err != nil {
		return fmt.Errorf("remove attachments: %w", err)
	}
	return nil
}

// SweepFiles removes files of messages that no daemon lived to accept. Files of
// accepted ones stay, also when the database has lost the message.
func (s *Service) SweepFiles(ctx context.Context) error {
	tasks, err := os.ReadDir(s.cfg.Files)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for left attachments: %w", err)
	}
	for _, t := range tasks {
		messages, err := os.ReadDir(filepath.Join(s.cfg.Files, t.Name()))
		if err != nil {
			return fmt.Errorf("look for left attachments: %w", err)
		}
		for _, m := range messages {
			if _, err := os.Stat(filepath.Join(s.filesDir(t.Name(), m.Name()), pendingFile)); err != nil {
				continue
			}
			err := s.cfg.Store.View(ctx, func(tx Tx) error {
				_, err := tx.Message(m.Name())
				return err
			})
			switch {
			case api.IsCode(err, api.CodeNotFound):
				s.dropFiles(t.Name(), m.Name())
			case err != nil:
				return err
			default:
				s.acceptFiles(t.Name(), m.Name())
			}
		}
	}
	return nil
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// suffix is a file name's ending where it is a plain one.
func suffix(name string) string {
	ext := strings.ToLower(filepath.Ext(name))
	if len(ext) < 2 || len(ext) > 10 || strings.Trim(ext[1:], "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}

// typeOf is a file's MIME type: of images and such by their content, of texts
// by their name.
func typeOf(name string, data []byte) string {
	for _, k := range []struct{ magic, kind string }{
		{"\x89PNG\r\n\x1a\n", "image/png"},
		{"\xff\xd8\xff", "image/jpeg"},
		{"GIF87a", "image/gif"},
		{"GIF89a", "image/gif"},
		{"%PDF-", "application/pdf"},
	} {
		if bytes.HasPrefix(data, []byte(k.magic)) {
			return k.kind
		}
	}
	if len(data) > 12 && bytes.HasPrefix(data, []byte("RIFF")) && string(data[8:12]) == "WEBP" {
		return "image/webp"
	}
	if !utf8.Valid(data) || slices.Contains(data, 0) {
		return "application/octet-stream"
	}
	texts := map[string]string{
		".md": "text/markdown", ".json": "application/json", ".html": "text/html", ".csv": "text/csv",
		".xml": "application/xml", ".yaml": "application/yaml", ".yml": "application/yaml", ".svg": "image/svg+xml",
	}
	if kind, ok := texts[suffix(name)]; ok {
		return kind
	}
	return "text/plain"
}
