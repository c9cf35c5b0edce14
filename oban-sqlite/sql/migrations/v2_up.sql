-- Version 2: finds unique jobs by their key. Plain jobs are not in this index, and a change of state does not touch it.
-- A meta that is no JSON would fail every statement that writes its row, hence the check.
CREATE INDEX IF NOT EXISTS oban_jobs_unique_key_index ON oban_jobs (iif(json_valid(meta), meta ->> 'unique_key', NULL), inserted_at)
WHERE iif(json_valid(meta), meta ->> 'unique_key', NULL) IS NOT NULL;
