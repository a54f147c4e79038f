package store

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/hf-dev/hf/migrations"
)

// upTo is the real schema as it was after so many files.
func upTo(t *testing.T, n int) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names[:n] {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// Operations that a database of the second version holds are there after the
// table was made anew, with their steps, and what refers to what still holds.
func TestOperationsOutliveTheirNewTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hf.db")
	s, err := open(t.Context(), path, Options{}, upTo(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error {
		_, err := tx.exec(`
			INSERT INTO workspaces VALUES ('w', 1);
			INSERT INTO repos VALUES ('r', 'w', 'repo', '', '', '', '', 0, 'ready', '', 1, NULL, NULL);
			INSERT INTO tasks (id, workspace, repo, title, prompt, branch, base, named_base, base_commit, parent, stack_on, explicit,
				agent, provider, permission, check_command, path, lifecycle, step, reason, session, activity, activity_reason,
				activity_since, version, created_at, updated_at)
			VALUES ('a', 'w', 'r', '', '', '', '', 0, '', '', '', 0, '', '', '', '', '', 'provisioning', '', '', '', '', '', 0, 1, 1, 1);
			INSERT INTO operations VALUES (7, 'op', 'a', 'w', 'create', 'running', NULL, '{"x":1}', 1, 1);
			INSERT INTO steps VALUES ('op', 0, 'name', 'done', 'd', '', '{"branch":"b"}', 1, 2, 0), ('op', 1, 'branch', 'started', '', '', NULL, 3, NULL, 5);`)
		return err
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openAt(t, path)
	defer func() { _ = s.Close() }()
	view(t, s, func(tx *Tx) error {
		op, err := tx.LiveOperation("a")
		if err != nil {
			return err
		}
		if op == nil || op.ID != "op" || op.Task != "a" || op.Repo != "" || string(op.Args) != `{"x":1}` ||
			len(op.Steps) != 2 || op.Steps[0].Detail != "d" || string(op.Steps[0].Result) != `{"branch":"b"}` || op.Steps[1].Limit != 5000 {
			t.Errorf("the operation is %+v", op)
		}
		return nil
	})
	update(t, s, func(tx *Tx) error {
		rows, err := tx.conn.query(tx.ctx, `PRAGMA foreign_key_check`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		if rows.Next() {
			t.Error("a row refers to one that is not there")
		}
		return rows.Err()
	})
	// The step of an operation that is not there is refused, as before.
	err = s.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO steps VALUES ('none', 0, 'n', '', '', '', NULL, NULL, NULL, 0)`)
		return err
	})
	if err == nil {
		t.Error("a step without an operation was stored")
	}
}
