-- Version 1: jobs, producers, peers, notifications. Each step can be run again.
--
-- Times are text of 27 characters, 2026-11-23T20:43:13.123456Z, so that they sort as text. A job is in one
-- index besides its primary key: the partial one of its state; while it is retryable, in two. AUTOINCREMENT,
-- because an id that was pruned must never name another job. The states are compared one by one, the most
-- frequent first: for an IN of so many SQLite builds a table in memory with every row it checks.

CREATE TABLE IF NOT EXISTS oban_jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL DEFAULT 'available',
  queue TEXT NOT NULL DEFAULT 'default',
  worker TEXT NOT NULL,
  args TEXT NOT NULL DEFAULT '{}',
  meta TEXT NOT NULL DEFAULT '{}',
  tags TEXT NOT NULL DEFAULT '[]',
  errors TEXT NOT NULL DEFAULT '[]',
  attempt INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL DEFAULT 20,
  priority INTEGER NOT NULL DEFAULT 0,
  attempted_by TEXT NOT NULL DEFAULT '[]',
  inserted_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  scheduled_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  attempted_at TEXT,
  completed_at TEXT,
  cancelled_at TEXT,
  discarded_at TEXT,
  CONSTRAINT known_state CHECK (
    state = 'completed' OR state = 'executing' OR state = 'available' OR state = 'scheduled' OR state = 'retryable'
    OR state = 'discarded' OR state = 'cancelled' OR state = 'suspended'
  ),
  CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
  CONSTRAINT worker_length CHECK (length(worker) > 0 AND length(worker) < 128),
  CONSTRAINT attempt_range CHECK (attempt BETWEEN 0 AND max_attempts),
  CONSTRAINT positive_max_attempts CHECK (max_attempts > 0),
  CONSTRAINT non_negative_priority CHECK (priority >= 0),
  CONSTRAINT valid_args CHECK (json_valid(args)),
  CONSTRAINT valid_meta CHECK (json_valid(meta)),
  CONSTRAINT valid_tags CHECK (json_valid(tags)),
  CONSTRAINT valid_errors CHECK (json_valid(errors)),
  CONSTRAINT valid_attempted_by CHECK (json_valid(attempted_by))
);

CREATE INDEX IF NOT EXISTS oban_jobs_suspended_index ON oban_jobs (id) WHERE state = 'suspended';
CREATE INDEX IF NOT EXISTS oban_jobs_staging_index ON oban_jobs (scheduled_at, id) WHERE state IN ('scheduled', 'retryable');
CREATE INDEX IF NOT EXISTS oban_jobs_available_index ON oban_jobs (queue, priority, scheduled_at, id) WHERE state = 'available';
CREATE INDEX IF NOT EXISTS oban_jobs_executing_index ON oban_jobs (attempted_at, id) WHERE state = 'executing';
CREATE INDEX IF NOT EXISTS oban_jobs_completed_index ON oban_jobs (completed_at, id) WHERE state = 'completed';
CREATE INDEX IF NOT EXISTS oban_jobs_cancelled_index ON oban_jobs (cancelled_at, id) WHERE state = 'cancelled';
CREATE INDEX IF NOT EXISTS oban_jobs_discarded_index ON oban_jobs (discarded_at, id) WHERE state = 'discarded';

-- For selecting and counting: the retryable among a million scheduled jobs.
CREATE INDEX IF NOT EXISTS oban_jobs_retryable_index ON oban_jobs (scheduled_at, id) WHERE state = 'retryable';

-- Nearly always empty: finds the jobs a fetch skips without reading the backlog.
CREATE INDEX IF NOT EXISTS oban_jobs_exhausted_index ON oban_jobs (id) WHERE state = 'available' AND attempt >= max_attempts;

CREATE TABLE IF NOT EXISTS oban_producers (
  uuid TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  node TEXT NOT NULL,
  queue TEXT NOT NULL,
  meta TEXT NOT NULL DEFAULT '{}',
  started_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS oban_peers (
  name TEXT PRIMARY KEY,
  node TEXT NOT NULL,
  uuid TEXT NOT NULL,
  started_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

-- Readers go on from the last id they saw. Ids rise although they are not AUTOINCREMENT, because the newest
-- rows always stay.
CREATE TABLE IF NOT EXISTS oban_notifications (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  payload TEXT NOT NULL
);

-- Not PRAGMA user_version: the file may be the application's own, and so may be its pragma.
CREATE TABLE IF NOT EXISTS oban_schema (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL
);
