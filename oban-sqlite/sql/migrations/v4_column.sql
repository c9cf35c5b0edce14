-- Version 4, first half: what unique jobs are unique by, NULL in all others. A copy of what their meta says, as an index
-- on the meta has to parse that of each job that is written.
ALTER TABLE oban_jobs ADD COLUMN unique_key TEXT;
