-- Names have 1 to 127 characters.
ALTER TABLE {prefix}.oban_jobs
  DROP CONSTRAINT IF EXISTS worker_length,
  DROP CONSTRAINT IF EXISTS queue_length,
  ADD CONSTRAINT worker_length CHECK (char_length(worker) > 0 AND char_length(worker) < 128),
  ADD CONSTRAINT queue_length CHECK (char_length(queue) > 0 AND char_length(queue) < 128);
