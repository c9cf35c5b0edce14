-- Finishes one execution in any way, if the row still is that execution.
-- Index: INTEGER PRIMARY KEY
--
-- :scheduled_at, :error, :meta and :counter are NULL when the outcome leaves them alone. :meta never holds
-- null or nested values, so json_patch merges its keys as they are. Broken JSON of another writer is replaced: it
-- would fail the whole batch, now and at every retry.
UPDATE oban_jobs
SET state = :state,
    attempt = attempt - :refund,
    scheduled_at = coalesce(:scheduled_at, scheduled_at),
    completed_at = iif(:state = 'completed', :now, completed_at),
    discarded_at = iif(:state = 'discarded', :now, discarded_at),
    cancelled_at = iif(:state = 'cancelled', :now, cancelled_at),
    errors = CASE
      WHEN NOT json_valid(errors) THEN iif(:error IS NULL, '[]', json_array(json(:error)))
      WHEN :error IS NOT NULL THEN json_insert(errors, '$[#]', json(:error))
      ELSE errors
    END,
    meta = CASE
      WHEN NOT json_valid(meta) THEN coalesce(:meta, iif(:counter IS NULL, '{}', json_object(:counter, 1)))
      WHEN :meta IS NOT NULL THEN json_patch(meta, :meta)
      WHEN :counter IS NOT NULL THEN json_set(
        meta,
        '$.' || :counter,
        1 + iif(json_type(meta, '$.' || :counter) = 'integer', meta ->> :counter, 0)
      )
      ELSE meta
    END
WHERE id = :id AND state = 'executing' AND attempt = :attempt AND attempted_at IS :attempted_at
RETURNING queue
