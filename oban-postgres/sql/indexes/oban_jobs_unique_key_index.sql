-- For unique jobs: by their keys, compared byte by byte. Others are not in it. Oban Pro has an index on a key of its own,
-- and a name like this.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_unique_key_index
  ON {prefix}.oban_jobs ((meta ->> 'unique_key') COLLATE "C", state, inserted_at)
  WHERE meta ->> 'unique_key' IS NOT NULL;
