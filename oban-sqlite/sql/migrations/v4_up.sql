-- Version 4, then: the keys of stored jobs, and an index of unique jobs by key, state and times. The first statement finds
-- them by the index of version 2.
--
-- The key stays in meta, where people and other engines see it. An index of what is in meta made SQLite read the meta of
-- each plain job too, once for each time it was written. The states come before the times, so that a job that is to be
-- the only unfinished one does not read the finished ones. Not a unique index: states and periods differ from job to
-- job, and no retry may fail for a duplicate.
UPDATE oban_jobs
SET unique_key = meta ->> 'unique_key'
WHERE iif(json_valid(meta), meta ->> 'unique_key', NULL) IS NOT NULL AND unique_key IS NULL;

DROP INDEX IF EXISTS oban_jobs_unique_key_index;

CREATE INDEX oban_jobs_unique_key_index ON oban_jobs (unique_key, state, inserted_at, scheduled_at)
WHERE unique_key IS NOT NULL;
