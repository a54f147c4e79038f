package task

import (
	"cmp"
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// maxTitle bounds a title that somebody gives, in letters.
const maxTitle = 200

// CheckTitle says what is wrong with a title, if anything is.
func CheckTitle(title string) error {
	switch {
	case strings.TrimSpace(title) == "":
		return invalid("the title is empty")
	case !utf8.ValidString(title):
		return invalid("the title is not valid UTF-8")
	case strings.ContainsFunc(title, unicode.IsControl):
		return invalid("the title has control characters in it: it is one line of text")
	case utf8.RuneCountInString(title) > maxTitle:
		return invalid("the title has %d letters, more than %d", utf8.RuneCountInString(title), maxTitle)
	}
	return nil
}

// noSlug is the slug of a title that has no letter to make one of.
const noSlug = "-"

// slug is what the task's sandbox is called by. It is that of the first title,
// however often the task is renamed: the name must lead to the same place for
// every operation, and after every crash.
func (t *Task) slug() string { return cmp.Or(t.Slug, git.Slug(t.Title), noSlug) }

// Rename gives a task another title. Whatever was named after the old one keeps
// its name: the branch, the directory. A task that has ended can be renamed,
// too: the title is for people.
func (s *Service) Rename(ctx context.Context, request, id string, in api.RenameTask) (Receipt, error) {
	in.Title = strings.TrimSpace(in.Title)
	if err := CheckTitle(in.Title); err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		if r, ok, err := replayed(tx, request); ok || err != nil {
			receipt = r
			return err
		}
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if receipt.Seq, err = tx.LastSeq(); err != nil {
			return err
		}
		if was := t.Title; was != in.Title {
			t.Slug, t.Title = t.slug(), in.Title
			if err := tx.PutTask(t); err != nil {
				return err
			}
			receipt.Seq, err = tx.Event(api.EventTaskRenamed, t.Workspace, t.ID, api.TaskRename{From: was, To: t.Title})
			if err != nil {
				return err
			}
		}
		receipt.Task = *t
		return remember(tx, request, receipt)
	})
	if err != nil {
		return Receipt{}, err
	}
	return receipt, nil
}
