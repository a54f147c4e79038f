package store

import (
	"fmt"
	"math"

	"github.com/hf-dev/hf/internal/task"
)

// messageShown is how much of a message the history needs, in letters.
const messageShown = "200"

var historyTable = newTable("events LEFT JOIN tasks ON tasks.id = events.task", []string{"seq"}, "",
	func(e *task.HistoryEvent) []column { return eventColumns(&e.Event) },
	func(e *task.HistoryEvent) []column {
		return []column{
			{"coalesce(tasks.title, '')", &e.Title},
			{"coalesce(tasks.branch, '')", &e.Branch},
			{`coalesce(CASE WHEN events.kind IN ('message.state', 'turn.started') THEN
				(SELECT substr(text, 1, ` + messageShown + `) FROM messages WHERE id = json_extract(events.data, '$.id')) END, '')`, &e.Message},
		}
	})

// notable is the condition for events that mean something to a person: not
// those that only move a progress bar, and not those that say again what
// another one says, such as a step of work on a repo that is no task's.
const notable = ` AND kind NOT IN ('step.started', 'step.progress', 'branches.changed')
	AND NOT (kind = 'message.state' AND json_extract(data, '$.state') IN ('delivered', 'done'))
	AND NOT (kind IN ('task.changed', 'session.activity') AND json_extract(data, '$.was') IS json_extract(data, '$.status'))
	AND NOT (kind = 'repo.changed' AND json_extract(data, '$.progress') IS NOT NULL)
	AND NOT (kind IN ('pull_request.changed', 'step.done') AND task = '')
	AND kind <> 'branches.changed'`

// The events of a task, those of actions on stacks that moved its branch
// included, of a branch, or of a workspace and of none. Each comes from an index
// in the order of seq, so that a limit ends the search.
const (
	between       = ` AND seq > ?1 AND seq < ?2` + notable
	historyOfTask = `SELECT seq FROM (
		SELECT seq FROM (SELECT seq FROM events WHERE task = ?4` + between + ` ORDER BY seq %[1]s LIMIT ?3)
		UNION ALL
		SELECT seq FROM (SELECT seq FROM events WHERE kind IN ('stack.done', 'stack.stopped', 'stack.undone') AND task <> ?4
			AND EXISTS (SELECT 1 FROM json_each(data, '$.report.branches') WHERE json_extract(value, '$.task') = ?4 AND json_extract(value, '$.outcome') <> 'up_to_date')
			AND seq > ?1 AND seq < ?2 ORDER BY seq %[1]s LIMIT ?3)
		) ORDER BY seq %[1]s LIMIT ?3`
	historyOfBranch = `SELECT seq FROM events WHERE task IN (SELECT id FROM tasks WHERE workspace = ?4 AND branch = ?5 AND (?6 = '' OR id = ?6))` +
		between + ` ORDER BY seq %[1]s LIMIT ?3`
	historyOfWorkspace = `SELECT seq FROM (
		SELECT seq FROM (SELECT seq FROM events WHERE workspace = ?4` + between + ` ORDER BY seq %[1]s LIMIT ?3)
		UNION ALL
		SELECT seq FROM (SELECT seq FROM events WHERE workspace = ''` + between + ` ORDER BY seq %[1]s LIMIT ?3)
		) ORDER BY seq %[1]s LIMIT ?3`
)

// History returns events that mean something to a person, oldest first.
func (tx *Tx) History(f task.HistoryFilter) ([]task.HistoryEvent, error) {
	args := []any{f.After, f.Before, f.Limit}
	if f.Before == 0 {
		args[1] = int64(math.MaxInt64)
	}
	var which string
	switch {
	case f.Branch != "":
		which, args = historyOfBranch, append(args, f.Workspace, f.Branch, f.Task)
	case f.Task != "":
		which, args = historyOfTask, append(args, f.Task)
	default:
		which, args = historyOfWorkspace, append(args, f.Workspace)
	}
	direction := "ASC"
	if f.Newest {
		direction = "DESC"
	}
	events, err := historyTable.all(tx, `WHERE events.seq IN (`+fmt.Sprintf(which, direction)+`) ORDER BY events.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return events, nil
}
