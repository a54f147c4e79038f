-- An operation is on a task or, where it moves branches of several, on a repo.
-- What refers to the table goes first, so that no row is without its parent.
CREATE TABLE operations_new (
	n          INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	task       TEXT REFERENCES tasks (id),
	repo       TEXT REFERENCES repos (id),
	workspace  TEXT NOT NULL,
	kind       TEXT NOT NULL,
	state      TEXT NOT NULL,
	error      TEXT,
	args       TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO operations_new (n, id, task, workspace, kind, state, error, args, created_at, updated_at)
	SELECT n, id, task, workspace, kind, state, error, args, created_at, updated_at FROM operations;
CREATE TABLE steps_new (
	operation  TEXT NOT NULL REFERENCES operations_new (id),
	position   INTEGER NOT NULL,
	name       TEXT NOT NULL,
	state      TEXT NOT NULL,
	detail     TEXT NOT NULL,
	log        TEXT NOT NULL,
	result     TEXT,
	started_at INTEGER,
	ended_at   INTEGER,
	limit_us   INTEGER NOT NULL,
	PRIMARY KEY (operation, name)
) STRICT, WITHOUT ROWID;
INSERT INTO steps_new SELECT operation, position, name, state, detail, log, result, started_at, ended_at, limit_us FROM steps;
DROP TABLE steps;
DROP TABLE operations;
ALTER TABLE operations_new RENAME TO operations;
ALTER TABLE steps_new RENAME TO steps;
CREATE INDEX operations_task ON operations (task, n);
CREATE INDEX operations_repo ON operations (repo, n) WHERE repo IS NOT NULL;
CREATE UNIQUE INDEX operations_live ON operations (task) WHERE state IN ('pending', 'running');

-- What lists show of a task's branch and its pull request, projected from
-- branches and pull_requests.
ALTER TABLE tasks ADD COLUMN needs_restack INTEGER;
ALTER TABLE tasks ADD COLUMN unpushed INTEGER;
ALTER TABLE tasks ADD COLUMN conflicts TEXT; -- JSON: see api.Conflict
ALTER TABLE tasks ADD COLUMN pull_request TEXT; -- JSON: see api.PullRequestSummary
ALTER TABLE tasks ADD COLUMN stack_note TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN rebase TEXT; -- JSON: see api.StoppedRebase

-- What hf saw of the branches of a repo. Nothing wrote the first form of this
-- table and of the next.
DROP TABLE branches;
CREATE TABLE branches (
	repo          TEXT NOT NULL REFERENCES repos (id),
	name          TEXT NOT NULL,
	task          TEXT NOT NULL, -- the live one, or ''
	base          TEXT NOT NULL, -- the branch it stands on
	head          TEXT NOT NULL,
	base_head     TEXT NOT NULL,
	tracked       INTEGER NOT NULL, -- by git-spice
	upstream      TEXT NOT NULL,
	ahead         INTEGER,
	behind        INTEGER,
	unpushed      INTEGER,
	needs_restack INTEGER,
	diff          TEXT, -- JSON: see api.DiffStat
	conflicts     TEXT, -- JSON: see api.Conflict
	committed_at  INTEGER,
	observed_at   INTEGER NOT NULL,
	PRIMARY KEY (repo, name)
) STRICT, WITHOUT ROWID;

DROP TABLE pull_requests;
CREATE TABLE pull_requests (
	repo        TEXT NOT NULL REFERENCES repos (id),
	number      INTEGER NOT NULL,
	task        TEXT NOT NULL, -- '' for one that is no task's
	branch      TEXT NOT NULL,
	state       TEXT NOT NULL,
	facts       TEXT NOT NULL, -- JSON: see api.PullRequest
	updated_at  INTEGER NOT NULL, -- on the forge
	observed_at INTEGER NOT NULL,
	PRIMARY KEY (repo, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pull_requests_branch ON pull_requests (repo, branch);

-- How looking at a repo's pull requests went: JSON, see api.ForgePoll.
CREATE TABLE forge_polls (
	repo  TEXT PRIMARY KEY REFERENCES repos (id),
	facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The commits of remote branches that hf itself saw or put there: what somebody
-- else pushed since is never overwritten.
CREATE TABLE remote_branches (
	repo       TEXT NOT NULL REFERENCES repos (id),
	remote     TEXT NOT NULL,
	branch     TEXT NOT NULL,
	seen       TEXT NOT NULL, -- accepted as the branch's state, '' for not there
	pushed     TEXT NOT NULL, -- by hf, last; '' for never
	updated_at INTEGER NOT NULL,
	PRIMARY KEY (repo, remote, branch)
) STRICT, WITHOUT ROWID;

-- Actions on stacks: how everything was before, so that they can be undone, and
-- where they stopped.
CREATE TABLE stack_actions (
	n          INTEGER PRIMARY KEY,
	operation  TEXT NOT NULL UNIQUE REFERENCES operations (id),
	repo       TEXT NOT NULL REFERENCES repos (id),
	kind       TEXT NOT NULL,
	state      TEXT NOT NULL, -- running, stopped, done, failed, aborted, undone
	snapshot   TEXT, -- JSON: the refs before
	report     TEXT, -- JSON: see api.StackReport
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX stack_actions_repo ON stack_actions (repo, n);

-- An action moves the branches of several tasks: it is part of the history of each.
CREATE INDEX events_stack ON events (seq) WHERE kind IN ('stack.done', 'stack.stopped', 'stack.undone');

-- What was sent to agents to mend: each failure once, and only so often.
CREATE TABLE fixes (
	task       TEXT NOT NULL REFERENCES tasks (id),
	kind       TEXT NOT NULL, -- ci, reviews, conflicts
	signature  TEXT NOT NULL,
	round      INTEGER NOT NULL,
	auto       INTEGER NOT NULL,
	message    TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (task, kind, signature)
) STRICT, WITHOUT ROWID;
