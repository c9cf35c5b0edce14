-- Registrations of producers, with the columns Oban for Python gives them.
-- Logged, unlike Python's: after a crash of the server the producers that live must not look unregistered.
CREATE TABLE IF NOT EXISTS {prefix}.oban_producers (
  uuid uuid PRIMARY KEY,
  name text NOT NULL DEFAULT 'oban',
  node text NOT NULL,
  queue text NOT NULL,
  meta jsonb NOT NULL DEFAULT '{}',
  started_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
  updated_at timestamp NOT NULL DEFAULT timezone('UTC', now())
);
ALTER TABLE {prefix}.oban_producers SET LOGGED;
-- The minutes of cron entries, each once: its key decides which node inserts a minute's job. Since version 3.
CREATE TABLE IF NOT EXISTS {prefix}.oban_cron_runs (
  instance text NOT NULL,
  name text NOT NULL,
  minute timestamp NOT NULL,
  schedule text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('begun', 'inserted', 'missed')),
  PRIMARY KEY (instance, name, minute)
);
-- Last, so that an interrupted migration goes on where it was.
COMMENT ON TABLE {prefix}.oban_producers IS 'oban-rs 3';
