-- Version 4, second half: finds unique jobs by key, state and time. Others are not in this index.
UPDATE oban_jobs SET unique_key = meta ->> 'unique_key'
WHERE iif(json_valid(meta), meta ->> 'unique_key', NULL) IS NOT NULL;
DROP INDEX IF EXISTS oban_jobs_unique_key_index;
CREATE INDEX oban_jobs_unique_key_index ON oban_jobs (unique_key, state, inserted_at)
WHERE unique_key IS NOT NULL;
