package crash

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// facts is what the database says, at one moment.
type facts struct {
	repos    map[string]string // git directories by id, of those that are ready
	tasks    []task
	messages []message
	sessions []sessionRow
	live     []string // operations that are yet to end
	answered []string // permission requests whose answer the agent has not got
	events   int
	oldest   int // number of an event
	newest   int
}

type task struct {
	id, repo, branch, path, lifecycle, step, reason, session, activity, branchStep string
}

type message struct{ id, task, session, text, state, err string }

type sessionRow struct {
	id, task, dir, activity string
	holder                  int
	ended                   bool
}

// look looks into the database from outside, as anybody may who only reads.
func (m *machine) look(ask func(tx *sql.Tx)) {
	db := must(sql.Open("sqlite", "file:"+filepath.Join(m.state(), "hf.db")+"?mode=ro&_pragma=busy_timeout(5000)"))
	defer db.Close()
	tx := must(db.BeginTx(context.Background(), nil))
	defer func() { _ = tx.Rollback() }()
	ask(tx)
}

func (m *machine) read() (f facts) {
	m.look(func(tx *sql.Tx) {
		var total int
		must(0, tx.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&total))
		if total > 0 { // else nobody has written to it yet
			f = readFacts(tx)
		}
	})
	return f
}

// checkDatabase: it is whole.
func (m *machine) checkDatabase() {
	m.look(func(tx *sql.Tx) {
		var damage string
		must(0, tx.QueryRow(`PRAGMA quick_check(1)`).Scan(&damage))
		query(tx, `PRAGMA foreign_key_check`, func(func(...any)) { damage += ", a row refers to none" })
		if damage != "ok" {
			fail("the database is damaged: %s", damage)
		}
	})
}

func readFacts(tx *sql.Tx) (f facts) {
	f.repos = map[string]string{}
	query(tx, `SELECT id, git_dir FROM repos WHERE state = 'ready' AND removed_at IS NULL`, func(scan func(...any)) {
		var id, dir string
		scan(&id, &dir)
		f.repos[id] = dir
	})
	query(tx, `SELECT t.id, repo, branch, path, t.lifecycle, step, t.reason, session, activity,
		coalesce((SELECT s.state FROM steps s JOIN operations o ON o.id = s.operation WHERE o.task = t.id AND s.name = 'branch'), '')
		FROM tasks t ORDER BY created_at`, func(scan func(...any)) {
		var t task
		scan(&t.id, &t.repo, &t.branch, &t.path, &t.lifecycle, &t.step, &t.reason, &t.session, &t.activity, &t.branchStep)
		f.tasks = append(f.tasks, t)
	})
	query(tx, `SELECT id, task, session, text, state, error FROM messages ORDER BY n`, func(scan func(...any)) {
		var v message
		scan(&v.id, &v.task, &v.session, &v.text, &v.state, &v.err)
		f.messages = append(f.messages, v)
	})
	query(tx, `SELECT id, task, dir, activity, holder_pid, ended_at IS NOT NULL FROM sessions ORDER BY n`, func(scan func(...any)) {
		var s sessionRow
		scan(&s.id, &s.task, &s.dir, &s.activity, &s.holder, &s.ended)
		f.sessions = append(f.sessions, s)
	})
	query(tx, `SELECT kind || ' of ' || coalesce(task, repo) || ' ' || state FROM operations WHERE state IN ('pending', 'running')`, func(scan func(...any)) {
		var op string
		scan(&op)
		f.live = append(f.live, op)
	})
	query(tx, `SELECT id FROM permissions WHERE state = 'answered'`, func(scan func(...any)) {
		var id string
		scan(&id)
		f.answered = append(f.answered, id)
	})
	must(0, tx.QueryRow(`SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM events`).Scan(&f.events, &f.oldest, &f.newest))
	return f
}

func query(tx *sql.Tx, text string, each func(scan func(...any))) {
	rows, err := tx.QueryContext(context.Background(), text) //nolint:sqlclosecheck // fail does not return
	if err != nil {
		fail("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		each(func(dest ...any) { must(0, rows.Scan(dest...)) })
	}
	if err := rows.Err(); err != nil {
		fail("%s: %v", text, err)
	}
}

func (f *facts) task(id string) task {
	i := slices.IndexFunc(f.tasks, func(t task) bool { return t.id == id })
	if i < 0 {
		return task{}
	}
	return f.tasks[i]
}

// unsettled says what still goes on, "" when everything has come to rest.
func (f *facts) unsettled() string {
	if len(f.live) > 0 {
		return fmt.Sprintf("operations in progress: %q", f.live)
	}
	if len(f.answered) > 0 {
		return fmt.Sprintf("permission requests with an answer that is on its way: %q", f.answered)
	}
	for _, t := range f.tasks {
		switch t.activity {
		case "starting", "unknown", "working":
			if t.lifecycle != "killed" && t.lifecycle != "archived" && t.lifecycle != "error" && !f.busy(t) {
				return fmt.Sprintf("the agent of task %s is %s", t.id, t.activity)
			}
		}
		if t.lifecycle == "queued" || t.lifecycle == "provisioning" {
			return fmt.Sprintf("task %s is %s", t.id, t.lifecycle)
		}
	}
	for _, v := range f.messages {
		if (v.state == "accepted" || v.state == "queued") && f.task(v.task).lifecycle != "error" {
			return fmt.Sprintf("message %s (%q) is %s", v.id, v.text, v.state)
		}
	}
	return ""
}

// busy reports whether a task's agent was told to be busy for ever.
func (f *facts) busy(t task) bool {
	last := ""
	for _, v := range f.messages {
		if v.task == t.id && v.state == "delivered" {
			last = v.text
		}
	}
	return last != "" && isBusy(last)
}
