-- Oban's own, for nearly everything.
CREATE INDEX {concurrently} IF NOT EXISTS oban_jobs_state_queue_priority_scheduled_at_id_index
  ON {prefix}.oban_jobs (state, queue, priority, scheduled_at, id);
