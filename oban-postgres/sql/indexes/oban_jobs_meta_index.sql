-- Oban's own, for Oban Web and unique jobs of Elixir.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_meta_index
  ON {prefix}.oban_jobs USING gin (meta);
