-- Undoes version 4, back to the index of version 2.
DROP INDEX IF EXISTS oban_jobs_unique_key_index;
ALTER TABLE oban_jobs DROP COLUMN unique_key;
CREATE INDEX IF NOT EXISTS oban_jobs_unique_key_index ON oban_jobs (iif(json_valid(meta), meta ->> 'unique_key', NULL), inserted_at)
WHERE iif(json_valid(meta), meta ->> 'unique_key', NULL) IS NOT NULL;
