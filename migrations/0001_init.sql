-- Times are microseconds since 1970 in UTC, 0 or NULL for none. Columns that
-- hold a small struct are JSON.

CREATE TABLE workspaces (
	name       TEXT PRIMARY KEY,
	created_at INTEGER NOT NULL
) STRICT;

-- A removed repo keeps its row, because the tasks it had still name it.
CREATE TABLE repos (
	id             TEXT PRIMARY KEY,
	workspace      TEXT NOT NULL REFERENCES workspaces (name),
	name           TEXT NOT NULL,
	path           TEXT NOT NULL,
	git_dir        TEXT NOT NULL,
	remote         TEXT NOT NULL,
	default_branch TEXT NOT NULL,
	managed        INTEGER NOT NULL,
	state          TEXT NOT NULL,
	reason         TEXT NOT NULL,
	created_at     INTEGER NOT NULL,
	removed_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX repos_name ON repos (workspace, name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX repos_path ON repos (workspace, path) WHERE removed_at IS NULL AND path <> '';
CREATE INDEX repos_remote ON repos (workspace, remote) WHERE remote <> '';

CREATE TABLE tasks (
	id              TEXT PRIMARY KEY,
	workspace       TEXT NOT NULL REFERENCES workspaces (name),
	repo            TEXT NOT NULL REFERENCES repos (id),
	title           TEXT NOT NULL,
	prompt          TEXT NOT NULL,
	branch          TEXT NOT NULL,
	base            TEXT NOT NULL,
	named_base      INTEGER NOT NULL,
	base_commit     TEXT NOT NULL,
	parent          TEXT NOT NULL,
	stack_on        TEXT NOT NULL,
	explicit        INTEGER NOT NULL,
	agent           TEXT NOT NULL,
	provider        TEXT NOT NULL,
	permission      TEXT NOT NULL,
	check_command   TEXT NOT NULL,
	path            TEXT NOT NULL,
	env             TEXT,
	secrets         TEXT,
	lifecycle       TEXT NOT NULL,
	step            TEXT NOT NULL,
	reason          TEXT NOT NULL,
	session         TEXT NOT NULL,
	activity        TEXT NOT NULL,
	activity_reason TEXT NOT NULL,
	activity_since  INTEGER NOT NULL,
	turn_started_at INTEGER,
	result          TEXT,
	diff            TEXT,
	ahead           INTEGER,
	behind          INTEGER,
	version         INTEGER NOT NULL,
	created_at      INTEGER NOT NULL,
	updated_at      INTEGER NOT NULL,
	last_event      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tasks_created ON tasks (created_at DESC, id); -- the order of lists
CREATE INDEX tasks_repo ON tasks (repo);
-- Two live tasks never share a branch, whatever the case of its letters: some
-- file systems would let one ref overwrite the other.
CREATE UNIQUE INDEX tasks_live_branch ON tasks (repo, branch COLLATE NOCASE)
	WHERE branch <> '' AND lifecycle NOT IN ('archived', 'killed');

-- What a provider has to remember of a sandbox beyond its task's path.
CREATE TABLE sandboxes (
	task       TEXT PRIMARY KEY REFERENCES tasks (id),
	provider   TEXT NOT NULL,
	facts      TEXT,
	created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
	n          INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	task       TEXT NOT NULL REFERENCES tasks (id),
	agent      TEXT NOT NULL,
	dir        TEXT NOT NULL,
	acp_id     TEXT NOT NULL,
	activity   TEXT NOT NULL,
	reason     TEXT NOT NULL,
	since      INTEGER NOT NULL,
	holder_pid INTEGER NOT NULL,
	agent_pid  INTEGER NOT NULL,
	offset     INTEGER NOT NULL,
	snapshot   BLOB,
	exit       TEXT,
	created_at INTEGER NOT NULL,
	ended_at   INTEGER
) STRICT;
CREATE INDEX sessions_task ON sessions (task);
CREATE INDEX sessions_live ON sessions (n) WHERE ended_at IS NULL;

CREATE TABLE operations (
	n          INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	task       TEXT NOT NULL REFERENCES tasks (id),
	workspace  TEXT NOT NULL,
	kind       TEXT NOT NULL,
	state      TEXT NOT NULL,
	error      TEXT,
	args       TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX operations_task ON operations (task, n);
CREATE UNIQUE INDEX operations_live ON operations (task) WHERE state IN ('pending', 'running');

CREATE TABLE steps (
	operation  TEXT NOT NULL REFERENCES operations (id),
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

CREATE TABLE events (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	time      INTEGER NOT NULL,
	kind      TEXT NOT NULL,
	workspace TEXT NOT NULL,
	task      TEXT NOT NULL,
	data      TEXT
) STRICT;
CREATE INDEX events_task ON events (task, seq);

CREATE TABLE branches (
	repo          TEXT NOT NULL REFERENCES repos (id),
	name          TEXT NOT NULL,
	task          TEXT NOT NULL,
	base          TEXT NOT NULL,
	head          TEXT NOT NULL,
	upstream      TEXT NOT NULL,
	ahead         INTEGER,
	behind        INTEGER,
	needs_restack INTEGER,
	observed_at   INTEGER NOT NULL,
	PRIMARY KEY (repo, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE pull_requests (
	repo        TEXT NOT NULL REFERENCES repos (id),
	number      INTEGER NOT NULL,
	branch      TEXT NOT NULL,
	url         TEXT NOT NULL,
	state       TEXT NOT NULL,
	checks      TEXT NOT NULL,
	review      TEXT NOT NULL,
	observed_at INTEGER NOT NULL,
	PRIMARY KEY (repo, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pull_requests_branch ON pull_requests (repo, branch);

CREATE TABLE messages (
	n            INTEGER PRIMARY KEY,
	id           TEXT NOT NULL UNIQUE,
	task         TEXT NOT NULL REFERENCES tasks (id),
	session      TEXT NOT NULL,
	text         TEXT NOT NULL,
	state        TEXT NOT NULL,
	stop_reason  TEXT NOT NULL,
	error        TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	delivered_at INTEGER,
	ended_at     INTEGER
) STRICT;
CREATE INDEX messages_task ON messages (task, n);
CREATE INDEX messages_waiting ON messages (task, n) WHERE state IN ('accepted', 'queued');

-- A permission's id is short, so that a person can type it, and unique only
-- in its session.
CREATE TABLE permissions (
	n           INTEGER PRIMARY KEY,
	session     TEXT NOT NULL REFERENCES sessions (id),
	id          TEXT NOT NULL,
	task        TEXT NOT NULL REFERENCES tasks (id),
	state       TEXT NOT NULL,
	title       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	command     TEXT NOT NULL,
	paths       TEXT,
	diff        TEXT NOT NULL,
	options     TEXT,
	answer      TEXT NOT NULL,
	created_at  INTEGER NOT NULL,
	resolved_at INTEGER,
	UNIQUE (session, id)
) STRICT;
CREATE INDEX permissions_task ON permissions (task, n);
CREATE INDEX permissions_id ON permissions (id);
CREATE INDEX permissions_open ON permissions (task, n) WHERE state = 'open';

-- The answers of mutating requests, each stored with the effect it answers.
CREATE TABLE requests (
	id         TEXT PRIMARY KEY,
	response   BLOB NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_created ON requests (created_at);

CREATE TABLE settings (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The contents of repositories' own commands that the user allowed.
CREATE TABLE trusted (
	repo       TEXT NOT NULL,
	hash       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (repo, hash)
) STRICT, WITHOUT ROWID;
