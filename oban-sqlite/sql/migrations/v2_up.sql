-- Version 2: finds unique jobs by their key. Plain jobs are not in this index, and a change of state does not touch it.
CREATE INDEX IF NOT EXISTS oban_jobs_unique_key_index ON oban_jobs (meta ->> 'unique_key', inserted_at)
WHERE meta ->> 'unique_key' IS NOT NULL;
