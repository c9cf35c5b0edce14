-- Version 3: the minutes of cron entries, each once: its key decides which node inserts a minute's job.

CREATE TABLE IF NOT EXISTS oban_cron_runs (
  instance TEXT NOT NULL,
  name TEXT NOT NULL,
  minute TEXT NOT NULL,
  schedule TEXT NOT NULL,
  outcome TEXT NOT NULL,
  CONSTRAINT known_outcome CHECK (outcome IN ('begun', 'inserted', 'missed')),
  PRIMARY KEY (instance, name, minute)
) WITHOUT ROWID;
