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
COMMENT ON TABLE {prefix}.oban_producers IS 'oban-rs 2';
