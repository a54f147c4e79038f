-- What the agent of a task is told to use, "" for its own choice; when a task
-- was parked or ended, so that what is kept of it can be freed in time.
ALTER TABLE tasks ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN mode TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN ended_at INTEGER;
-- Files that go with a message: JSON, see session.Attachment.
ALTER TABLE messages ADD COLUMN attachments TEXT;
-- Why a repo could not be cloned, with its code and hint: JSON, see api.Error.
ALTER TABLE repos ADD COLUMN failure TEXT;
-- What the sandbox of a task is called by, whatever its title becomes; "" where
-- that is still the first one.
ALTER TABLE tasks ADD COLUMN slug TEXT NOT NULL DEFAULT '';
-- Who ended a permission request; the history of one workspace.
ALTER TABLE permissions ADD COLUMN resolved_by TEXT NOT NULL DEFAULT '';
CREATE INDEX events_workspace ON events (workspace, seq);
-- What an agent asks, where the request is a question: JSON, see api.Question.
ALTER TABLE permissions ADD COLUMN question TEXT;
-- What of a task's sandbox was not there when hf last looked, "" for nothing.
ALTER TABLE tasks ADD COLUMN missing TEXT NOT NULL DEFAULT '';
